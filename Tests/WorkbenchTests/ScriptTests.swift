import Foundation
import Jobs
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// Scripts through the whole workbench: a real store, its reader, the key table, the pacing of frames.
@MainActor @Suite struct ScriptTests {
  nonisolated static let sizes = [
    Size(width: 80, height: 24), Size(width: 40, height: 12), Size(width: 300, height: 90),
  ]

  private func twoRuns() throws -> TemporaryProject {
    let project = try TemporaryProject()
    try project.addPairs()
    _ = try project.addLiveRun("conceptual-60", steps: 84)
    let second = try project.addLiveRun("factual-60", steps: 120)
    try project.finish(second)
    return project
  }

  @Test(arguments: sizes)
  func everyScreenAndPane(_ size: Size) async throws {
    try await Screen.script(on: twoRuns(), size) { screen in
      screen.expect("Loss", "1 running")
      if size.width >= 80 { screen.expect("QA pairs · 1,284", "Judge scores") }
      await screen.press("tab")
      screen.expect("QA pairs · 1,284")
      await screen.press("tab")
      screen.expect("Judge scores")
      await screen.press("2")
      screen.expect("Runs · 2", "conceptual-60", "factual-60")
      await screen.press("space", "j", "space")
      screen.expect("2 marked")
      await screen.press("tab")
      screen.expect("Loss · x step · EMA 0.9")
      try screen.expect("Loss", .title)
      await screen.press("tab")
      screen.expect("Events")
      await screen.press("tab")
      screen.expect("Answers", "What does a PUE of 1.5")
      await screen.press("shift-tab", "shift-tab", "shift-tab")
      screen.expect("Runs · 2")
      await screen.press("1", "esc")
      screen.expect("Loss")
      #expect(screen.launcher.started.isEmpty)
    }
  }

  @Test(arguments: sizes)
  func everyOverlay(_ size: Size) async throws {
    let code = try await Screen.script(on: twoRuns(), size) { screen in
      let before = screen.display.frame
      await screen.press("?")
      screen.expect("Keys", "new run")
      await screen.press("?")
      #expect(screen.display.frame == before, "an overlay leaves no trace")

      await screen.press(":")
      await screen.type("next th")
      screen.expect("Commands", "next theme")
      await screen.press("enter")
      screen.expect("Theme: light")
      #expect(screen.display.theme.name == "light")

      await screen.press("n")
      screen.expect("New run", "Learning rate")
      await screen.paste("pilot\u{1B}[31m\nred")
      screen.expect("pilot")
      #expect(!screen.text.unicodeScalars.contains("\u{1B}"))
      await screen.press("esc", "q")
      screen.expect("quit and leave running")
      await screen.press("esc")
      screen.expectNone("quit and leave running")
      #expect(!screen.display.isClosed)
    }
    #expect(code == 130)
  }

  @Test func quitsByItsDialog() async throws {
    let project = try twoRuns()
    let alive = try #require(try project.store.runs().first { $0.state == .running }?.id)
    let code = try await Screen.script(on: project) { screen in
      await screen.press("q", "s")
    }
    #expect(code == 0)
    #expect(try project.store.takeCommands(run: alive).map(\.command) == [.stopAndSave])
  }

  @Test func aNewRunIsAskedFor() async throws {
    let launcher = RecordingLauncher(.failure(LaunchError("no such model")))
    try await Screen.script(on: twoRuns(), launcher: launcher) { screen in
      await screen.press("n")
      await screen.type("third")
      await screen.press("enter")
      screen.expect("no such model", "third")
      #expect(launcher.started.map(\.name) == ["third"])
    }
  }

  @Test func aDeadlySignalEndsIt() async throws {
    try await Screen.script(on: twoRuns()) { screen in
      await screen.send(.terminate(signal: 15))
      #expect(screen.display.deadlySignal == 15)
    }
  }

  @Test(arguments: sizes)
  func emptyProject(_ size: Size) async throws {
    try await Screen.script(on: TemporaryProject(), size) { screen in
      screen.expect("No runs yet — press n for a new")
      await screen.press(
        "2", "j", "k", "space", "p", "s", "R", "L", "z", "l", "h", "[", "0", "f", "f", "G", "^d")
      screen.expect("Runs · 0")
      await screen.press("n")
      screen.expect("New run")
    }
  }

  @Test func resizeStorm() async throws {
    try await Screen.script(on: twoRuns()) { screen in
      await screen.press("2", "space", "j", "space", ":")
      let sizes = [
        (0, 0), (1, 1), (2, 3), (39, 11), (300, 1), (1, 90), (40, 12), (79, 20), (110, 30), (300, 90),
      ]
      for (width, height) in sizes {
        await screen.resize(width, height)
        #expect(screen.display.frame.size == Size(width: width, height: height))
      }
      let before = screen.display.drawnCount
      await screen.resizeStorm(sizes.map { Size(width: $0.0, height: $0.1) })
      #expect(screen.display.drawnCount - before <= 2, "only the size that stays is drawn")
      await screen.press("esc")
      screen.expect("2 marked", "Events", "Answers")
      #expect(screen.lines.count == 90)
    }
  }

  // MARK: Frames

  @Test(arguments: sizes)
  func theFirstFrameIsTheFinalLayout(_ size: Size) async throws {
    try await Screen.script(on: twoRuns(), size) { screen in
      let frames = screen.display.frames
      let first = try #require(frames.first)
      #expect(!Screen.corners(first).isEmpty)
      for frame in frames { #expect(Screen.corners(frame) == Screen.corners(first)) }
      #expect(first.text.contains("1 running"))
    }
  }

  @Test func nothingIsWrittenWhenNothingChanged() async throws {
    let project = try twoRuns()
    for run in try project.store.runs() where run.state.isAlive { try project.finish(run.id, .stopped) }
    try await Screen.script(on: project) { screen in
      await screen.press("2")
      let frames = screen.display.frames.count
      let drawn = screen.display.drawnCount
      // A key without a meaning, one that cannot move further, and a return from ^Z.
      await screen.press("F9", "k")
      await screen.send(.resumed)
      #expect(screen.display.drawnCount == drawn + 3)
      #expect(screen.display.frames.count == frames)
    }
  }

  @Test func aBurstOfKeysIsOneFrame() async throws {
    try await Screen.script(on: twoRuns()) { screen in
      await screen.press("2")
      let before = screen.display.drawnCount
      await screen.burst(
        Array(repeating: ["j", "space", "k", "tab", "shift-tab"], count: 10).flatMap(\.self))
      #expect((1...2).contains(screen.display.drawnCount - before))
      screen.expect("Runs · 2")
    }
  }

  @Test func newPointsShowByThemselves() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 20)
    try await Screen.script(on: project, Size(width: 120, height: 36)) { screen in
      await screen.press("2")
      let before = screen.display.frame
      screen.expect("20/120")
      // Another connection, as a worker has one.
      let other = try ProjectStore.open(projectFolder: project.folder)
      try other.append(
        (21...40).map { step in
          (
            .trainLoss,
            MetricPoint(
              step: step, trainedTokens: step * 700, epoch: 1,
              wallTime: TemporaryProject.now.timeIntervalSince1970, value: 2, segment: 0)
          )
        }, run: run)
      try other.updateRun(run) { $0.step = 40 }
      try other.close()
      try await screen.wait(for: "40 steps") { $0.text.contains("40/120") }
      #expect(screen.display.frame != before)
      #expect(Screen.corners(screen.display.frame) == Screen.corners(before))
      // The curve has come too: the x axis reaches further.
      try await screen.wait(for: "a longer axis") { $0.text.contains(" 30 ") }
    }
  }

  // MARK: Text of others

  nonisolated static let names = [
    "red \u{1B}[31mrun\u{1B}[0m\u{7}", "שלום \u{202E}gpj.exe", "👩‍🔬🏳️‍🌈 emoji", "日本語の実験",
    "e\u{301}\u{301}\u{302}tude", "\u{9B}2J c1",
    "", String(repeating: "long ", count: 60),
  ]

  @Test(arguments: sizes)
  func textOfOthersIsHarmless(_ size: Size) async throws {
    let project = try TemporaryProject()
    for name in Self.names {
      let run = try project.addLiveRun(name, steps: 12)
      try project.finish(run, .failed, message: "because of \(name)")
    }
    try await Screen.script(on: project, size) { screen in
      await screen.press(
        "2", "space", "j", "space", "j", "space", "j", "j", "space", "tab", "tab", "shift-tab", "G", "R", "k")
      await screen.press("1", ":", "esc", "2", "G", "k")
      for frame in screen.display.frames { expectSound(frame) }
      #expect(screen.display.frames.contains { $0.text.contains("日本語の実験") })
    }
  }

  /// No cell holds what a terminal would obey, and wide characters have both of their cells.
  private func expectSound(_ grid: CellGrid, location: SourceLocation = #_sourceLocation) {
    for y in 0..<grid.size.height {
      for x in 0..<grid.size.width {
        let cell = grid[x, y]
        if cell.isContinuation {
          #expect(x > 0 && !grid[x - 1, y].isContinuation, sourceLocation: location)
          continue
        }
        for scalar in cell.character.unicodeScalars {
          let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
          let isBidi = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
          #expect(!isControl && !isBidi, "U+\(String(scalar.value, radix: 16))", sourceLocation: location)
        }
        let width = DisplayText.width(String(cell.character))
        if width == 2 { #expect(grid[x + 1, y].isContinuation, sourceLocation: location) }
      }
    }
  }

  @Test func otherToolsLogs() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "assay-script-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let lines = (1...50).map { "{\"step\": \($0), \"loss\": \(3.0 / Double($0) + 1)}\n" }.joined()
    try lines.write(to: folder.appendingPathComponent("train.jsonl"), atomically: true, encoding: .utf8)
    try await Screen.script(watching: [folder.path], Size(width: 100, height: 30)) { screen in
      screen.expect("Runs · 1", "Loss")
      await screen.press("n")
      screen.expect("Only logs are watched here")
    }
  }
}
