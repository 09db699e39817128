import Foundation
import GRDB
import Testing

@testable import ProjectStore

/// What people say of runs, and their deletion.
@Suite struct RunEditTests {
  private let project: TemporaryProject
  private let id: Run.ID

  init() throws {
    project = try TemporaryProject()
    id = try project.run().id
  }

  @Test func editsSurviveAndAreUndone() throws {
    let store = project.store
    let before = try store.run(id)
    let undo = try store.edit([
      RunEdit(id, .tags(["lr-sweep", "#best", "best", " "])), RunEdit(id, .note("  rises\nafter 40  ")),
      RunEdit(id, .pinned(true)), RunEdit(id, .archived(true)),
    ])
    let labels = try project.another().run(id).labels
    #expect(
      labels
        == RunLabels(
          tags: ["best", "lr-sweep"], note: "rises after 40", isPinned: true, isArchived: true))
    #expect(undo.first == RunEdit(id, .archived(false)), "the last edit is undone first")
    try store.edit(undo)
    #expect(try store.run(id) == before)
  }

  @Test func workersAndPeopleDoNotOverwriteEachOther() throws {
    // A worker's recorder reads the row, changes it and writes it while labels are set.
    try project.store.updateRun(id) { run in
      run.step = 7
      run.labels.note = "not the worker's to say"
    }
    #expect(try project.store.run(id).labels.note.isEmpty)
    try project.store.edit([RunEdit(id, .note("mine"))])
    try project.store.updateRun(id) { $0.step = 8 }
    let run = try project.another().run(id)
    #expect(run.step == 8 && run.labels.note == "mine")
  }

  @Test func aDeletedRunIsInNoListAndComesBackWhole() throws {
    let store = project.store
    try store.append([(.trainLoss, point(1, 2.5))], run: id)
    let before = try store.run(id)
    let undo = try store.edit([RunEdit(id, .deleted(true))])
    #expect(try store.runs().isEmpty)
    #expect(try project.another().deletedRuns().map(\.id) == [id])
    #expect(try store.purgeDeletedRuns().isEmpty, "it was deleted just now")
    try project.another().edit(undo)
    #expect(try store.runs() == [before])
    #expect(try store.metrics(run: id, series: .trainLoss).points.count == 1)
    #expect(FileManager.default.fileExists(atPath: store.runFolder(id).path))
  }

  @Test func aLivingRunIsNotDeleted() throws {
    let other = try project.run(name: "other").id
    let holder = try #require(try project.store.workerLock(run: id).acquire())
    try project.store.updateRun(id) { $0.state = .running }
    #expect(throws: StoreError.runIsAlive(id, state: .running)) {
      try project.store.edit([RunEdit(other, .deleted(true)), RunEdit(id, .deleted(true))])
    }
    #expect(try project.store.runs().count == 2, "all or nothing")
    holder.release()
    try project.store.edit([RunEdit(id, .deleted(true))])
    #expect(try project.store.runs().map(\.id) == [other])
  }

  @Test func purgingRemovesRowsAndFilesOfOldDeletions() throws {
    let store = project.store
    let kept = try project.run(name: "kept").id
    let recent = try project.run(name: "recent").id
    try Data("x".utf8).write(to: store.runFolder(id).appendingPathComponent("big.safetensors"))
    try store.append([(.trainLoss, point(1, 2.5))], run: id)
    try store.edit([RunEdit(id, .deleted(true))], at: .now.addingTimeInterval(-8 * 24 * 3600))
    try store.edit([RunEdit(recent, .deleted(true))], at: .now.addingTimeInterval(-6 * 24 * 3600))
    #expect(try store.purgeDeletedRuns() == [id])
    #expect(!FileManager.default.fileExists(atPath: store.runFolder(id).path))
    #expect(throws: StoreError.noSuchRun(id)) { try store.run(id) }
    #expect(try store.runs().map(\.id) == [kept])
    #expect(try store.deletedRuns().map(\.id) == [recent])
    let left = try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM metric_chunk") }
    #expect(left == 0)
    // A process that died between the files and the row left this behind.
    try FileManager.default.removeItem(at: store.runFolder(recent))
    #expect(try store.purgeDeletedRuns(before: .now) == [recent])
    #expect(try store.deletedRuns().isEmpty)
  }

  @Test func longAndOddLabelsAreCut() {
    #expect(RunLabels.tags(in: "b, a  #c,,b #").elementsEqual(["a", "b", "c"]))
    #expect(RunLabels.tags(in: (0..<100).map { "t\($0)" }.joined(separator: " ")).count == 32)
    #expect(RunLabels.tags(in: String(repeating: "x", count: 500)) == [String(repeating: "x", count: 40)])
    #expect(RunLabels.note(String(repeating: "n", count: 9000)).count == 2000)
  }

  @Test func aStoreOfTheFirstVersionOpens() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("assay.sqlite").path
    let queue = try DatabaseQueue(path: path)
    try Schema.migrator.migrate(queue, upTo: "1 runs and pairs")
    try queue.write { db in
      try db.execute(
        sql: """
          INSERT INTO run (id, name, state, created_at, recipe, model_name)
          VALUES ('r7k2', 'old', 'finished', 1700000000, '{}', 'tiny')
          """)
    }
    try queue.close()
    #expect(throws: StoreError.olderDatabase(path: path)) {
      try ProjectStore.openReadOnly(projectFolder: folder)
    }
    let run = try #require(try ProjectStore.open(projectFolder: folder).runs().first)
    #expect(run.name == "old" && run.labels == RunLabels() && run.deletedAt == nil)
  }
}
