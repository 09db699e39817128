import Foundation
import Testing

/// `assay watch`: the shape of its JSON, and its end.
@Suite(.serialized) struct WatchCommandTests {
  private static let seriesKeys: Set = [
    "name", "original_name", "count", "first_step", "first_value", "last_step", "last_value", "min", "max",
    "nan",
    "positive_infinity", "negative_infinity", "segments", "duplicates_dropped",
  ]

  @Test func onceGivesOneDocument() async throws {
    let place = try Workplace()
    let path = try place.write(
      "log.csv", "step,loss,\u{1b}[31mred\n1,nan,\n2,inf,\n3,-inf,\n4,2.5,1\n2,1.5,\n2,1.5,\n")
    let result = try await place.succeed(["watch", path, "--once", "--json"])
    #expect(result.lines.count == 1)
    #expect(result.errors.isEmpty)
    let runs = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    try #require(runs.count == 1)
    #expect(
      Set(runs[0].keys) == ["source", "other_sources", "format", "name", "total_steps", "series", "warnings"])
    #expect(runs[0]["format"] as? String == "csv")
    #expect(runs[0]["source"] as? String == path)
    #expect(runs[0]["total_steps"] is NSNull)
    let series = try #require(runs[0]["series"] as? [[String: Any]])
    try #require(series.count == 2)
    for one in series { #expect(Set(one.keys) == Self.seriesKeys) }
    let loss = series[0]
    #expect(loss["name"] as? String == "train_loss")
    #expect(loss["first_value"] as? String == "NaN")
    #expect(loss["last_value"] as? Double == 1.5)
    #expect(loss["min"] as? Double == 1.5)
    #expect(loss["max"] as? Double == 2.5)
    for key in ["nan", "positive_infinity", "negative_infinity", "duplicates_dropped"] {
      #expect(loss[key] as? Int == 1)
    }
    #expect(loss["segments"] as? Int == 2)
    // In data names are as they are; for people nothing that they hold reaches the terminal.
    #expect(series[1]["name"] as? String == "\u{1b}[31mred")
    let plain = try await place.succeed(["watch", path, "--once"])
    #expect(plain.output.contains("␛[31mred"))
    #expect(!plain.output.contains("\u{1b}"))
  }

  @Test func aSeriesWithoutFiniteValuesHasNoRange() async throws {
    let place = try Workplace()
    let path = try place.write("log.csv", "step,loss\n1,nan\n")
    let result = try await place.succeed(["watch", path, "--once", "--json"])
    #expect(result.output.contains(#""max":null"#))
    #expect(result.output.contains(#""min":null"#))
  }

  @Test func whatIsNoLogIsSaid() async throws {
    let place = try Workplace()
    let path = try place.write("trainer_state.json", "version https://git-lfs.github.com/spec/v1\n")
    let result = try await place.succeed(["watch", path, "--once", "--json"])
    #expect(result.output.contains(#""format":null"#))
    #expect(result.output.contains("Git LFS pointer"))
    #expect(result.output.contains(#""series":[]"#))
  }

  @Test(arguments: [["--once"], []]) func aPathThatIsNotThereIsAFailure(flags: [String]) async throws {
    let place = try Workplace()
    let path = place.folder.appendingPathComponent("nothing").path
    let result = try await ChildProcess(place.assay(["watch", path] + flags)).finish()
    try expectOneLine(result, naming: path, "No such file or directory")
  }

  @Test func newPointsAreLinesAndInterruptionEndsIt() async throws {
    let place = try Workplace()
    let path = try place.write("log.csv", "step,loss\n1,2.5\n")
    let child = try ChildProcess(place.assay(["watch", path, "--json"]))
    let first = try JSONText.object(await child.line("the run") { $0.contains(#""event":"run""#) })
    #expect((first["series"] as? [Any])?.count == 1)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("2,nan\n3,1.".utf8))
    let point = try JSONText.object(await child.line("a point") { $0.contains(#""event":"point""#) })
    #expect(point["step"] as? Int == 2)
    #expect(point["value"] as? String == "NaN")
    #expect(point["series"] as? String == "train_loss")
    #expect(point["time"] is NSNull)
    try handle.write(contentsOf: Data("25\n".utf8))
    let next = try JSONText.object(await child.line("a point") { $0.contains(#""event":"point""#) })
    #expect(next["step"] as? Int == 3)
    #expect(next["value"] as? Double == 1.25)
    child.send(signal: SIGINT)
    #expect(try await child.finish().ending == .exit(130))
  }

  /// At a terminal the runs are on the workbench's screen, as another process writes them.
  @Test func showsRunsLiveAtATerminal() async throws {
    let place = try Workplace()
    let folder = place.folder.appendingPathComponent("outputs")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let log = folder.appendingPathComponent("metrics.jsonl")
    func line(_ step: Int) -> String {
      #"{"step":\#(step),"loss":\#(3 - Double(step) / 100),"max_steps":400}"# + "\n"
    }

    let terminal = try TerminalSession(
      place.program(Workplace.program, ["watch", folder.path]), width: 110, height: 32)
    let before = terminal.initialSettings
    try await terminal.wait(for: "No training log in")
    try Data((1...40).map(line).joined().utf8).write(to: log)
    let first = try await terminal.wait(for: "the run") {
      $0.text.contains("A metrics.jsonl") && $0.text.contains("2.600") && $0.brailleCount > 20
    }
    #expect(first.text.contains("◉ live"))
    let handle = try FileHandle(forWritingTo: log)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((41...90).map(line).joined().utf8))
    try handle.close()
    try await terminal.wait(for: "2.100")
    // What was drawn stays when its file goes.
    try FileManager.default.removeItem(at: log)
    try await terminal.wait(for: "cannot be read")
    let gone = try await terminal.wait(for: "2.100")
    #expect(gone.text.contains(" s ago"), "It was written when it was written")
    #expect(gone.brailleCount > 20)
    try await terminal.type("n")
    try await terminal.wait(for: "Only logs are watched here")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(try await terminal.settings() == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "Nothing is written there")
  }
}
