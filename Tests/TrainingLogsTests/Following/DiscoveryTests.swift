import Foundation
import Testing

@testable import TrainingLogs

struct DiscoveryTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func found(_ discovery: LogDiscovery) -> [String] {
    discovery.candidates.map { Path.relative($0.path, to: folder.path) }
  }

  @Test func findsTheFilesOfATreeInOrder() throws {
    for name in ["b/2.csv", "a/deep/1.csv", "top.csv", ".git/x.csv", ".hidden.csv"] {
      try folder.write(name, "x")
    }
    let discovery = LogDiscovery(paths: [folder.path])
    #expect(found(discovery) == ["top.csv", "a/deep/1.csv", "b/2.csv"])
    #expect(discovery.folders.count == 4)
    #expect(discovery.problems.isEmpty)
  }

  @Test func loopsOfLinksEndAndNoFileIsFoundTwice() throws {
    try folder.write("run/log.csv", "x")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path("run/loop"), withDestinationPath: "..")
    try files.createSymbolicLink(atPath: folder.path("latest"), withDestinationPath: "run")
    try files.createSymbolicLink(atPath: folder.path("run/self"), withDestinationPath: "self")
    try files.createSymbolicLink(atPath: folder.path("run/other.csv"), withDestinationPath: "log.csv")
    let discovery = LogDiscovery(paths: [folder.path, folder.path("run/log.csv"), folder.path])
    #expect(found(discovery) == ["run/log.csv"])
    #expect(discovery.problems.isEmpty)
  }

  @Test func aFolderThatCannotBeReadIsReportedAndTheOthersAreFound() throws {
    for name in ["a/1.csv", "b/2.csv"] { try folder.write(name, "x") }
    let discovery = LogDiscovery(paths: [folder.path]) { path in
      if path.hasSuffix("/a") { throw CocoaError(.fileReadNoPermission) }
      return try FileManager.default.contentsOfDirectory(atPath: path)
    }
    #expect(found(discovery) == ["b/2.csv"])
    #expect(discovery.problems == [LogFileError(path: folder.path("a"), reason: "the folder cannot be read")])
  }

  @Test func aPathThatIsNotThereIsReported() {
    let discovery = LogDiscovery(paths: [folder.path("nothing")])
    #expect(discovery.problems.map(\.description) == [folder.path("nothing") + ": No such file or directory"])
  }

  @Test func pipesAreNotWaitedFor() throws {
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(LogDiscovery(paths: [folder.path]).candidates.isEmpty)
    #expect(
      LogDiscovery(paths: [folder.path("pipe")]).problems.map(\.reason) == ["neither a file nor a folder"])
    var file = LogFile(path: folder.path("pipe"))
    file.read()
    #expect(file.refusal == "not a regular file")
  }

  @Test func depthIsBounded() throws {
    let deep = (0...LogDiscovery.maximumDepth + 2).map { "d\($0)" }.joined(separator: "/")
    try folder.write(deep + "/log.csv", "x")
    let discovery = LogDiscovery(paths: [folder.path])
    #expect(discovery.candidates.isEmpty)
    #expect(discovery.problems.map(\.reason) == ["folders deeper than 16 are not entered"])
  }

  @Test func newFilesAreFoundWhileFollowed() throws {
    try folder.write("a/log.csv", "step,loss\n1,2\n")
    var logs = FollowedLogs(paths: [folder.path])
    logs.discover()
    logs.read()
    let revision = logs.revision
    try folder.write("b/log.csv", "step,loss\n1,3\n")
    logs.discover()
    logs.read(changed: [folder.path("b/log.csv")])
    #expect(logs.runs.map { $0["train_loss"]?.values } == [[2], [3]])
    #expect(logs.revision > revision)
  }

  @Test func nothingIsWrittenIntoTheFolder() throws {
    try folder.write("a/log.csv", "step,loss\n1,2\n")
    func state() throws -> [String: [Int]] {
      var state: [String: [Int]] = [:]
      for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
        let facts = try FileFacts(path: folder.path(name))
        state[name] = facts.modified + [facts.size, Int(facts.identity.inode)]
      }
      return state
    }
    let before = try state()
    _ = folder.runs()
    #expect(try state() == before)
  }
}
