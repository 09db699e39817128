import Foundation
import Testing

@testable import TerminalUI

@Suite struct ThemeTests {
  /// The executable carries the files of `themes/`; a stale copy would show here.
  @Test(arguments: ["dark", "light"])
  func builtInThemesAreTheFiles(_ name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appendingPathComponent("themes/\(name).toml")
    try #require(FileManager.default.fileExists(atPath: file.path))
    #expect(try Theme(contentsOf: file) == Theme.builtIn(named: name))
  }

  @Test func everyRoleHasALookAndSeriesDiffer() {
    for theme in Theme.builtIn {
      for role in Role.allCases where role != .text {
        #expect(theme[role] != Theme.Look(), "\(theme.name): \(role.rawValue)")
      }
      for tier in [ColourTier.direct, .colours256] {
        let colours = (0..<8).map { theme.resolve(Style(.series($0)), tier).foreground }
        #expect(Set(colours).count == 8, "\(theme.name) \(tier)")
      }
    }
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
