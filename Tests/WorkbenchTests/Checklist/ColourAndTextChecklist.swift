import Foundation
import ProjectStore
import Testing

@testable import TerminalUI
@testable import Workbench

/// The checklist's section "Colour and text", a line a test. What a terminal is sent for colours, and what it gets where
/// the locale is not UTF-8, is tested on a pseudo-terminal.
@MainActor @Suite("Checklist: colour and text") struct ColourAndTextChecklist {
  // MARK: Colours

  /// All styles on the screens and on what lies over them.
  private func styles(_ size: Size) throws -> Set<Style> {
    var styles: Set<Style> = []
    let project = try Checklist.twoRuns()
    for screen in WorkbenchState.Screen.allCases {
      for overlay in ["", ":", "?", "n", "q", "!"] {
        var state = try project.state(size, screen: screen)
        state.press("l", "v", "l", "C")
        if !overlay.isEmpty { state.press(overlay) }
        let grid = state.frame()
        styles.formUnion(grid.places { _ in true }.map { grid[$0.x, $0.y].style })
      }
    }
    return styles
  }

  @Test("`use_default_colors`; 8, 16, 256 and direct-colour tiers: every pair is one of the tier's")
  func tiers() throws {
    let styles = try styles(Size(width: 120, height: 36))
    #expect(styles.count > 20)
    for theme in Theme.builtIn {
      // Text stands in the terminal's own colours.
      let text = theme.resolve(.text, .direct)
      #expect(text.background == -1)
      for tier in ColourTier.allCases {
        let highest =
          switch tier {
          case .direct: 0xFF_FFFF
          case .colours256: 255
          case .colours16: 15
          case .colours8: 7
          case .mono: -1
          }
        let resolved = styles.map { theme.resolve($0, tier) }
        for style in resolved {
          #expect((-1...highest).contains(style.foreground), "\(theme.name) \(tier)")
          #expect((-1...highest).contains(style.background), "\(theme.name) \(tier)")
          // Else the text could not be read.
          #expect(
            style.foreground == -1 || style.foreground != style.background,
            "\(theme.name) \(tier): \(styles.filter { theme.resolve($0, tier) == style }.map(\.description))")
        }
        // What terminals of eight colours have: 64 pairs.
        #expect(Set(resolved.map { "\($0.foreground) \($0.background)" }).count <= 64)
        // Bad news stands out whatever there is.
        #expect(theme.resolve(Style(.bad, .bold), tier) != theme.resolve(.text, tier))
      }
    }
  }

  @Test("Without colours (mono, NO_COLOR, --color never): the same facts", arguments: Checklist.sizes)
  func mono(_ size: Size) throws {
    var state = try Checklist.twoRuns().state(size, screen: .runs)
    let coloured = state.frame().text
    state.isMono = true
    let mono = state.frame().text
    for fact in ["1 running", "Runs · 2", "conceptual-60", "factual-60", "▸", "✓", "84/120"] {
      #expect(coloured.contains(fact) && mono.contains(fact), "\(fact)")
    }
    // The cursor of the list is a sign, and marks are signs.
    #expect(mono.contains("▌ ○"))
  }

  @Test(
    "Themes for dark, light, high contrast, colour-blind safe (Okabe–Ito), mono, ascii — switchable live",
    arguments: Checklist.sizes)
  func themes(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      await screen.press("2", "F9")
      let first = screen.display.frame
      var names = [screen.display.theme.name]
      for _ in 0..<6 {
        await screen.press("t")
        let name = screen.display.theme.name
        screen.expect("Theme: \(name)", "1 running", "conceptual-60", "factual-60", "84/120")
        let isAscii = screen.text.allSatisfy { $0.isASCII }
        #expect(isAscii == (name == "ascii"))
        names.append(name)
      }
      #expect(names.dropLast().count == Set(names).count && names.last == names.first)
      #expect(Set(names) == ["dark", "light", "high-contrast", "colour-blind", "mono", "ascii"])
      await screen.press("F9")
      #expect(screen.display.frame == first, "all the way around")
    }
    let okabeIto = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000"]
    let theme = try #require(Theme.builtIn.first { $0.name == "colour-blind" })
    // Their black and blue are lighter here.
    let series = Set((0..<8).map { theme[.series($0)].foreground.description })
    #expect(series.count == 8 && series.intersection(okabeIto).count == 6, "\(series)")
  }

  @Test("User themes in the config folder", arguments: Checklist.sizes)
  func userThemes(_ size: Size) async throws {
    let project = try Checklist.twoRuns()
    let folder = ThemeCatalog.folder(in: project.folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let sea = "name = \"sea\"\n[roles]\naccent = \"#004466\"\n"
    try sea.write(to: folder.appendingPathComponent("sea.toml"), atomically: true, encoding: .utf8)
    try await Screen.script(on: project, size) { screen in
      for _ in 0..<6 { await screen.press("t") }
      screen.expect("Theme: sea")
      #expect(screen.display.theme[.accent].foreground.description == "#004466")
    }
    // One that is wrong is told, and the others are there.
    try "name = \"sea\"\n[roles]\naccent = \"blurple\"\n".write(
      to: folder.appendingPathComponent("sea.toml"), atomically: true, encoding: .utf8)
    try await Screen.script(on: project, size) { screen in
      screen.expect("sea.toml")
      await screen.press("t")
      screen.expect("Theme: light")
    }
  }

  // MARK: Widths

  nonisolated static let wideNames = [
    "plain", "日本語の実験", "👩‍🔬 lab 🏳️‍🌈", "e\u{301}\u{302}tude na\u{308}ive", "한국어", "ｆｕｌｌ",
  ]

  @Test("Width by wcwidth with grapheme clusters (CJK, emoji, combining marks)", arguments: Checklist.sizes)
  func widths(_ size: Size) async throws {
    let project = try TemporaryProject()
    for name in Self.wideNames { try project.addRun(name, losses: [3, 2, 1.125]) }
    try await Screen.script(on: project, size) { screen in
      await screen.press("2")
      var seen: Set<Int> = []
      for name in Self.wideNames.reversed() {
        let row = try #require(screen.lines.firstIndex { $0.contains("▌") && $0.contains("1.125") })
        // As terminals agree upon it: an emoji without its companions, a flag without its colours.
        let shown = String(DisplayCell.cells(of: name).map(\.character))
        #expect(screen.lines[row].contains(shown.prefix(4)), "\(name)")
        // Whatever the name, the loss stands in its column, and the row has as many cells as the screen.
        seen.insert(try #require(screen.place(of: "1.125", row: row)).x)
        #expect(DisplayText.width(screen.lines[row]) == size.width)
        await screen.press("j")
      }
      #expect(seen.count == 1)
      expectSound(screen)
    }
  }

  @Test("Truncate by cells", arguments: Checklist.sizes)
  func truncation(_ size: Size) async throws {
    let project = try TemporaryProject()
    let long = String(repeating: "実験", count: 120)
    try project.addRun(long, losses: [3, 2, 1.125])
    try project.addRun(String(repeating: "e\u{301}👍", count: 120), losses: [3, 2, 1.125])
    try await Screen.script(on: project, size) { screen in
      await screen.press("2")
      for row in screen.lines.filter({ $0.contains("1.125") && $0.contains("✓") }) {
        #expect(row.contains("…"))
        #expect(row.hasSuffix("│"), "the border stays where it is: \(row)")
        #expect(DisplayText.width(row) == size.width)
      }
      #expect(screen.lines.count { $0.contains("1.125") && $0.contains("✓") } == 2)
      expectSound(screen)
    }
  }

  // MARK: Text of others

  /// Sequences that set the title, write the clipboard, clear, colour, by ESC and by C1, and turn the reading order.
  nonisolated static let hostile =
    "x\u{1B}]2;owned\u{7}\u{1B}]52;c;b3duZWQ=\u{1B}\\\u{1B}[2J\u{1B}[31mred\u{9B}2J\u{9D}0;c1\u{9C}\u{202E}rtl\u{7}\u{8}y"

  /// What is left of it to see.
  nonisolated static let shown = "xred<U+202E>rtl␇␈y"

  /// No cell of any frame holds what a terminal would obey, and wide characters have both of their cells.
  private func expectSound(_ screen: Screen, location: SourceLocation = #_sourceLocation) {
    for grid in screen.display.frames {
      for place in grid.places(where: { _ in true }) {
        let cell = grid[place.x, place.y]
        guard !cell.isContinuation else { continue }
        for scalar in cell.character.unicodeScalars {
          let isObeyed =
            scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            || (0x200E...0x200F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
          #expect(!isObeyed, "U+\(String(scalar.value, radix: 16))", sourceLocation: location)
        }
        if DisplayText.width(String(cell.character)) == 2 {
          #expect(grid[place.x + 1, place.y].isContinuation, sourceLocation: location)
        }
      }
    }
  }

  @Test(
    "All model and data text is stripped of control and escape sequences: names, notes, tags, answers, messages",
    arguments: Checklist.sizes)
  func textOfOthers(_ size: Size) async throws {
    let project = try TemporaryProject()
    let hostile = Self.hostile
    let run = try project.addLiveRun(hostile, steps: 20)
    try project.store.append(RunEvent(run: run, step: 20, kind: .nan, message: hostile))
    try project.store.append([
      SampleAnswer(
        run: run, step: 20, question: hostile, expected: hostile, baseAnswer: hostile, answer: hostile)
    ])
    let failed = try project.addLiveRun("b\(hostile)", steps: 5)
    try project.finish(failed, .failed, message: hostile)
    try project.store.importPairs([
      QAPair(question: hostile, answer: hostile, category: nil, split: .train, source: hostile)
    ])
    _ = try project.store.edit([
      RunEdit(failed, .note(hostile)), RunEdit(failed, .tags(["t\(hostile)"])),
    ])
    try await Screen.script(on: project, size) { screen in
      var places = 0
      // Overview and its pairs, the list, the events, the answers, the alerts, dialogs about a run.
      for keys in [
        ["1"], ["tab"], ["2"], ["tab"], ["tab"], ["tab"], ["!"], ["esc", "G", "s"], ["esc", "L"],
        ["esc", "g", "T"], ["esc", "i"],
      ] {
        for key in keys { await screen.press(key) }
        if screen.text.contains("red") { places += 1 }
        #expect(!screen.text.contains("owned") && !screen.text.contains("b3duZWQ"))
      }
      #expect(places >= 7, "it was on the screen")
      if size.width >= 80 { screen.expect(String(Self.shown.prefix(12))) }
      expectSound(screen)
      #expect(!screen.display.title.contains("owned") && screen.display.copied.isEmpty)
    }
  }

  @Test("Stripped too: log names and file names of followed logs", arguments: Checklist.sizes)
  func textOfLogs(_ size: Size) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "assay-checklist-\(UUID().uuidString)")
    // A name of a file cannot hold a slash.
    let name = "\u{1B}]2;owned\u{7}b\u{1B}[31mred\u{202E}"
    let place = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let series = "acc\\u001b[2J\\u202eu"
    let lines = (1...30).map { "{\"step\": \($0), \"loss\": 2.5, \"\(series)\": 1.5}\n" }.joined()
    try lines.write(to: place.appendingPathComponent("\(name).jsonl"), atomically: true, encoding: .utf8)
    try await Screen.script(watching: [folder.path, place.path], size) { screen in
      var seen = screen.text
      for key in ["w", "j", "j", "j", "tab", "j", "tab", "tab", "E", "esc", "!"] {
        await screen.press(key)
        seen += screen.text
      }
      let isThere = seen.contains(size.width < 80 ? "bred" : "bred<U+202E>")
      #expect(isThere)
      let hasSeries = seen.contains("acc<U+202E>u")
      #expect(hasSeries)
      let isObeyed = seen.contains("owned")
      #expect(!isObeyed)
      expectSound(screen)
    }
  }
}
