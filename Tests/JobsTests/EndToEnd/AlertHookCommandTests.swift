import Foundation
import ProjectStore
import Testing

/// The command of the settings, run by workers of the real program.
@Suite(.serialized) struct AlertHookCommandTests {
  /// A project whose command writes down what it is told.
  private func place() async throws -> Workplace {
    let place = try Workplace()
    try await place.succeed(["init"])
    try place.writeAlerts(
      #"""
      command = 'echo "$ASSAY_ALERT|$ASSAY_RUN|$ASSAY_RUN_NAME|$ASSAY_STEP|$ASSAY_MESSAGE" >> told; echo heard'
      """#)
    return place
  }

  /// Trains to the end, and returns the summary.
  private func train(_ place: Workplace, steps: Int, _ more: String...) async throws -> [String: Any] {
    let output = try await place.succeed(place.training(steps: steps) + more + ["--foreground"]).output
    let last = try #require(output.split(separator: "\n").last)
    return try JSONText.object(String(last))
  }

  private func told(_ place: Workplace) throws -> [[String]] {
    try String(decoding: place.content("told"), as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func aRunThatFinishesTellsItOnce() async throws {
    let place = try await place()
    let name = "$(touch x) \u{1B}[31m`touch y`"
    let run = try #require(try await train(place, steps: 4, "--name", name)["run"] as? String)
    let lines = try told(place)
    try #require(lines.count == 1)
    #expect(lines[0].prefix(4) == ["finished", run, "$(touch x) [31m`touch y`", "4"])
    #expect(lines[0][4].hasPrefix("finished after 4 steps, best eval "))
    #expect(!place.names(in: "").contains { $0 == "x" || $0 == "y" })
    #expect(try String(decoding: place.content("runs/\(run)/worker.log"), as: UTF8.self) == "heard\n")
  }

  @Test func aLossThatIsNotANumberIsTold() async throws {
    let place = try await place()
    // Half of the weights become NaN, whatever their type.
    let model = place.folder.appendingPathComponent("broken")
    try FileManager.default.copyItem(atPath: Workplace.model, toPath: model.path)
    let weights = model.appendingPathComponent("model.safetensors")
    var data = try Data(contentsOf: weights)
    let half = data.count / 2
    data.replaceSubrange(half..., with: Data(repeating: 0xFF, count: data.count - half))
    try FileManager.default.removeItem(at: weights)
    try data.write(to: weights)

    let train = [
      "train", "--model", model.path, "--data", place.pairs, "--steps", "9", "--json", "--foreground",
    ]
    let result = try await ChildProcess(place.assay(train)).finish()
    #expect(result.ending == .exit(1))
    let lines = try told(place)
    // They run beside each other, and may end in any order.
    #expect(lines.map { $0[0] }.sorted() == ["failed", "nan"])
    let nan = try #require(lines.first { $0[0] == "nan" })
    let events = try place.openStore().events(run: nan[1])
    #expect(events.filter { $0.kind == .nan }.map(\.message) == [nan[4]])
  }

  @Test func aCommandThatFailsIsNotedAndHarmsNothing() async throws {
    let place = try Workplace()
    try await place.succeed(["init"])
    try place.writeAlerts("command = 'exit 3'")
    let facts = try await train(place, steps: 2)
    #expect(facts["state"] as? String == "finished")
    let run = try #require(facts["run"] as? String)
    let warnings = try place.openStore().events(run: run).filter { $0.kind == .warning }
    #expect(warnings.map(\.message) == ["the alert command failed: exit code 3"])
  }

  @Test func aProjectsCommandIsNotRun() async throws {
    let place = try Workplace()
    try await place.succeed(["init"])
    try place.write("project/assay.toml", "[alerts]\ncommand = 'touch ran'\n")
    let result = try await ChildProcess(place.assay(place.training(steps: 2) + ["--foreground"])).finish()
    #expect(result.ending == .exit(1))
    #expect(result.errors.contains("assay.toml:2: alerts.command counts in your own"))
    #expect(!place.names(in: "").contains("ran"))
  }

  @Test func aUsersFileThatIsWrongIsNotedAndHarmsNothing() async throws {
    let place = try Workplace()
    try await place.succeed(["init"])
    try place.writeAlerts("bell = 1")
    let run = try #require(try await train(place, steps: 2)["run"] as? String)
    let warnings = try place.openStore().events(run: run).filter { $0.kind == .warning }
    #expect(warnings.count == 1)
    #expect(warnings.first?.message.contains("config.toml:2: alerts.bell cannot be “1”") == true)
  }
}
