import Foundation
import ProjectStore
import Testing

@testable import Jobs

/// A folder of a test's own with everything that the real program needs: the tiny model, pairs, a place for a project,
/// caches that are nobody else's. Whatever still runs on it at the end is killed, and the folder is removed.
final class Workplace: Sendable {
  private let scratch: ScratchFolder
  var folder: URL { scratch.url }
  /// Of the project; made by the first command that makes one.
  var project: URL { folder.appendingPathComponent("project") }
  var pairs: String { folder.appendingPathComponent("pairs.jsonl").path }

  /// Three layers of width 64, with a tokenizer of bytes and a few words: a step takes milliseconds.
  static let model = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../LanguageModelsTests/Fixtures/models/llama-tied").standardizedFileURL
    .path

  /// What is built lies beside the test bundle.
  static let program = WorkerProcess.ownExecutable.deletingLastPathComponent().appendingPathComponent("assay")
    .path

  init() throws {
    scratch = try ScratchFolder()
    try write("pairs.jsonl", Self.pairLines(24))
  }

  deinit {
    // The folder's name is in the command line of everything that works on it, and in no other.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = pid_t(name), pid != getpid(),
        let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"),
        String(decoding: words, as: UTF8.self).contains(scratch.url.lastPathComponent)
      else { continue }
      kill(pid, SIGKILL)
    }
  }

  /// Half factual and half conceptual, a third of each for evaluation.
  static func pairLines(_ count: Int) -> String {
    (0..<count).map { i in
      let category = i % 2 == 0 ? "factual" : "conceptual"
      let split = i % 6 < 2 ? "eval" : "train"
      return
        #"{"question":"What is \#(i)?","answer":"It is \#(i).","category":"\#(category)","split":"\#(split)"}"#
        + "\n"
    }.joined()
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    return try scratch.write(name, Data(text.utf8))
  }

  /// The user's own settings of alerts.
  func writeAlerts(_ lines: String) throws {
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("config/assay"), withIntermediateDirectories: true)
    try write("config/assay/config.toml", "[alerts]\n\(lines)\n")
  }

  /// Names in a folder of the project, sorted; those that begin with a dot included.
  func names(in folder: String) -> [String] { scratch.names(in: "project/" + folder) }

  func content(_ path: String) throws -> Data {
    try Data(contentsOf: project.appendingPathComponent(path))
  }

  // MARK: - The program

  /// A command on the project.
  func assay(_ arguments: [String]) -> Spawn.Program {
    program(Self.program, arguments + ["--project", project.path])
  }

  /// A command whose files cannot grow beyond a size: for the program the same as a disk with no more room.
  func assay(_ arguments: [String], fileLimit bytes: Int) -> Spawn.Program {
    let command = assay(arguments)
    let script = "ulimit -f \(bytes / 512) && exec \"$@\""
    return program("/bin/sh", ["-c", script, "sh", command.executable] + command.arguments)
  }

  func program(_ executable: String, _ arguments: [String]) -> Spawn.Program {
    var environment = [
      "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "TZ": "UTC",
      "HOME": folder.path,
    ]
    for name in ["CACHE", "DATA", "CONFIG", "STATE"] {
      environment["XDG_\(name)_HOME"] = folder.appendingPathComponent(name.lowercased()).path
    }
    // What lets the program find the libraries that it was built with.
    environment["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
    return Spawn.Program(
      executable: executable, arguments: arguments, environment: environment, workplace: self)
  }

  /// Runs a command to its end.
  func run(_ arguments: String...) async throws -> ChildProcess.Result {
    try await ChildProcess(assay(arguments)).finish()
  }

  /// Runs a command that has to succeed.
  @discardableResult
  func succeed(
    _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ChildProcess.Result {
    let result = try await ChildProcess(assay(arguments)).finish()
    try #require(result.ending == .exit(0), "\(result.errors)", sourceLocation: sourceLocation)
    return result
  }

  /// The words that train on the pairs; 14 ms a step with eight pairs in each.
  func training(steps: Int, _ more: String...) -> [String] {
    [
      "train", "--model", Self.model, "--data", pairs, "--steps", String(steps), "--threads", "2", "--json",
      "--quiet",
    ]
      + more
  }

  /// Starts a worker that outlives the command, as `assay train` does.
  func startRun(steps: Int, _ more: String...) async throws -> Run.ID {
    let result = try await succeed(training(steps: steps) + more)
    return try #require(try JSONText.object(result.output)["run"] as? String)
  }
}

enum JSONText {
  static func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
  }

  static func objects(_ text: String) throws -> [[String: Any]] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]], "\(text)")
  }
}
