import Foundation
import TerminalUI
import Testing

@testable import Workbench

/// The user's keys: what they change, and what is said of a file that is wrong.
@MainActor @Suite struct KeyMapTests {
  private func problems(_ text: String) -> [String] {
    let (table, problems) = KeyMap.read(text, file: "keys.toml")
    #expect(problems.isEmpty || table.commands == Action.keyTable.commands, "a bad file changes nothing")
    return problems.map(\.description)
  }

  @Test func everyWayOfWritingAnAction() {
    let text = """
      # mine
      "runs.pause" = ["F4", "f5"]
      runs.stop = "F6"
      theme.next = []
      [chart]
      zoom-in = ["F7", "f7"]
      """
    let (table, problems) = KeyMap.read(text, file: "keys.toml")
    #expect(problems == [])
    #expect(table.command(named: "runs.pause")?.keys == [.function(4), .function(5)])
    #expect(table.command(named: "runs.stop")?.keys == [.function(6)])
    #expect(table.command(named: "theme.next")?.keys == [])
    #expect(table.command(named: "chart.zoom-in")?.keys == [.function(7)])
    #expect(table.command(named: "runs.resume")?.keys == Action.resumeRun.keys)
  }

  nonisolated static let wrong: [(String, [String])] = [
    ("runs.pase = \"p\"", ["keys.toml:1: there is no action runs.pase; did you mean runs.pause?"]),
    ("\n\"zzzzzzzzzzz\" = \"p\"", ["keys.toml:2: there is no action zzzzzzzzzzz; assay keys lists them"]),
    (
      "runs.pause = \"hyper-x\"",
      [
        "keys.toml:1: there is no key “hyper-x” for runs.pause; keys are a, A, ?, ^a, F5, space, enter, pgup …"
      ]
    ),
    ("runs.pause = \"^i\"", ["keys.toml:1: runs.pause cannot be on ^i: terminals send ^i as tab"]),
    ("runs.pause = 5", ["keys.toml:1: runs.pause takes a key or a list of keys, in quotes"]),
    (
      "# a\nruns.stop = \"p\"",
      ["keys.toml:2: key p is bound to both runs.pause and runs.stop; give one of them another key"]
    ),
    (
      "runs.stop = \"F8\"\nruns.pause = \"F8\"",
      ["keys.toml:2: key F8 is bound to both runs.pause and runs.stop; give one of them another key"]
    ),
    ("quit = []", ["keys.toml:1: quit needs a key"]),
    ("help = []\n\"palette\" = []", ["keys.toml:1: help needs a key", "keys.toml:2: palette needs a key"]),
    (
      "runs.pause = \"esc\"",
      [
        "keys.toml:1: key esc is bound to both runs.pause and back; give one of them another key"
      ]
    ),
    ("runs.stop = \"F8\"\nruns.stop = \"F9\"", []),
    ("runs.stop = ", []),
  ]

  @Test(arguments: wrong)
  func saysWhatIsWrongAndWhere(_ text: String, _ expected: [String]) {
    let found = problems(text)
    if expected.isEmpty {
      // The parser's own words.
      #expect(found.count == 1)
      #expect(found.allSatisfy { $0.hasPrefix("keys.toml:") && !$0.contains("\n") })
    } else {
      #expect(Set(found) == Set(expected))
    }
  }

  @Test func keysSwapTheirMeanings() {
    #expect(problems("runs.pause = \"s\"\nruns.stop = \"p\"").isEmpty)
  }

  private func write(_ text: String, in project: TemporaryProject) throws {
    try text.write(
      to: project.folder.appendingPathComponent("keys.toml"), atomically: true, encoding: .utf8)
  }

  @Test func hintsHelpAndPaletteShowTheUsersKeys() async throws {
    let project = try TemporaryProject()
    try write("runs.new = \"F2\"\nhelp = [\"F1\", \"?\"]\nscreen.runs = [\"F3\", \"2\"]", in: project)
    try await Screen.script(on: project, Size(width: 80, height: 60)) { screen in
      screen.expect("F2 new run", "F1 help", "press F2 for a new run", "F3 Runs")
      await screen.press("F1")
      screen.expect("  F2             new run", "  F1 ?           help")
      await screen.press("F1")
      screen.expectNone("F2             new run")
      await screen.press(":")
      await screen.type("new r")
      #expect(screen.row(containing: "new run  ")?.contains(/Curves +F2 +│/) == true)
      await screen.press("esc", "n")
      screen.expectNone("Learning rate")
      await screen.press("F2")
      screen.expect("Learning rate")
      await screen.press("esc", "F3")
      screen.expect("Runs · 0")
    }
  }

  @Test func aBadFileIsToldAndTheWorkbenchOpens() async throws {
    let project = try TemporaryProject()
    try write("runs.new = \"?\"\nquit = []", in: project)
    try await Screen.script(on: project, Size(width: 200, height: 24)) { screen in
      screen.expect("keys.toml:1: key ? is bound to both runs.new and help")
      screen.expect("(and 1 more: assay keys)")
      await screen.press("n")
      screen.expect("Learning rate")
      await screen.press("esc", "?")
      screen.expect("Keys")
    }
  }

  @Test func anUnreadableFileIsTold() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "assay-keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(KeyMap(configuration: folder).problems.isEmpty)
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("keys.toml"), withIntermediateDirectories: true)
    let map = KeyMap(configuration: folder)
    #expect(map.problems.map(\.text) == ["it is not a regular file"])
    #expect(map.table.commands == Action.keyTable.commands)
  }
}
