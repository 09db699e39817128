import Foundation
import ProjectStore
import Testing

/// What is wrong is said in one line that names the file and the line; what was there before is still there.
@Suite(.serialized) struct BadInputTests {
  private static let good = #"{"question":"Why?","answer":"So."}"#

  struct DataFile: CustomTestStringConvertible {
    var name: String
    var lines: [String]
    var complaint: [String]

    var testDescription: String { name }
  }

  static let dataFiles = [
    DataFile(name: "empty", lines: [], complaint: ["data.jsonl:1: the file is empty"]),
    DataFile(
      name: "one row", lines: [good],
      complaint: ["only 1 pair to train on passes “imported_from=", "data.jsonl", "at least 2"]),
    DataFile(
      name: "no answer", lines: [#"{"question":"Why?"}"#, #"{"question":"Why?","answer":" "}"#],
      complaint: ["data.jsonl:1: “answer” is missing or empty"]),
    DataFile(name: "no JSON", lines: ["Why? So."], complaint: ["data.jsonl:1: not a JSON object"]),
    DataFile(
      name: "unknown category", lines: [#"{"question":"Why?","answer":"So.","category":"poetic"}"#],
      complaint: ["data.jsonl:1: category “poetic” is neither factual nor conceptual"]),
    DataFile(
      name: "longer than the context",
      lines: [good, good.replacing("Why", with: "How"), #"{"question":"Where?","answer":"\#(long)"}"#],
      complaint: ["data.jsonl:3: ", " tokens with its answer, more than the model's context of 256"]),
  ]
  private static let long = String(repeating: "here and there, ", count: 40)

  @Test(arguments: dataFiles)
  func unusableData(_ file: DataFile) async throws {
    let place = try Workplace()
    let path = try place.write("data.jsonl", file.lines.map { $0 + "\n" }.joined())
    let words = [
      "train", "--model", Workplace.model, "--data", path, "--steps", "2", "--foreground", "--json",
      "--quiet",
    ]
    let result = try await ChildProcess(place.assay(words)).finish()
    try expectOneLine(result)
    for word in file.complaint { #expect(result.errors.contains(word), "\(result.errors)") }
    // No run, and no traces of one.
    #expect(place.names(in: "runs").isEmpty)
    if FileManager.default.fileExists(atPath: place.project.path) {
      #expect(try place.openStore().runs().isEmpty)
    }
  }

  /// Lines that cannot be used are left out, each with a word; the others are trained on.
  @Test func someUnusableLines() async throws {
    let place = try Workplace()
    let lines =
      Self.good + "\n" + #"{"question":"Why not?"}"# + "\n" + Self.good.replacing("Why", with: "How") + "\n"
    let path = try place.write("data.jsonl", lines)
    let result = try await place.succeed([
      "train", "--model", Workplace.model, "--data", path, "--steps", "2", "--foreground", "--json",
    ])
    #expect(result.errors.contains("left out \(path):2: “answer” is missing or empty\n"))
    #expect(try JSONText.object(result.lines[0])["training_rows"] as? Int == 2)
  }

  @Test func missingFiles() async throws {
    let place = try Workplace()
    let missing = place.folder.appendingPathComponent("missing").path
    try expectOneLine(
      try await place.run("train", "--model", Workplace.model, "--data", missing, "--quiet"),
      naming: "\(missing): no such file")
    #expect(!FileManager.default.fileExists(atPath: place.project.path))
    try expectOneLine(
      try await place.run("train", "--model", missing, "--data", place.pairs, "--quiet"), naming: missing)
    #expect(place.names(in: "runs").isEmpty)
    try expectOneLine(
      try await place.run("ask", "--model", Workplace.model, "--adapter", missing, "Why?"), naming: missing)
    try expectOneLine(
      try await place.run("tokens", "--model", Workplace.model, missing),
      naming: "\(missing): No such file or directory")
  }

  @Test func aFolderInPlaceOfAFile() async throws {
    let place = try Workplace()
    let folder = place.folder.path
    try expectOneLine(
      try await place.run("train", "--model", Workplace.model, "--data", folder, "--quiet"),
      naming: "\(folder): this is a folder, not a file")
    try expectOneLine(
      try await place.run("tokens", "--model", Workplace.model, folder), naming: "\(folder): Is a directory")
  }

  @Test func tokensNamesTheLine() async throws {
    let place = try Workplace()
    let path = try place.write("data.jsonl", "{\n")
    let result = try await place.run("tokens", "--model", Workplace.model, "--pairs", "--json", path)
    try expectOneLine(result, naming: "\(path):1: not an object with “question” and “answer”")
  }

  @Test func unknownOptionInSettings() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let file = place.project.appendingPathComponent("assay.toml")
    try Data("[training]\nseed = 3\nlearning_rat = 1e-4\n".utf8).write(to: file)
    let complaint =
      "\(file.path):3: unknown option “training.learning_rat”; did you mean “training.learning_rate”?"
    try expectOneLine(
      try await place.run("train", "--model", Workplace.model, "--foreground"), naming: complaint)
    #expect(place.names(in: "runs").isEmpty)

    // The workbench says it on a terminal, too, and leaves it alone.
    let terminal = try TerminalSession(place.workbench(), width: 200, height: 24)
    let before = terminal.initialSettings
    try await terminal.wait(for: "assay.toml:3: unknown option")
    #expect(try await terminal.finish() == .exit(1))
    #expect(try await terminal.settings() == before)
  }

  // MARK: - Places that cannot be written

  /// Even root cannot make a folder below a file.
  @Test func aFileInPlaceOfTheProject() async throws {
    let place = try Workplace()
    try place.write("project", "mine")
    for words in [["init"], ["import", place.pairs], place.training(steps: 2)] {
      try expectOneLine(
        try await ChildProcess(place.assay(words + ["--quiet"])).finish(),
        naming: "\(place.project.path): Not a directory")
    }
    #expect(try Data(contentsOf: place.project) == Data("mine".utf8))
  }

  @Test func aFileInPlaceOfTheRuns() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let runs = place.project.appendingPathComponent("runs")
    try FileManager.default.removeItem(at: runs)
    try Data("mine".utf8).write(to: runs)
    try expectOneLine(
      try await place.run("train", "--model", Workplace.model, "--foreground", "--quiet"),
      naming: "\(runs.path)/", "Not a directory")
    #expect(try place.openStore().runs().isEmpty)
    #expect(try Data(contentsOf: runs) == Data("mine".utf8))
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
  func readOnlyProject() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: place.project.path)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.project.path)
    }
    try expectOneLine(
      try await place.run("train", "--model", Workplace.model, "--quiet"), naming: place.project.path,
      "read-only")
  }

  // MARK: - No more room

  /// A checkpoint that does not fit: the run fails, what there was is whole, and with room it goes on.
  @Test func fullDiskDuringACheckpoint() async throws {
    let place = try Workplace()
    let large = ["--lora-r", "256", "--batch-size", "2", "--checkpoint-every", "2", "--eval-every", "0"]
    let first = try ChildProcess(place.assay(place.training(steps: 100_000, "--foreground") + large))
    _ = try await first.line("a checkpoint") { $0.contains(#""event":"checkpoint""#) }
    first.send(signal: SIGINT)
    let stopped = try await first.finish()
    #expect(stopped.ending == .exit(130))
    let summary = try JSONText.object(try #require(stopped.lines.last))
    let id = try #require(summary["run"] as? String)
    let step = try #require(summary["step"] as? Int)
    let store = try place.openStore()
    let trainer = "runs/\(id)/checkpoint/trainer.safetensors"
    let before = try place.content(trainer)
    let points = try store.metrics(run: id, series: .trainLoss).points.count
    #expect(points == step)

    // The adapter fits, the moments do not.
    let limit = before.count * 3 / 4
    _ = try await ChildProcess(place.assay(["runs", "resume", id, "--json"], fileLimit: limit)).finish()
    let failed = try await place.wait(for: .failed, of: id, in: store)
    let message = try #require(failed.message)
    #expect(message.contains("checkpoint") && message.contains("cannot be written"), "\(message)")
    #expect(!message.contains("\n"))
    #expect(failed.step > step)
    #expect(try place.content(trainer) == before)
    #expect(
      place.names(in: "runs/\(id)") == ["adapter", "checkpoint", "data.jsonl", "worker.lock", "worker.log"])
    #expect(try store.events(run: id).last?.kind == .failed)
    #expect(try store.metrics(run: id, series: .trainLoss).points.count > points)
    let shown = try JSONText.object(try await place.succeed(["runs", "show", id, "--json"]).output)
    #expect(shown["message"] as? String == message)

    // In the foreground it is said on stderr.
    let again = try await ChildProcess(place.assay(["worker", id], fileLimit: limit)).finish()
    #expect(again.ending == .exit(1))
    #expect(again.errors == "assay: \(message)\n")

    let worker = try ChildProcess(place.assay(["worker", id]))
    let started = try JSONText.object(try await worker.line("its beginning") { $0.contains(#""started""#) })
    #expect(started["resumed_from"] as? Int == step)
    _ = try await worker.line("a checkpoint") { $0.contains(#""event":"checkpoint""#) }
  }

  /// The database cannot grow: the import fails as a whole.
  @Test func fullDiskDuringAnImport() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let more = try place.write("more.jsonl", Workplace.pairLines(3000))
    let result = try await ChildProcess(place.assay(["import", more, "--quiet"], fileLimit: 100_000)).finish()
    try expectOneLine(result, naming: "The disk is full", "assay.sqlite")
    let store = try place.openStore()
    #expect(try store.pairCount() == 24)
    try store.close()
    let again = try JSONText.object(try await place.succeed(["import", more, "--json"]).output)
    #expect(again["inserted"] as? Int == 3000 - 24)
  }
}
