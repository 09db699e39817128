import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// What can be pointed at. All of it has keys, which the other scripts press.
@MainActor @Suite struct MouseTests {
  private func twoRuns() throws -> TemporaryProject {
    let project = try TemporaryProject()
    try project.addPairs()
    _ = try project.addLiveRun("conceptual-60", steps: 84)
    let second = try project.addLiveRun("factual-60", steps: 120)
    try project.finish(second)
    return project
  }

  private func script(
    _ size: Size = Size(width: 120, height: 36), _ script: (Screen) async throws -> Void
  ) async throws {
    try await Screen.script(on: twoRuns(), size) { screen in
      await screen.press("m")
      #expect(screen.display.isMouseOn)
      screen.expect("Mouse on")
      await screen.press("F9")
      try await script(screen)
    }
  }

  @Test func itIsOffUntilItIsAskedFor() async throws {
    try await Screen.script(on: twoRuns()) { screen in
      #expect(!screen.display.isMouseOn)
      try await screen.click("2 Runs")
      screen.expectNone("Runs · 2")
      await screen.press("m", "m")
      #expect(!screen.display.isMouseOn)
      screen.expect("Mouse off")
      screen.display.hasMouse = false
      await screen.press("m")
      screen.expect("This terminal has no mouse")
    }
  }

  @Test func tabsAndHintsAreButtons() async throws {
    try await script { screen in
      try await screen.click("2 Runs", right: 3)
      screen.expect("Runs · 2")
      try await screen.click("1 Overview")
      screen.expectNone("Runs · 2")
      try await screen.click("? help", right: 4)
      screen.expect("Keys")
      // Beside it closes it.
      await screen.click(Point(x: 1, y: 2))
      screen.expectNone("Keys")
      try await screen.click("n new run")
      screen.expect("Learning rate")
      try await screen.click("esc cancel")
      screen.expectNone("Learning rate")
    }
  }

  @Test(arguments: [Size(width: 120, height: 36), Size(width: 40, height: 12)])
  func rowsAndMarksOfTheList(_ size: Size) async throws {
    try await script(size) { screen in
      await screen.press("2")
      screen.expect("▌ ○")
      #expect(screen.row(containing: "▌ ○")?.contains("factual") == true)
      try await screen.click("conceptual-60")
      #expect(screen.row(containing: "▌ ○")?.contains("conceptual") == true)
      screen.expectNone("marked")
      let mark = try #require(screen.place(of: "○"))
      await screen.click(mark)
      screen.expect("1 marked")
      #expect(screen.row(containing: "▌ ●")?.contains("factual") == true)
      await screen.click(mark)
      screen.expectNone("marked")
    }
  }

  @Test func aClickFocusesAPane() async throws {
    try await script { screen in
      await screen.press("2")
      for title in ["Events", "Answers", "Loss", "Runs · 2"] {
        let corner = try #require(screen.place(of: title))
        await screen.click(Point(x: corner.x, y: corner.y + 1))
        let edge = screen.display.frame[corner.x - 2, corner.y].style
        #expect(edge.foreground == .role(.accent), "\(title)")
      }
      await screen.press("1")
      try await screen.click("Judge scores")
      let judges = try #require(screen.place(of: "Judge scores"))
      #expect(screen.display.frame[judges.x - 2, judges.y].style.foreground == .role(.accent))
    }
  }

  @Test func theWheelScrollsWhatIsUnderIt() async throws {
    try await script { screen in
      await screen.press("2", "j")
      #expect(screen.row(containing: "▌ ○")?.contains("conceptual") == true)
      let events = try #require(screen.place(of: "Events"))
      await screen.mouse(.wheelDown, Point(x: events.x, y: events.y + 2))
      screen.expect("from 4 of ")
      await screen.mouse(.wheelUp, Point(x: events.x, y: events.y + 2))
      screen.expectNone("from ")
      // The focus stays in the list.
      await screen.press("k")
      #expect(screen.row(containing: "▌ ○")?.contains("factual") == true)
      let list = try #require(screen.place(of: "conceptual-60"))
      await screen.mouse(.wheelDown, list)
      #expect(screen.row(containing: "▌ ○")?.contains("conceptual") == true)
      await screen.press("?")
      let help = screen.text
      await screen.mouse(.wheelDown, Point(x: 60, y: 10))
      #expect(screen.text != help)
    }
  }

  // MARK: Charts

  /// The columns and the row of the plot's x axis.
  private func axis(_ screen: Screen) throws -> (y: Int, x: ClosedRange<Int>) {
    let corner = try #require(screen.place(of: "└┬") ?? screen.place(of: "└─"))
    let end = (corner.x + 1..<screen.display.frame.size.width).last {
      "─┬".contains(screen.display.frame[$0, corner.y].character)
    }
    return (corner.y, corner.x + 1...(try #require(end)))
  }

  @Test(arguments: [Size(width: 120, height: 36), Size(width: 80, height: 24), Size(width: 40, height: 12)])
  func aClickPutsTheCursorToTheNearestPoint(_ size: Size) async throws {
    try await script(size) { screen in
      await screen.press("2", "tab")
      let axis = try axis(screen)
      // Under the label of a tick lies its step.
      let label = try #require(screen.place(of: "100", row: axis.y + 1))
      await screen.click(Point(x: label.x + 1, y: axis.y - 2))
      // The label of the cursor stands in place of the tick's.
      let steps = screen.lines[axis.y + 1].matches(of: /\d+/).compactMap { Int($0.output) }
      let step = try #require(steps.first { abs($0 - 100) <= 4 }, "\(steps)")
      let place = try #require(screen.place(of: "\(step)", row: axis.y + 1))
      #expect(screen.display.frame[place.x, place.y].style.foreground == .role(.cursor))
      await screen.press("esc")
      #expect(!screen.hasStyle(.cursor))
    }
  }

  @Test func aDragZoomsToItsStretch() async throws {
    try await script { screen in
      await screen.press("2")
      let axis = try axis(screen)
      let from = try #require(screen.place(of: " 40 ", row: axis.y + 1))
      let to = try #require(screen.place(of: " 80 ", row: axis.y + 1))
      let y = axis.y - 3
      let (start, end) = (Point(x: from.x + 1, y: y), Point(x: to.x + 1, y: y))
      await screen.mouse(.press(.left), start)
      await screen.mouse(.drag(.left), end)
      let grid = screen.display.frame
      #expect(grid[start.x + 1, y].style.background == .role(.selection))
      #expect(grid[end.x + 2, y].style.background == nil)
      #expect(grid[start.x - 1, y].style.background == nil)
      await screen.mouse(.release(.left), end)
      #expect(screen.display.frame[start.x + 1, y].style.background == nil)
      // 40 of 119 steps.
      #expect(screen.row(containing: "x step ·")?.contains(/x step · (2\.9|3|3\.1)\d?× · EMA/) == true)
      let ticks = screen.lines[axis.y + 1].matches(of: /\d+/).compactMap { Int($0.output) }
      #expect(ticks.count >= 3 && ticks.prefix(5).allSatisfy { (39...81).contains($0) }, "\(ticks)")
      await screen.press("0")
      screen.expectNone("×")
      // From right to left and out of the plot is the same as to its edge.
      await screen.drag(from: end, to: Point(x: 0, y: 0))
      let again = screen.lines[axis.y + 1].matches(of: /\d+/).compactMap { Int($0.output) }
      #expect(again.allSatisfy { $0 <= 81 })
    }
  }

  @Test func theWheelZoomsAroundThePointer() async throws {
    try await script { screen in
      await screen.press("2")
      let axis = try axis(screen)
      let label = try #require(screen.place(of: " 60 ", row: axis.y + 1))
      let point = Point(x: label.x + 1, y: axis.y - 3)
      for _ in 0..<4 { await screen.mouse(.wheelUp, point) }
      screen.expect("x step · 2.44× · EMA")
      let now = try #require(screen.place(of: " 60 ", row: axis.y + 1))
      #expect(abs(now.x - label.x) <= 1, "the step under the pointer stays there")
      for _ in 0..<5 { await screen.mouse(.wheelDown, point) }
      screen.expectNone("×")
    }
  }

  /// The small charts share their axis: what is done to one is done to all.
  @Test func chartsOfTheGrid() async throws {
    try await script { screen in
      await screen.press("2", "w")
      let head = try #require(screen.place(of: "gradient norm"))
      let point = Point(x: head.x + 20, y: head.y + 2)
      await screen.mouse(.wheelUp, point)
      screen.expect("x step · 1.25× · EMA")
      await screen.mouse(.wheelDown, point)
      screen.expectNone("×")
      await screen.click(point)
      #expect(screen.hasStyle(.cursor))
      await screen.press("esc")
      await screen.mouse(.press(.left), point)
      await screen.mouse(.drag(.left), Point(x: point.x + 6, y: point.y))
      #expect(screen.display.frame[point.x + 2, point.y].style.background == .role(.selection))
      await screen.mouse(.release(.left), Point(x: point.x + 6, y: point.y))
      screen.expect("× · EMA")
    }
  }

  @Test func aKeyOrAResizeEndsADrag() async throws {
    try await script { screen in
      await screen.press("2")
      let axis = try axis(screen)
      let (start, end) = (
        Point(x: axis.x.lowerBound + 5, y: axis.y - 3), Point(x: axis.x.lowerBound + 20, y: axis.y - 3)
      )
      for interruption in [{ await screen.press("F9") }, { await screen.resize(110, 40) }] {
        await screen.mouse(.press(.left), start)
        await screen.mouse(.drag(.left), end)
        await interruption()
        await screen.mouse(.release(.left), end)
        screen.expectNone("×")
        #expect(!screen.hasStyle(.cursor))
      }
    }
  }

  // MARK: Overlays

  @Test func rowsOfOverlays() async throws {
    let project = try twoRuns()
    let alive = try #require(try project.store.runs().first { $0.state == .running }?.id)
    let code = try await Screen.script(on: project) { screen in
      await screen.press("m", ":")
      await screen.type("next the")
      try await screen.click("next theme")
      screen.expect("Theme: light")

      await screen.press("n")
      try await screen.click("Seed")
      screen.expect("▌ Seed")
      try await screen.click("Category")
      screen.expect("▌ Category", "all")
      let value = try #require(screen.place(of: "all", after: 20))
      await screen.click(value)
      screen.expect("factual ")
      try await screen.click("enter start")
      #expect(screen.launcher.started.map(\.filter) == [["category=factual"]])
      await screen.press("esc", "q")
      await screen.click(Point(x: 1, y: 3))
      screen.expectNone("stop and save")
      await screen.press("q")
      try await screen.click("stop and save, then quit")
    }
    #expect(code == 0)
    #expect(try project.store.takeCommands(run: alive).map(\.command) == [.stopAndSave])
  }

  @Test func alertsAreGoneToByAClick() async throws {
    let project = try TemporaryProject()
    let names = ["first", "second"]
    for name in names { try project.finish(try project.addLiveRun(name, steps: 12), .failed, message: "why") }
    try await Screen.script(on: project, Size(width: 100, height: 30)) { screen in
      await screen.press("m", "!")
      screen.expect("Alerts")
      let row = try #require(screen.row(containing: "▌"))
      let other = row.contains("first") ? "second" : "first"
      let y = try #require(screen.lines.firstIndex { $0.contains("failed") && $0.contains(other) })
      let place = Point(x: 40, y: y)
      await screen.click(place)
      #expect(screen.row(containing: "▌")?.contains(other) == true)
      await screen.click(Point(x: 1, y: 2))
      screen.expectNone("Alerts")
      await screen.press("!")
      await screen.click(place)
      await screen.click(place)
      screen.expectNone("Alerts")
      #expect(screen.row(containing: "▌")?.contains(other) == true)
      screen.expect("Runs · 2")
    }
  }

  @Test func aSettingBeginsWithIt() async throws {
    let project = try twoRuns()
    try await Screen.script(on: project, settings: "[workbench]\nmouse = true\n") { screen in
      #expect(screen.display.isMouseOn)
      try await screen.click("2 Runs")
      screen.expect("Runs · 2")
    }
  }

  /// Presses everywhere, at every size: nothing crashes, nothing is commanded by a click beside a button.
  @Test(arguments: ScriptTests.sizes)
  func presses(_ size: Size) async throws {
    try await Screen.script(on: twoRuns(), size) { screen in
      await screen.press("m")
      for key in ["1", "2", "?", "n", ":"] {
        await screen.press(key)
        for y in stride(from: -1, through: size.height, by: max(1, size.height / 6)) {
          for x in stride(from: -1, through: size.width, by: max(1, size.width / 4)) {
            let point = Point(x: x, y: y)
            for kind in [MouseEvent.Kind.press(.left), .drag(.left), .wheelUp, .wheelDown, .press(.right)] {
              screen.display.onEvent(.mouse(MouseEvent(kind, at: point)))
            }
          }
        }
        await screen.whenIdle()
        await screen.press("esc")
      }
      #expect(screen.display.frame.size == size)
    }
  }
}
