import Foundation
import Testing

@testable import TerminalUI

@Suite struct ThemeTests {
  private static let nowhere = URL(fileURLWithPath: "/nonexistent", isDirectory: true)

  /// The executable carries the files of `themes/`; a stale copy would show here.
  @Test(arguments: ["dark", "light", "high-contrast", "colour-blind", "mono", "ascii"])
  func builtInThemesAreTheFiles(_ name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appendingPathComponent("themes/\(name).toml")
    try #require(FileManager.default.fileExists(atPath: file.path))
    #expect(try Theme(contentsOf: file) == ThemeCatalog(folder: Self.nowhere)[name])
  }

  @Test func everyRoleHasALookAndSeriesDiffer() {
    for theme in Theme.builtIn {
      for role in Role.allCases where role != .text {
        #expect(theme[role] != Theme.Look(), "\(theme.name): \(role.rawValue)")
      }
      for tier in [ColourTier.direct, .colours256] where !theme.isMono {
        let colours = (0..<8).map { theme.resolve(Style(.series($0)), tier).foreground }
        #expect(Set(colours).count == 8, "\(theme.name) \(tier)")
      }
    }
  }

  @Test func everyFileOfTheFolderIsBuiltIn() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent("themes").path)
    #expect(Set(files) == Set(Theme.builtIn.map { "\($0.name).toml" }))
    #expect(Theme.builtIn.first?.name == "dark" && Theme.builtIn.filter(\.isMono).map(\.name) == ["mono"])
  }

  @Test func theUsersThemesJoinAndReplace() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("themes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in [
      ("sea", "name = \"sea\"\n[roles]\naccent = \"#004466\"\n"),
      ("mine", "name = \"light\"\n[roles]\naccent = \"red\"\n"),
      ("broken", "name = \"broken\"\n[roles]\naccent = \"rde\"\n"),
    ] {
      try Data(text.utf8).write(to: folder.appendingPathComponent("\(name).toml"))
    }
    try Data("not a theme".utf8).write(to: folder.appendingPathComponent("notes.txt"))
    let catalog = ThemeCatalog(folder: folder)
    #expect(catalog.themes.map(\.name) == Theme.builtIn.map(\.name) + ["sea"])
    #expect(catalog["light"]?[.accent].foreground == .ansi(1))
    #expect(catalog.problems.count == 1)
    let problem = try #require(catalog.problems.first)
    #expect(problem.isOf("broken") && !problem.isOf("sea"))
    #expect("\(problem)".contains("broken.toml:3: roles.accent"))
    #expect(catalog.theme(after: "sea").name == "dark" && catalog.theme(after: "dark").name == "light")
  }

  @Test(arguments: [
    ("name = \"x\"\n[roles]\ntext = \"defalt\"\n", "t.toml:3: roles.text is \"defalt\""),
    ("name = \"x\"\n[roles]\n\ntxt = \"red\"\n", "t.toml:4: there is no roles.txt"),
    ("name = \"x\"\nroles = \n", "t.toml:2: "),
    (
      "name = \"x\"\n[roles]\nbad = { foreground = \"red\", blod = true }\n",
      "t.toml:3: there is no roles.bad.blod"
    ),
    ("name = \"x\"\n[roles]\nbad = { bold = \"yes\" }\n", "t.toml:3: roles.bad.bold is of another type"),
    ("name = \"x\"\n[roles]\nbad = { mono = [\"bald\"] }\n", "t.toml:3: roles.bad.mono is"),
    ("name = \"x\"\n[roles]\nbad = 256\n", "t.toml:3: roles.bad is 256"),
    ("name = \"x\"\n[roles]\nbad = \"#12345\"\n", "t.toml:3: roles.bad is \"#12345\""),
    ("name = \"x\"\nglyphs = \"emoji\"\n[roles]\n", "t.toml:2: glyphs is \"emoji\""),
    ("name = \"x\"\n[roles.bad]\nbold = 3\n", "t.toml:3: roles.bad.bold"),
    ("[roles]\n", "t.toml: name is missing"), ("name = \"x\"\n", "t.toml: roles is missing"),
    ("name = 3\n[roles]\n", "t.toml:1: name is of another type"),
    ("name = \"x\"\nfont = 1\n[roles]\n", "t.toml:2: there is no font"),
  ])
  func errorsNameFileLineAndKey(_ text: String, _ message: String) {
    do {
      _ = try Theme(toml: text, file: "t.toml")
      Issue.record("accepted: \(text)")
    } catch {
      #expect("\(error)".hasPrefix(message), "\(error)")
    }
  }

  @Test func coloursBecomeNumbersOfATier() throws {
    let numbers = { (text: String) in ColourTier.allCases.map { tier in Colour(text)?.number(tier) } }
    #expect(numbers("default") == [-1, -1, -1, -1, -1])
    #expect(numbers("#ff0000") == [0xFF0000, 196, 9, 1, -1])
    #expect(numbers("#5fafff") == [0x5FAFFF, 75, 12, 6, -1])
    #expect(numbers("bright red") == [0xFF0000, 9, 9, 1, -1])
    #expect(numbers("red") == [1, 1, 1, 1, -1])
    #expect(numbers("244") == [0x808080, 244, 8, 7, -1])
    #expect(numbers("#000001")[0] == 8)
    #expect(Colour("#zzzzzz") == nil)
    #expect(Colour("bright") == nil)
    for text in ["default", "bright red", "#0a0b0c", "17"] { #expect(Colour(text)?.description == text) }
  }

  @Test func withoutColourAttributesCarryTheMeaning() {
    for theme in Theme.builtIn {
      let plain = theme.resolve(.text, .mono)
      for role in [Role.dim, .accent, .bad, .warning] {
        let mono = theme.resolve(Style(role), .mono)
        #expect(mono.foreground == -1 && mono.background == -1)
        #expect(mono.attributes != plain.attributes)
      }
      #expect(theme.resolve(Style(.selection).on(.selection), .mono).attributes.contains(.reverse))
    }
  }

  @Test func tiersAreThoseOfTheTerminal() {
    #expect(ColourTier(count: 1 << 24, isDirect: true) == .direct)
    #expect(ColourTier(count: 256, isDirect: false) == .colours256)
    #expect(ColourTier(count: 16, isDirect: false) == .colours16)
    #expect(ColourTier(count: 0, isDirect: false) == .mono)
    #expect(ColourTier.direct.limited(to: .colours8) == .colours8)
    #expect(ColourTier.mono.limited(to: .direct) == .mono)
  }

  @Test func aLocaleWithoutUnicodeGetsAscii() {
    #expect(Theme.dark.glyphs(isUnicode: true) == .unicode)
    #expect(Theme.dark.glyphs(isUnicode: false) == .ascii)
    #expect(Theme(name: "q", glyphs: .quadrant, looks: [:]).glyphs(isUnicode: true).plot == .quadrant)
    #expect(Theme(name: "a", glyphs: .ascii, looks: [:]).glyphs(isUnicode: true) == .ascii)
  }
}
