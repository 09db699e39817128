import Foundation
import GRDB
import Synchronization
import Testing

@testable import ProjectStore

/// The calls of a watcher, as a stream.
final class Changes: Sendable {
  let stream: AsyncStream<Void>
  private let watcher: ChangeWatcher
  private let calls: Counter

  /// How often the watcher called.
  var count: Int { calls.value.withLock { $0 } }

  private final class Counter: Sendable {
    let value = Mutex(0)
  }

  init(of store: ProjectStore, minimumInterval: DispatchTimeInterval = .milliseconds(5)) throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    let calls = Counter()
    self.stream = stream
    self.calls = calls
    watcher = try ChangeWatcher(
      store: store, minimumInterval: minimumInterval, queue: DispatchQueue(label: "watcher")
    ) {
      calls.value.withLock { $0 += 1 }
      continuation.yield()
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct ChangeWatcherTests {
  @Test func everyCommitIsReportedInTheEnd() async throws {
    let project = try TemporaryProject()
    let changes = try Changes(of: project.store)
    let writer = try project.another()
    let run = try writer.createRun(name: "a", recipeJSON: "{}", modelName: "m").id
    for await _ in changes.stream where try project.store.runs().count == 1 { break }
    // Each waits for the report of the one before: none may be missed.
    for step in 1...20 {
      try writer.updateRun(run) { $0.step = step }
      for await _ in changes.stream where try project.store.run(run).step == step { break }
    }
  }

  @Test func aCommitOfTheSameStoreIsReported() async throws {
    let project = try TemporaryProject()
    let changes = try Changes(of: project.store)
    _ = try project.run()
    for await _ in changes.stream where try project.store.runs().count == 1 { break }
  }

  @Test func aBurstIsReportedInFewCalls() async throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let changes = try Changes(of: project.store, minimumInterval: .seconds(1))
    let writer = try project.another()
    for step in 1...200 { try writer.updateRun(run) { $0.step = step } }
    for await _ in changes.stream where try project.store.run(run).step == 200 { break }
    #expect(changes.count < 20)
  }

  @Test func aWALFileThatIsMadeLaterIsHeard() async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try ProjectStore.open(projectFolder: folder, create: true)
    try first.onWriter { db in _ = try db.checkpoint(.truncate) }
    try first.close()
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent("assay.sqlite" + suffix))
    }

    let reader = try ProjectStore.openReadOnly(projectFolder: folder)
    let changes = try Changes(of: reader)
    let writer = try ProjectStore.open(projectFolder: folder)
    let run = try writer.createRun(name: "a", recipeJSON: "{}", modelName: "m")
    for await _ in changes.stream where try reader.runs() == [run] { break }
  }

  /// A rolled back write that reached the WAL file, a checkpoint, and a file beside: heard, looked at,
  /// dismissed. The first report after them is hence that of the commit.
  @Test func onlyCommitsAreReported() async throws {
    let project = try TemporaryProject()
    let writer = try project.another()
    let changes = try Changes(of: project.store, minimumInterval: .milliseconds(1))
    try writer.onWriter { db in _ = try db.checkpoint(.passive) }
    try Data("# edited\n".utf8).write(to: project.folder.appendingPathComponent("assay.toml"))
    try writer.onWriter { db in
      // Spilling the page cache writes frames to the WAL before the commit.
      try db.execute(sql: "PRAGMA cache_size = 10; BEGIN IMMEDIATE")
      for index in 0..<200 {
        try db.execute(
          sql: "INSERT INTO qa_pair (content_hash, question, answer) VALUES (?, ?, ?)",
          arguments: [index, String(repeating: "q", count: 2000), "a"])
      }
      try db.execute(sql: "ROLLBACK")
    }
    _ = try project.run()
    for await _ in changes.stream {
      #expect(try project.store.runs().count == 1)
      break
    }
  }

  @Test func aCancelledWatcherIsSilent() async throws {
    let project = try TemporaryProject()
    let queue = DispatchQueue(label: "watcher")
    let calls = Mutex(0)
    let watcher = try ChangeWatcher(store: project.store, queue: queue) { calls.withLock { $0 += 1 } }
    queue.sync { watcher.cancel() }
    let others = try Changes(of: project.store)
    _ = try project.run()
    for await _ in others.stream { break }
    queue.sync {}
    #expect(calls.withLock { $0 } == 0)
  }
}
