import Jobs
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// What keys do to the state, and what they ask for outside of it.
@Suite struct KeyTests {
  private let project: TemporaryProject
  private let older: Run.ID
  private let newer: Run.ID

  init() throws {
    project = try TemporaryProject()
    older = try project.addLiveRun("conceptual-60", steps: 30)
    newer = try project.addLiveRun("factual-60", steps: 20)
  }

  private func runsScreen() throws -> WorkbenchState { try project.state(screen: .runs) }

  @Test func keysHaveOneMeaning() {
    #expect(Action.keyTable.conflicts.isEmpty)
    for screen in WorkbenchState.Screen.allCases {
      // No section of a screen hides a key that counts everywhere.
      let commands = Action.keyTable.commands(in: screen.sections)
      let keys = commands.flatMap(\.keys)
      #expect(Set(keys).count == keys.count)
      #expect(screen.action.keys.count == 1)
    }
  }

  @Test func movesAndMarks() throws {
    var state = try runsScreen()
    #expect(state.currentRun?.id == newer)
    state.press("j")
    #expect(state.currentRun?.id == older)
    state.press("j", "down")
    #expect(state.currentRun?.id == older, "the list ends there")
    state.press("space")
    #expect(state.shownRuns.map(\.id) == [older])
    state.press("g", "space")
    #expect(state.shownRuns.map(\.id) == [newer, older])
    state.press("space", "G", "space")
    #expect(state.runList.marked.isEmpty)
    #expect(state.shownRuns.map(\.id) == [older], "without marks the current run")
  }

  @Test func zoomsAndPansTheCurves() throws {
    var state = try runsScreen()
    state.press("j")
    state.settle()
    func shown() -> ClosedRange<Double>? {
      let chart = state.lossChart(width: 80, emptyText: "")
      return chart.xRange
    }
    #expect(shown() == nil)
    state.press("z")
    #expect(shown() == 15.5...30, "the newest half of steps 1 to 30")
    state.press("[")
    #expect(shown() == 11.875...26.375)
    state.press("]", "]")
    #expect(shown() == 15.5...30)
    #expect(state.options.summary(of: state.progressRange).hasPrefix("x step · 2"))
    // The cursor starts at the edge of what is seen and takes the window with it.
    state.press("l", "h")
    #expect(state.options.cursor == 15)
    #expect(shown() == 15...29.5)
    // Out one layer at a time: first the cursor, then the zoom.
    state.press("esc")
    #expect(state.options.cursor == nil && shown() == 15...29.5)
    state.press("esc")
    #expect(shown() == nil && state.screen == .runs)
    state.press("z", "z", "x")
    #expect(shown() == nil, "another axis begins whole")
    state.press("z", "0")
    #expect(shown() == nil)
  }

  @Test func theCursorStaysOnItsRunWhenOthersCome() throws {
    var state = try runsScreen()
    state.press("j")
    _ = try project.addLiveRun("third", steps: 1)
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(project.store))
    state.settle()
    #expect(state.runs.count == 3)
    #expect(state.currentRun?.id == older)
    #expect(state.runList.list.selected == 2)
  }

  @Test func pausesAndGoesOn() throws {
    var state = try runsScreen()
    #expect(try state.press("p").onlyCommand() == .init(.pause, newer))
    try project.store.updateRun(newer) { $0.state = .paused }
    state = try runsScreen()
    #expect(try state.press("p").onlyCommand() == .init(.resume, newer))
    #expect(try state.press("c").onlyCommand() == .init(.checkpoint, newer))
    #expect(try state.press("e").onlyCommand() == .init(.evaluate, newer))
  }

  @Test func stopAsks() throws {
    var state = try runsScreen()
    #expect(state.press("s").isEmpty)
    #expect(try state.press("enter").onlyCommand() == .init(.stopAndSave, newer))
    #expect(!state.hasOverlay)
    #expect(try state.press("s", "n").onlyCommand() == .init(.stopNow, newer))
    #expect(state.press("s", "c").isEmpty)
    #expect(state.press("s", "esc").isEmpty)
    #expect(!state.hasOverlay)
  }

  @Test func aRunThatIsOverTakesNoCommandsButResumes() throws {
    project.kill(newer)
    var state = try runsScreen()
    for key in ["p", "s", "c", "e", "L"] {
      #expect(state.press(key).isEmpty)
      #expect(state.message?.text.contains("factual-60 is crashed") == true)
      #expect(!state.hasOverlay)
    }
    let effects = state.press("R")
    guard case .resume(let id) = try #require(effects.first) else {
      Issue.record("R asks for \(effects)")
      return
    }
    #expect(id == newer)
  }

  @Test func quitAsksOnlyWhileRunsAreAlive() throws {
    var state = try runsScreen()
    #expect(state.press("q").isEmpty)
    #expect(state.press("esc").isEmpty)
    #expect(state.press("q", "enter").exitCode == 0, "leaving them running is the default")
    let effects = state.press("q", "s")
    #expect(effects.count == 3)
    #expect(effects.exitCode == 0)
    #expect(Set(effects.commands.map(\.run)) == [newer, older])
    #expect(effects.commands.allSatisfy { $0.command == .stopAndSave })
    try project.finish(newer)
    try project.finish(older)
    state = try runsScreen()
    #expect(state.press("q").exitCode == 0)
    #expect(state.handle(.interrupt).exitCode == 130)
  }

  @Test func escapeNeverQuits() throws {
    var state = try runsScreen()
    state.press("right", "tab")
    #expect(state.options.cursor != nil)
    for _ in 0..<6 { #expect(state.press("esc").isEmpty) }
    #expect(state.screen == .overview)
    #expect(state.options.cursor == nil)
  }

  @Test func learningRateIsChecked() throws {
    var state = try runsScreen()
    state.press("L", "^u")
    state.type("fast")
    #expect(state.press("enter").isEmpty)
    state.press("^u")
    state.type("0")
    #expect(state.press("enter").isEmpty)
    state.press("^u")
    state.type("5e-5")
    #expect(try state.press("enter").onlyCommand() == .init(.setLearningRate(5e-5), newer))
  }

  @Test func axesScalesAndSmoothing() throws {
    var state = try runsScreen()
    state.press("x")
    #expect(state.options.progress == .tokens)
    state.press("x", "x", "x", "x", "y", "+")
    #expect(state.options.progress == .step)
    #expect(state.options.lossScale == .logarithmic)
    #expect(state.options.smoothing == 0.95)
    #expect(state.frame().text.contains("x step · EMA 0.95 · log y"))
    for _ in 0..<20 { state.press("-") }
    #expect(state.options.smoothing == 0)
    #expect(state.curves[newer]?.smoothedTrain.isEmpty == true)
  }

  @Test func aRefusedCommandIsTold() throws {
    var state = try runsScreen()
    state.filed(.pause, run: newer, Result { try project.store.file(.pause, run: newer) })
    #expect(state.message?.kind == .note)
    let taken = try project.store.takeCommands(run: newer)
    let id = try #require(taken.first?.id)
    try project.store.answerCommand(id, rejection: "it is evaluating")
    state.apply(ProjectUpdate(outcomes: [try #require(try project.store.command(id))]))
    #expect(state.message?.text == "factual-60: pause was refused: it is evaluating")
    state.press("j")
    #expect(state.message == nil, "a key says that it was seen")
  }

  @Test func thePaletteRunsActionsByName() throws {
    var state = try runsScreen()
    state.press(":")
    state.type("log or lin")
    state.press("enter")
    #expect(state.options.lossScale == .logarithmic)
    #expect(!state.hasOverlay)
  }
}

/// A command that is asked for.
struct AskedCommand: Equatable {
  var command: RunCommand
  var run: Run.ID

  init(_ command: RunCommand, _ run: Run.ID) {
    self.command = command
    self.run = run
  }
}

extension [Effect] {
  var commands: [AskedCommand] {
    compactMap { if case .file(let command, let run) = $0 { AskedCommand(command, run) } else { nil } }
  }

  func onlyCommand() throws -> AskedCommand {
    #expect(count == 1)
    return try #require(commands.first)
  }

  var exitCode: Int32? {
    lazy.compactMap { if case .quit(let code) = $0 { code } else { nil } }.first
  }

  var requests: [RunRequest] {
    compactMap { if case .start(let request) = $0 { request } else { nil } }
  }
}

extension WorkbenchState {
  var hasOverlay: Bool { if case nil = overlay { false } else { true } }
}
