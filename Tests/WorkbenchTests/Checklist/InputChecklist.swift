import Foundation
import Jobs
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// The checklist's section "Input", a line a test, by scripts that press keys. What a terminal sends for them is tested
/// on a pseudo-terminal.
@MainActor @Suite("Checklist: input") struct InputChecklist {
  /// The name of the run under the cursor.
  private func selected(_ screen: Screen) -> String? {
    screen.row(containing: "▌").flatMap { $0.firstMatch(of: /run-\d+/).map { String($0.output) } }
  }

  // MARK: Moving

  @Test("Arrows and hjkl")
  func arrowsAndLetters() async throws {
    let (project, curves) = try (Checklist.manyRuns(40), Checklist.twoRuns())
    for size in Checklist.sizes {
      try await Screen.script(on: project, size) { screen in
        await screen.press("2")
        #expect(selected(screen) == "run-01")
        await screen.press("j", "down", "j")
        #expect(selected(screen) == "run-04")
        await screen.press("k", "up")
        #expect(selected(screen) == "run-02")
      }
      var state = try curves.curves(size)
      for (right, left) in [("l", "h"), ("right", "left")] {
        state.press(right, right, right)
        let there = try #require(state.options.cursor)
        state.press(left)
        let back = try #require(state.options.cursor)
        #expect(back < there)
        state.press("esc")
        #expect(state.options.cursor == nil)
      }
    }
  }

  @Test("g/G, Home/End")
  func ends() async throws {
    let project = try Checklist.manyRuns(40)
    for size in Checklist.sizes {
      try await Screen.script(on: project, size) { screen in
        await screen.press("2")
        for (first, last) in [("g", "G"), ("home", "end")] {
          await screen.press(last)
          #expect(selected(screen) == "run-40")
          await screen.press(first)
          #expect(selected(screen) == "run-01")
        }
      }
    }
  }

  @Test("PgUp/PgDn, ^U/^D")
  func pages() async throws {
    let project = try Checklist.manyRuns(60)
    for size in Checklist.sizes {
      try await Screen.script(on: project, size) { screen in
        await screen.press("2")
        var places: [[String?]] = []
        for (down, up) in [("pgdn", "pgup"), ("^d", "^u")] {
          await screen.press(down)
          let below = selected(screen)
          await screen.press(down)
          let further = selected(screen)
          await screen.press(up)
          #expect(selected(screen) == below)
          await screen.press(up)
          #expect(selected(screen) == "run-01")
          #expect(below != "run-01" && below != "run-02" && further != below, "more than a line")
          places.append([below, further])
        }
        #expect(places[0] == places[1])
      }
    }
  }

  @Test("Tab/Shift-Tab between panes", arguments: Checklist.sizes)
  func panes(_ size: Size) async throws {
    for start in ["1", "2"] {
      try await Screen.script(on: Checklist.twoRuns(), size) { screen in
        await screen.press(start)
        var frames = [screen.display.frame]
        while frames.count < 10 {
          await screen.press("tab")
          if screen.display.frame == frames[0] { break }
          frames.append(screen.display.frame)
        }
        #expect(frames.count == (start == "1" ? 3 : 4), "every pane has its turn")
        for frame in frames.reversed() {
          await screen.press("shift-tab")
          #expect(screen.display.frame == frame)
        }
      }
    }
  }

  @Test("Enter in, Esc out one layer and never quits", arguments: Checklist.sizes)
  func layers(_ size: Size) async throws {
    let code = try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      await screen.press("enter")
      screen.expect("Runs · 2")
      let list = screen.display.frame
      await screen.press("tab")
      let pane = screen.display.frame
      await screen.press("z")
      let zoomed = screen.display.frame
      await screen.press("l")
      let cursor = screen.display.frame
      await screen.press("v", "l", "n")
      screen.expect("New run")
      // Form, pin, cursor, window, pane, screen: one at a time.
      await screen.press("esc")
      screen.expectNone("Learning rate  ")
      #expect(screen.text.contains("Δ") || screen.text.contains("(+"))
      await screen.press("esc")
      #expect(!screen.text.contains("(+"))
      #expect(screen.hasStyle(.cursor) && cursor != zoomed)
      await screen.press("esc")
      #expect(!screen.hasStyle(.cursor))
      await screen.press("esc")
      #expect(screen.display.frame == pane)
      await screen.press("esc")
      #expect(screen.display.frame == list)
      await screen.press("esc")
      screen.expectNone("Runs · 2")
      let home = screen.display.frame
      for overlay in [":", "?", "!", "q", "n", "E"] {
        await screen.press(overlay)
        #expect(screen.display.frame != home, "\(overlay)")
        await screen.press("esc")
        #expect(screen.display.frame == home, "\(overlay)")
      }
      await screen.press("esc", "esc", "esc", "esc", "esc", "esc")
      #expect(screen.display.frame == home && !screen.display.isClosed)
    }
    #expect(code == 130, "it ran until the script's end")
  }

  // MARK: Finding

  /// The sections that count together: those of each screen, and with a filter on.
  private static let sections =
    WorkbenchState.Screen.allCases.map(\.sections)
    + [[Action.Section.filter] + WorkbenchState.Screen.runs.sections]

  @Test("`/` filter with n/N, live preview")
  func filter() async throws {
    let project = try Checklist.manyRuns(30)
    for size in Checklist.sizes {
      try await Screen.script(on: project, size) { screen in
        await screen.press("2", "/")
        await screen.type("run-1")
        screen.expect("10 of 30", "run-10")
        screen.expectNone("run-01")
        await screen.type("3")
        screen.expect("1 of 30", "run-13")
        await screen.press("backspace", "enter")
        #expect(selected(screen) == "run-10")
        await screen.press("n", "n")
        #expect(selected(screen) == "run-12")
        await screen.press("N")
        #expect(selected(screen) == "run-11")
        await screen.press("g", "N")
        #expect(selected(screen) == "run-19", "around the end")
        await screen.press("esc")
        screen.expect("Runs · 30")
        await screen.press("n")
        screen.expect("New run")
      }
    }
  }

  @Test("`:` palette of every action with fuzzy search", arguments: Checklist.sizes)
  func palette(_ size: Size) async throws {
    var known: Set<String> = []
    for keys in [["1"], ["2"], ["2", "/", "6", "0", "enter"]] {
      var state = try Checklist.twoRuns().state(size)
      for key in keys + [":"] { state.press(key) }
      guard case .palette(let palette) = state.overlay else {
        Issue.record("no palette")
        return
      }
      known.formUnion(palette.matches.map(\.name))
    }
    #expect(known == Set(Action.allCases.map(\.rawValue)))
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      await screen.press("2", ":")
      await screen.type("nxtthm")
      #expect(screen.row(containing: "next theme")?.contains("▌") == true)
      await screen.press("enter")
      #expect(screen.display.theme.name == "light")
    }
  }

  @Test("`?` help made from the same key table", arguments: Checklist.sizes)
  func help(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      for (key, shown) in [("1", WorkbenchState.Screen.overview), ("2", .runs)] {
        await screen.press(key, "?")
        var lines: Set<String> = []
        var before: CellGrid?
        while screen.display.frame != before {
          lines.formUnion(screen.lines)
          before = screen.display.frame
          await screen.press("pgdn")
        }
        for command in Action.keyTable.commands(in: shown.sections) {
          let keys = command.keys.map(\.description).joined(separator: " ")
          #expect(
            lines.contains { $0.contains(" \(keys) ") && $0.contains(" \(command.title)") },
            "\(command.name) in \(lines.filter { $0.contains(" \(keys) ") })")
        }
        await screen.press("?")
      }
    }
  }

  @Test("Digits switch screens", arguments: Checklist.sizes)
  func digits(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      screen.expectNone("Runs · 2")
      await screen.press("2")
      screen.expect("Runs · 2")
      await screen.press("2")
      screen.expect("Runs · 2")
      await screen.press("1")
      screen.expectNone("Runs · 2")
    }
    // As many digits as there are screens, in the order of the tabs.
    let digits = WorkbenchState.Screen.allCases.map { $0.action.keys }
    #expect(digits == digits.indices.map { [.character(Character("\($0 + 1)"))] })
  }

  @Test("`q` leaves; quitting while runs are alive asks", arguments: Checklist.sizes)
  func quitting(_ size: Size) async throws {
    let project = try Checklist.twoRuns()
    let alive = try #require(try project.store.runs().first { $0.state == .running }?.id)
    let left = try await Screen.script(on: project, size) { screen in
      await screen.press("q")
      screen.expect("Quit?", "quit and leave running", "cancel")
      await screen.press("c")
      screen.expectNone("Quit?")
      await screen.press("q", "l")
    }
    #expect(left == 0)
    #expect(try project.store.run(alive).state == .running)
    try project.finish(alive)
    let code = try await Screen.script(on: project, size) { screen in
      await screen.press("q")
      screen.expectNone("Quit?")
    }
    #expect(code == 0)
  }

  // MARK: By keys alone

  @Test("Nothing only by mouse, Alt or F-keys")
  func plainKeys() throws {
    for action in Action.allCases {
      let plain = action.keys.filter { if case .function = $0 { false } else { $0.problem == nil } }
      #expect(!plain.isEmpty, "\(action)")
      let places = Self.sections.filter { sections in
        plain.contains { Action.keyTable.command(for: $0, in: sections)?.name == action.rawValue }
      }
      #expect(!places.isEmpty, "\(action) is on no screen")
    }
    // With Alt a terminal sends Esc and the key: what is bound stays two keys.
    #expect(Key("alt-x") == nil && Key("M-x") == nil)
  }

  @Test("Key map in settings, conflicts reported", arguments: Checklist.sizes)
  func keyMap(_ size: Size) async throws {
    let project = try Checklist.twoRuns()
    let file = project.folder.appendingPathComponent("keys.toml")
    try "\"runs.new\" = \"a\"\n\"runs.pause\" = \"a\"\n".write(to: file, atomically: true, encoding: .utf8)
    try await Screen.script(on: project, size) { screen in
      screen.expect("keys.toml:2: key a is bound to")
      await screen.press("n")
      screen.expect("New run")
    }
    try "\"runs.new\" = \"F5\"\n".write(to: file, atomically: true, encoding: .utf8)
    try await Screen.script(on: project, size) { screen in
      screen.expectNone("keys.toml")
      await screen.press("n")
      screen.expectNone("New run")
      await screen.press("F5")
      screen.expect("New run")
    }
  }

  @Test("Mouse optional (`m` toggles)", arguments: Checklist.sizes)
  func mouse(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      #expect(!screen.display.isMouseOn)
      await screen.press("2")
      let before = screen.display.frame
      await screen.click(Point(x: 8, y: 4))
      #expect(screen.display.frame == before, "nobody listens")
      await screen.press("m")
      #expect(screen.display.isMouseOn)
      screen.expect("Shift")
      await screen.click(Point(x: 8, y: 4))
      #expect(screen.row(containing: "▌")?.contains("factual-60") == true)
      await screen.press("m")
      #expect(!screen.display.isMouseOn)
    }
  }
}
