import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// Looking at curves closely: axes, cursor and pin, all metrics.
@Suite struct CurveViewTests {
  private func twoRuns() throws -> TemporaryProject {
    let project = try TemporaryProject()
    let pilot = try project.addLiveRun("pilot-20", steps: 60, of: 60)
    try project.finish(pilot)
    _ = try project.addLiveRun("factual-60", steps: 71)
    return project
  }

  private func state(_ size: Size = Size(width: 120, height: 36)) throws -> WorkbenchState {
    var state = try twoRuns().state(size)
    state.press("2")
    return state
  }

  @Test func everyAxisHasTheCurvesOfOwnRuns() throws {
    var state = try state()
    var labels: Set<String> = []
    for _ in CurveOptions.Progress.allCases {
      let chart = state.lossChart(width: 120, emptyText: "")
      #expect(chart.series.contains { $0.segments.contains { $0.points.xRange != nil } }, "\(chart.xLabel)")
      labels.insert(chart.xLabel)
      state.press("x")
    }
    #expect(labels == ["step", "tokens", "epoch", "time trained", "clock"])
  }

  @Test func readingIsTheNearestMeasurementAndSaysWhereItWasMade() throws {
    let points = PointArray([ChartPoint(x: 0, y: 4), ChartPoint(x: 10, y: 2), ChartPoint(x: 20, y: 1)])
    let segments = [ChartSegment(points)]
    #expect(Reading(segments, at: 10) == Reading(segments, at: 10))
    #expect(Reading(segments, at: 10)?.point.y == 2)
    #expect(Reading(segments, at: 10)?.isExact == true)
    #expect(Reading(segments, at: 13)?.point == ChartPoint(x: 10, y: 2))
    #expect(Reading(segments, at: 13)?.isExact == false)
    #expect(Reading(segments, at: 21) == nil, "Nothing is told beyond the end of a curve")
    #expect(Reading([ChartSegment(points, isSuperseded: true)], at: 10) == nil)
  }

  @Test func pinTellsDifferencesAndFramesAZoom() throws {
    var state = try state()
    state.press("v")
    #expect(state.message?.text.contains("cursor") == true)
    state.press("right", "right", "v", "right", "right", "right")
    let pin = try #require(state.options.pin)
    let cursor = try #require(state.options.cursor)
    #expect(pin < cursor)
    #expect(state.frame().text.contains("Δ"))
    state.press("b")
    #expect(state.options.window == .part(pin...cursor))
    #expect(state.options.pin == nil)
    state.press("esc", "esc")
    #expect(state.options.cursor == nil)
    #expect(state.options.window == .all)
  }

  @Test func escapeLeavesPinThenCursorThenZoom() throws {
    var state = try state()
    state.press("right", "v", "right", "z", "esc")
    #expect(state.options.pin == nil)
    #expect(state.options.cursor != nil)
    state.press("esc")
    #expect(state.options.cursor == nil)
    #expect(state.options.window != .all)
    state.press("esc")
    #expect(state.options.window == .all)
  }

  @Test func smoothingShowsItsPlace() throws {
    var state = try state()
    state.press("+")
    #expect(state.message?.text.contains("EMA 0.95") == true)
    let more = try #require(state.message?.text.firstIndex(of: "●"))
    state.press("-", "-")
    let less = try #require(state.message?.text.firstIndex(of: "●"))
    #expect(less < more)
  }

  @Test(arguments: [Size(width: 120, height: 36), Size(width: 80, height: 24), Size(width: 40, height: 12)])
  func allMetricsShareAnAxis(_ size: Size) throws {
    var state = try twoRuns().state(size)
    state.press("2", "space", "j", "space", "w")
    if state.runList.pane != .curves { state.press("tab") }
    state.press("right", "right")
    let last = try #require(state.progressRange?.upperBound)
    #expect(last == 71)
    try expectGolden(state.frame().text, "metrics-\(size.width)x\(size.height)")
  }

  @Test func metricsScrollAndAreFiltered() throws {
    var state = try state(Size(width: 80, height: 24))
    state.press("w", "tab")
    let all = state.shownMetrics
    #expect(all.first == .trainLoss)
    #expect(all.contains(.learningRate))
    let first = state.runList.metricOffset
    state.press("j")
    #expect(state.runList.metricOffset == first + 1)
    state.press("G", "j")
    let layout = state.metricGridLayout(state.runsLayout.curves)
    #expect(state.runList.metricOffset == layout.rowCount - layout.rows)
    state.press("/")
    state.type("LOSS|rate$")
    state.settle()
    #expect(state.shownMetrics == [.trainLoss, .evalLoss, .learningRate])
    #expect(state.runList.metricOffset == 0)
    #expect(state.frame().text.contains("3 of 6 metrics"))
    // A slip leaves what was found, and says what is wrong.
    state.type("(")
    state.settle()
    #expect(state.shownMetrics == [.trainLoss, .evalLoss, .learningRate])
    #expect(state.frame().text.contains("parenthesis"))
    state.press("enter")
    #expect(state.overlay != nil)
    state.press("backspace", "enter")
    #expect(state.overlay == nil)
    #expect(state.frame().text.contains("/LOSS|rate$"))
    // Esc in the line brings back what was on before it; outside of it all metrics come back.
    state.press("/", "^u")
    state.type("zzz")
    #expect(state.frame().text.contains("No metric matches “zzz”"))
    state.press("esc")
    #expect(state.shownMetrics.count == 3)
    state.press("esc")
    #expect(state.shownMetrics == all)
  }

  @Test func bestEvaluationAndCheckpointsAreMarked() throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("a", steps: 60, of: 60)
    try project.store.updateRun(run) {
      $0.bestStep = 40
      $0.bestEvalLoss = 1
    }
    try project.store.append(RunEvent(run: run, step: 30, kind: .checkpoint, message: "checkpoint"))
    var state = try project.state(Size(width: 120, height: 36))
    state.press("2")
    let chart = state.lossChart(width: 120, emptyText: "")
    #expect(chart.events.contains { $0.x == 30 && $0.glyph == "◆" })
    let evals = try #require(state.histories[run]?[.evalLoss])
    #expect(evals.contains { $0.step == 40 })
    #expect(chart.marks.map(\.point.x) == [40])
    #expect(chart.marks.map(\.point.y) == evals.filter { $0.step == 40 }.map(\.value))
  }
}
