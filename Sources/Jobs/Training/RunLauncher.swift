import Foundation
import ProjectStore

/// What a new run is asked to be.
public struct RunRequest: Sendable {
  public var name: String?
  /// A known model, a folder or a GGUF file.
  public var model: String
  /// `PairFilter` terms like "category=factual".
  public var filter: [String]
  /// At most this many training pairs.
  public var limit: Int?
  public var settings: TrainingSettings

  public init(
    name: String? = nil, model: String, filter: [String] = [], limit: Int? = nil,
    settings: TrainingSettings = TrainingSettings()
  ) {
    self.name = name
    self.model = model
    self.filter = filter
    self.limit = limit
    self.settings = settings
  }

  /// The words after `assay train` that ask for it.
  public var arguments: [String] {
    var words = ["--model", model]
    if let name { words += ["--name", name] }
    for term in filter { words += ["--where", term] }
    if let limit { words += ["--limit", String(limit)] }
    for field in TrainingSettings.fields { words += field.arguments(for: settings) }
    return words
  }
}

/// Why a run did not start; one line for people.
public struct LaunchError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// Starts and resumes runs for the screen, by the command line's own commands in a child process: reading a model's
/// tokenizer and checking the data takes a moment, and the screen waits for nothing.
public struct RunLauncher: Sendable {
  private let projectFolder: URL
  private let executable: URL

  public init(projectFolder: URL, executable: URL = WorkerProcess.ownExecutable) {
    self.projectFolder = projectFolder
    self.executable = executable
  }

  /// - Parameter completion: on any queue.
  public func start(
    _ request: RunRequest, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void
  ) {
    ask(["train"] + request.arguments, completion)
  }

  public func resume(_ run: Run.ID, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void) {
    ask(["runs", "resume", run], completion)
  }

  private struct Started: Decodable {
    var run: Run.ID
  }

  private func ask(
    _ words: [String], _ completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void
  ) {
    DispatchQueue.global().async { [self] in
      let process = Process()
      process.executableURL = executable
      process.arguments = words + ["--project", projectFolder.path, "--json", "--quiet"]
      let output = Pipe()
      let errors = Pipe()
      process.standardOutput = output
      process.standardError = errors
      process.standardInput = FileHandle.nullDevice
      do {
        try process.run()
      } catch {
        return completion(.failure(LaunchError("\(executable.path): \(error.localizedDescription)")))
      }
      // Both are a line or two: neither pipe can fill while the other is read.
      let answer = output.fileHandleForReading.readDataToEndOfFile()
      let complaint = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      if process.terminationStatus == 0, let started = try? JSONDecoder().decode(Started.self, from: answer) {
        completion(.success(started.run))
      } else {
        let text = String(decoding: complaint, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        // A complaint about the words themselves is followed by how they are used.
        let lines = text.split(separator: "\n").map(String.init)
        let line =
          lines.first { $0.hasPrefix("Error: ") } ?? lines.last ?? "exit code \(process.terminationStatus)"
        completion(.failure(LaunchError(line.hasPrefix("assay: ") ? String(line.dropFirst(7)) : line)))
      }
    }
  }
}
