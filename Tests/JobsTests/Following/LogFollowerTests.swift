import Dispatch
import Foundation
import Testing
import TrainingLogs

@testable import Jobs

/// What a follower tells, as a stream.
private final class Told: Sendable {
  let runs: AsyncStream<[FollowedRun]>
  private let follower: LogFollower

  init(_ paths: [String], fallbackInterval: DispatchTimeInterval = .seconds(600)) {
    let (stream, continuation) = AsyncStream.makeStream(of: [FollowedRun].self)
    runs = stream
    follower = LogFollower(
      paths: paths, queue: DispatchQueue(label: "follower"), fallbackInterval: fallbackInterval
    ) { runs, _ in
      continuation.yield(runs)
    }
    follower.start()
  }

  /// Waits until the loss of a run has these steps.
  func wait(for steps: [Int], of name: String) async {
    for await runs in runs {
      let loss = runs.first { $0.name == name }?["train_loss"]
      if loss?.points.map(\.step) == steps { return }
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct LogFollowerTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func rows(_ steps: ClosedRange<Int>) -> String {
    steps.map { "{\"step\": \($0), \"loss\": \($0).5}\n" }.joined()
  }

  private func append(_ name: String, _ text: String) throws {
    let handle = try FileHandle(forWritingTo: scratch.url.appendingPathComponent(name))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  @Test func whatIsAddedIsTold() async throws {
    try scratch.write("a.jsonl", Data(rows(1...2).utf8))
    let told = Told([scratch.url.path])
    await told.wait(for: [1, 2], of: "a.jsonl")
    for last in 3...6 {
      try append("a.jsonl", rows(last...last))
      await told.wait(for: Array(1...last), of: "a.jsonl")
    }
  }

  @Test func aFileOnItsOwnIsFollowed() async throws {
    let path = try scratch.write("a.jsonl", Data(rows(1...1).utf8))
    let told = Told([path])
    await told.wait(for: [1], of: "a.jsonl")
    try append("a.jsonl", rows(2...2))
    await told.wait(for: [1, 2], of: "a.jsonl")
  }

  @Test func runsInFoldersThatComeLaterAreFound() async throws {
    let told = Told([scratch.url.path])
    for await runs in told.runs where runs.isEmpty { break }
    let folder = scratch.url.appendingPathComponent("out/run-1")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(rows(1...2).utf8).write(to: folder.appendingPathComponent("b.jsonl"))
    await told.wait(for: [1, 2], of: "b.jsonl")
    try append("out/run-1/b.jsonl", rows(3...3))
    await told.wait(for: [1, 2, 3], of: "b.jsonl")
  }

  @Test func aFileThatIsReplacedOrRemovedAndMadeAnewIsFollowed() async throws {
    let path = try scratch.write("a.jsonl", Data(rows(1...2).utf8))
    let told = Told([scratch.url.path])
    await told.wait(for: [1, 2], of: "a.jsonl")
    let other = try scratch.write("new", Data(rows(3...3).utf8))
    #expect(rename(other, path) == 0)
    await told.wait(for: [1, 2, 3], of: "a.jsonl")
    try FileManager.default.removeItem(atPath: path)
    for await runs in told.runs
    where runs.first?.warnings.contains(where: { $0.contains("any more") }) ?? false {
      break
    }
    try Data(rows(4...4).utf8).write(to: URL(fileURLWithPath: path))
    await told.wait(for: [1, 2, 3, 4], of: "a.jsonl")
  }

  /// Nothing is heard of the target in the folder of the link.
  @Test func aFileBehindALinkIsFollowed() async throws {
    let elsewhere = try ScratchFolder()
    let path = try elsewhere.write("target", Data(rows(1...1).utf8))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.url.appendingPathComponent("a.jsonl").path, withDestinationPath: path)
    let told = Told([scratch.url.path], fallbackInterval: .milliseconds(10))
    await told.wait(for: [1], of: "a.jsonl")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(rows(2...2).utf8))
    await told.wait(for: [1, 2], of: "a.jsonl")
  }
}
