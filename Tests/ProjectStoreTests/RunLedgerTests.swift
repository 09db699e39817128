import Foundation
import GRDB
import Testing

@testable import ProjectStore

/// What is read bit by bit is what reading all of it gives.
@Suite struct RunLedgerTests {
  private let project = Result { try TemporaryProject() }

  @Test func onlyChangesAreReadAndTold() throws {
    let project = try project.get()
    let store = project.store
    var ledger = RunLedger()
    #expect(try ledger.read(store), "the first reading is news, even of nothing")
    #expect(try !ledger.read(store))
    let ids = try (0..<5).map { try project.run(name: "run \($0)").id }
    #expect(try ledger.read(store) && ledger.runs == store.runs())
    #expect(try !ledger.read(store))

    let other = try project.another()
    try other.updateRun(ids[2]) { $0.step = 7 }
    #expect(try ledger.read(store) && ledger.runs.map(\.step) == [0, 0, 7, 0, 0])
    try other.updateRun(ids[1]) { $0.trainLoss = .nan }
    #expect(try ledger.read(store))
    #expect(try !ledger.read(store), "a loss that is unequal to itself is no change")
    try other.updateRun(ids[1]) { $0.trainLoss = 1 }

    try other.edit([RunEdit(ids[3], .pinned(true)), RunEdit(ids[0], .deleted(true))])
    #expect(try ledger.read(store) && ledger.runs == store.runs() && ledger.runs.count == 4)
    try other.edit([RunEdit(ids[0], .deleted(false))])
    #expect(try ledger.read(store) && ledger.runs == store.runs() && ledger.runs.count == 5)
    // Gone between two readings, without a trace.
    try other.edit([RunEdit(ids[4], .deleted(true))])
    try other.purgeDeletedRuns(before: .distantFuture)
    #expect(try ledger.read(store) && ledger.runs == store.runs() && ledger.runs.count == 4)
    try other.edit([RunEdit(ids[4 - 1], .deleted(true))])
    try other.purgeDeletedRuns(before: .distantFuture)
    let newer = try project.run(name: "in its place")
    #expect(try ledger.read(store) && ledger.runs == store.runs() && ledger.runs[0].id == newer.id)
    #expect(try !ledger.read(store))
  }

  @Test func crashesAreFoundOutThoughNothingIsWritten() throws {
    let project = try project.get()
    let id = try project.run().id
    _ = try project.run(name: "another")
    let holder = try #require(try project.store.workerLock(run: id).acquire())
    try project.store.updateRun(id) { $0.state = .running }
    var ledger = RunLedger()
    _ = try ledger.read(project.store)
    #expect(ledger.runs.last?.state == .running)
    holder.release()
    #expect(try ledger.read(project.store) && ledger.runs.last?.state == .crashed)
    #expect(try !ledger.read(project.store))
  }

  @Test func everyWriterNumbersItsChanges() throws {
    let project = try project.get()
    let ids = try (0..<3).map { _ in try project.run().id }
    // A program of an earlier version knows nothing of revisions.
    try project.store.onWriter { try $0.execute(sql: "UPDATE run SET step = step + 1") }
    let recorder = RunRecorder(store: project.store, run: ids[0], queue: .global())
    try recorder.update { $0.step = 5 }
    try recorder.flush()
    let revisions = try project.store.read { db in
      try Int.fetchAll(db, sql: "SELECT revision FROM run ORDER BY ordinal")
    }
    #expect(Set(revisions).count == 3 && revisions[0] == revisions.max())
  }
}
