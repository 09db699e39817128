import Foundation
import Testing

/// `assay keys`, and the user's file behind it.
@Suite struct KeysCommandTests {
  private func keys(_ place: Workplace, _ words: String...) async throws -> ChildProcess.Result {
    try await ChildProcess(place.program(Workplace.program, ["keys"] + words)).finish()
  }

  @discardableResult
  private func write(_ place: Workplace, _ text: String) throws -> String {
    let folder = place.folder.appendingPathComponent("config/assay")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try place.write("config/assay/keys.toml", text)
  }

  @Test func printsTheKeysInForce() async throws {
    let place = try Workplace()
    let plain = try await keys(place)
    #expect(plain.ending == .exit(0))
    #expect(plain.lines.contains("p             runs.pause            pause"))

    try write(place, "\"runs.pause\" = [\"f4\", \"f5\"]\ntheme.next = []\n")
    let mine = try await keys(place)
    #expect(mine.ending == .exit(0))
    #expect(mine.errors.isEmpty)
    #expect(mine.lines.contains("F4 F5         runs.pause            pause"))
    #expect(mine.lines.contains("–             theme.next            next theme"))

    let json = try JSONText.object(try await keys(place, "--json").output)
    let actions = try #require(json["actions"] as? [[String: Any]])
    let pause = try #require(actions.first { $0["action"] as? String == "runs.pause" })
    #expect(pause["keys"] as? [String] == ["F4", "F5"])
    #expect(pause["section"] as? String == "Runs")
    #expect((json["problems"] as? [Any])?.isEmpty == true)
  }

  @Test func aBadFileFails() async throws {
    let place = try Workplace()
    let file = try write(place, "runs.pase = \"p\"\n")
    let result = try await keys(place)
    #expect(result.ending == .exit(1))
    #expect(result.errors == "assay: \(file):1: there is no action runs.pase; did you mean runs.pause?\n")
    #expect(
      result.lines.contains("p             runs.pause            pause"), "the program's keys are in force")
    let json = try await keys(place, "--json")
    #expect(json.ending == .exit(1))
    let problems = try #require(try JSONText.object(json.output)["problems"] as? [[String: Any]])
    #expect(problems.first?["line"] as? Int == 1)
  }
}
