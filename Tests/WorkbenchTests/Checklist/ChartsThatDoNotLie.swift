import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// The checklist's section "Charts that do not lie", a line a test, on whole screens.
@Suite("Checklist: charts that do not lie") struct ChartsThatDoNotLie {
  /// Near 1, the same at every run.
  private static func noise(_ count: Int) -> [Double] {
    (0..<count).map { index in
      let x = Double(index)
      return 1 + 0.2 * sin(x * 1.7) + 0.1 * sin(x * 0.31)
    }
  }

  private func titleOfChart(_ state: WorkbenchState) -> String {
    let area = state.chartsArea
    return state.frame().lines(Rectangle(x: area.x, y: area.y, width: area.width, height: 1))[0]
  }

  private func withoutSmoothing(_ state: inout WorkbenchState) {
    for _ in CurveOptions.smoothings { state.press("-") }
  }

  // MARK: Reduction

  private func expectReduced(
    _ values: [Double], _ state: WorkbenchState, location: SourceLocation = #_sourceLocation
  ) throws {
    let plot = try #require(state.plot, sourceLocation: location)
    let curve = try #require(
      state.lossChart(width: state.chartsArea.width, emptyText: "").series.first {
        $0.name.hasSuffix("train")
      }
    )
    let columns = curve.segments[0].points.columns(
      ColumnRequest(x: plot.xRange, count: 2 * plot.area.width)
    ).buckets
    #expect(columns.map(\.count).reduce(0, +) == values.count, sourceLocation: location)
    var rest = values[...]
    for column in columns {
      let points = rest.prefix(column.count)
      rest = rest.dropFirst(column.count)
      guard let first = points.first, let last = points.last else { continue }
      let expected = [first, points.min() ?? 0, points.max() ?? 0, last].map { Float($0) }
      let got = [column.first, column.minimum, column.maximum, column.last].map { Float($0) }
      #expect(got == expected, sourceLocation: location)
    }
  }

  @Test("Reduction keeps first, min, max and last of each pixel column over all points, updated on append")
  func reduction() throws {
    let project = try TemporaryProject()
    var values = Self.noise(20_000)
    values[12_345] = 50
    values[4_321] = -20
    let run = try project.addRun("spiky", losses: values)
    var states = try Checklist.sizes.map { try project.curves($0) }
    for state in states { try expectReduced(values, state) }
    let more = Self.noise(700).map { $0 - 3 }
    try project.append(more, to: run, from: 20_001)
    for index in states.indices {
      try states[index].read(project.store)
      try expectReduced(values + more, states[index])
    }
  }

  @Test("Never stride sampling: a single loss of 50 among values near 1 is seen", arguments: Checklist.sizes)
  func spike(_ size: Size) throws {
    let project = try TemporaryProject()
    var values = Self.noise(10_000)
    values[6_543] = 50
    try project.addRun("spiky", losses: values)
    var state = try project.curves(size)
    withoutSmoothing(&state)
    let plot = try #require(state.plot)
    let upper = Rectangle(
      x: plot.area.x, y: plot.area.y, width: plot.area.width, height: plot.area.height / 2)
    let high = state.frame().places(in: upper) { $0.isBraille }
    #expect(high.count >= upper.height - 2, "a line all the way up")
    #expect(Set(high.map(\.x)).allSatisfy { abs($0 - plot.column(of: 6_544)) <= 1 })
  }

  // MARK: What is no number

  @Test(
    "NaN and ±∞ are marked at their step, counted in the title, and never stop a smoothed line",
    arguments: Checklist.sizes)
  func notANumber(_ size: Size) throws {
    let project = try TemporaryProject()
    var values = Self.noise(60)
    values[19] = .nan
    values[39] = .infinity
    values[49] = -.infinity
    try project.addRun("broken", losses: values)
    let state = try project.curves(size)
    #expect(titleOfChart(state).contains("1 NaN · 2 ∞"))
    let plot = try #require(state.plot)
    let grid = state.frame()
    let nan = grid.places(in: plot.area) { $0.character == "×" && $0.has(.bad) }
    #expect(nan.count == 1 && abs(nan[0].x - plot.column(of: 20)) <= 1)
    let infinite = grid.places(in: plot.area) { $0.character == "∞" && $0.has(.bad) }
    try #require(infinite.count == 2)
    #expect(infinite[0].y == plot.area.y && abs(infinite[0].x - plot.column(of: 40)) <= 1)
    #expect(infinite[1].y == plot.area.maxY - 1 && abs(infinite[1].x - plot.column(of: 50)) <= 1)
    // Without a gap from the first column to the letter at the end.
    let smooth = grid.places(in: plot.area) { $0.isBraille && !$0.style.attributes.contains(.dim) }
    let letter = try #require(
      grid.places(in: plot.area.inset(right: -1)) { $0.character == "A" && $0.has(.series1) }.last)
    #expect(letter.x >= plot.column(of: 60))
    let marks = Set((nan + infinite).map(\.x))
    #expect(
      Set(smooth.map(\.x)).union(marks).isSuperset(of: plot.column(of: 1)...plot.column(of: 60)),
      "the smoothed line has a gap")
  }

  // MARK: Smoothing

  @Test(
    "Smoothing: debiased EMA over the full data, constant series untouched, raw line dim behind it, label says method and α",
    arguments: Checklist.sizes)
  func smoothing(_ size: Size) throws {
    let project = try TemporaryProject()
    let values = Self.noise(80)
    let noisy = try project.addRun("noisy", losses: values)
    let constant = try project.addRun("constant", losses: Array(repeating: 2.125, count: 300))
    var state = try project.curves(size, of: [noisy])
    #expect(titleOfChart(state).contains("EMA 0.9"))

    func smoothed(_ run: Run.ID, _ step: Int) throws -> Double {
      let segments = try #require(state.curves[run]).smoothedTrain
      return try #require(segments.compactMap { $0.points.nearest(to: Double(step)) }.first).y
    }
    func expectWeightedMeans() throws {
      for step in [1, 2, 3, 10, 40, 80] {
        let known = values.prefix(step)
        let weights = known.indices.map { pow(0.9, Double(step - 1 - $0)) }
        let mean = zip(weights, known).map(*).reduce(0, +) / weights.reduce(0, +)
        #expect(try abs(smoothed(noisy, step) - mean) < 1e-6, "step \(step)")
      }
    }
    try expectWeightedMeans()
    let grid = state.frame()
    let plot = try #require(state.plot)
    let line = grid.places(in: plot.area) { $0.isBraille && $0.has(.series1) }
    let raw = line.filter { grid[$0.x, $0.y].style.attributes.contains(.dim) }
    #expect(!raw.isEmpty && raw.count < line.count)
    // A window shows less of it and changes nothing.
    state.press("z", "z")
    try expectWeightedMeans()

    state = try project.curves(size, of: [constant])
    let columns = try #require(state.curves[constant]).smoothedTrain.map {
      $0.points.columns(ColumnRequest(x: 1...300, count: 1)).buckets[0]
    }
    #expect(columns.map(\.count) == [300])
    #expect(columns[0].minimum == 2.125 && columns[0].maximum == 2.125)
    withoutSmoothing(&state)
    #expect(!titleOfChart(state).contains("EMA"))
  }

  // MARK: What is left out

  @Test("Clipped points: edge arrows with a count", arguments: Checklist.sizes)
  func clipped(_ size: Size) throws {
    let project = try TemporaryProject()
    var values = Self.noise(400)
    values[100] = 1_000
    values[101] = 2_000
    values[300] = -500
    try project.addRun("outliers", losses: values)
    var state = try project.curves(size)
    withoutSmoothing(&state)
    #expect(!titleOfChart(state).contains("▲"))
    state.press("C")
    #expect(titleOfChart(state).contains("2 ▲ · 1 ▼"))
    #expect(titleOfChart(state).contains("clip"))
    let plot = try #require(state.plot)
    let grid = state.frame()
    let up = grid.places(in: plot.area) { $0.character == "▲" }
    let down = grid.places(in: plot.area) { $0.character == "▼" }
    #expect(!up.isEmpty && up.allSatisfy { $0.y == plot.area.y && abs($0.x - plot.column(of: 101)) <= 1 })
    #expect(down.map(\.y) == [plot.area.maxY - 1] && abs(down[0].x - plot.column(of: 301)) <= 1)
  }

  @Test("Log axis: says how many non-positive values it left out", arguments: Checklist.sizes)
  func nonPositive(_ size: Size) throws {
    let project = try TemporaryProject()
    var values = Self.noise(60)
    values[10] = 0
    values[20] = -1
    values[30] = -0.0
    try project.addRun("negative", losses: values)
    var state = try project.curves(size)
    #expect(!titleOfChart(state).contains("left out"))
    state.press("y")
    #expect(titleOfChart(state).contains("3 ≤ 0 left out"))
    #expect(titleOfChart(state).contains("EMA 0.9"))
  }

  // MARK: Resumes

  /// Killed at step 60, gone on from 40, now at 100.
  private func resumed() throws -> TemporaryProject {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("resumed", steps: 60, of: 100, records: false)
    try project.train(run, steps: 1...60, from: TemporaryProject.now.addingTimeInterval(-900))
    project.kill(run)
    try project.revive(run)
    let again = TemporaryProject.now.addingTimeInterval(-90)
    try project.store.resumeRun(run, fromStep: 40, at: again)
    try project.store.updateRun(run) { $0.state = .running }
    try project.train(run, steps: 41...100, from: again, segment: 1, curve: .init(floor: 0.4))
    return project
  }

  @Test(
    "A resumed run is a new segment with a thin mark; superseded steps are dimmed, nothing doubles back",
    arguments: Checklist.sizes)
  func resumes(_ size: Size) throws {
    var state = try resumed().curves(size)
    withoutSmoothing(&state)
    let plot = try #require(state.plot)
    let grid = state.frame()
    let mark = grid.places(in: plot.area) { $0.character == "┊" && $0.has(.chartGrid) }
    #expect(!mark.isEmpty && mark.allSatisfy { abs($0.x - plot.column(of: 41)) <= 1 })
    let line = grid.places(in: plot.area) { $0.isBraille && $0.has(.series1) }
    let dim = line.filter { grid[$0.x, $0.y].style.attributes.contains(.dim) }
    #expect(!dim.isEmpty && dim.count < line.count)
    #expect(dim.allSatisfy { (plot.column(of: 40) - 1...plot.column(of: 60) + 1).contains($0.x) })
    for _ in CurveOptions.Progress.allCases {
      let chart = state.lossChart(width: size.width, emptyText: "")
      let train = try #require(chart.series.first { $0.name.hasSuffix("train") })
      let ranges = train.segments.filter { !$0.isSuperseded }.compactMap(\.points.xRange)
      #expect(ranges.count == 2)
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }, "\(chart.xLabel)")
      #expect(train.segments.count { $0.isSuperseded } == 1)
      state.press("x")
    }
  }

  // MARK: Axes

  @Test("x axis: step, trained tokens, epoch, relative time, wall time", arguments: Checklist.sizes)
  func horizontalAxes(_ size: Size) throws {
    var state = try Checklist.twoRuns().curves(size)
    var seen: [String] = []
    for name in ["step", "tokens", "epoch", "time trained", "clock"] {
      let plot = try #require(state.plot)
      let grid = state.frame()
      let labels = grid.lines(
        Rectangle(x: plot.area.x - 1, y: plot.area.maxY + 1, width: plot.area.width + 2, height: 1))[0]
      let label = size.width < 60 && name == "time trained" ? "time" : name
      #expect(labels.hasSuffix(label), "\(labels)")
      #expect(labels.dropLast(label.count).contains { $0.isNumber }, "\(labels)")
      #expect(grid.places(in: plot.area) { $0.isBraille }.count > plot.area.width / 2, "\(name)")
      seen.append(labels)
      state.press("x")
    }
    #expect(Set(seen).count == 5)
    #expect(state.options.progress == .step)
  }

  @Test("y: linear, log", arguments: Checklist.sizes)
  func verticalAxes(_ size: Size) throws {
    let project = try TemporaryProject()
    try project.addRun("falling", losses: (0..<100).map { pow(10, 2 - Double($0) / 25) })
    var state = try project.curves(size)
    withoutSmoothing(&state)
    /// How far the line is down in the middle of the plot, 0…1.
    func middle() throws -> Double {
      let plot = try #require(state.plot)
      let column = Rectangle(x: plot.column(of: 50), y: plot.area.y, width: 1, height: plot.area.height)
      let line = try #require(state.frame().places(in: column) { $0.isBraille }.first)
      return Double(line.y - plot.area.y) / Double(plot.area.height - 1)
    }
    #expect(try middle() > 0.8)
    state.press("y")
    #expect(titleOfChart(state).contains("log y"))
    #expect(try (0.3...0.7).contains(middle()), "a straight line on a logarithmic axis")
    state.press("y")
    #expect(try middle() > 0.8)
  }

  @Test("Zoom and pan by keys", arguments: Checklist.sizes)
  func zoomAndPan(_ size: Size) throws {
    let project = try TemporaryProject()
    try project.addRun("long", losses: Self.noise(1_000))
    var state = try project.curves(size)
    func shown() throws -> ClosedRange<Double> { try #require(state.plot).xRange }
    let all = try shown()
    state.press("z", "z")
    let zoomed = try shown()
    #expect(zoomed.upperBound - zoomed.lowerBound < (all.upperBound - all.lowerBound) / 3)
    #expect(titleOfChart(state).contains("4"), "says how much")
    state.press("[")
    #expect(try shown().upperBound < zoomed.upperBound)
    state.press("]", "Z")
    #expect(try shown().lowerBound < zoomed.lowerBound)
    state.press("0")
    #expect(try shown() == all)
  }

  // MARK: Cursor

  @Test("Cursor with exact values of every marked run, by keys", arguments: Checklist.sizes)
  func cursor(_ size: Size) throws {
    let project = try TemporaryProject()
    let losses = [Self.noise(60), Self.noise(60).map { $0 * 2 }]
    let runs = try [project.addRun("first", losses: losses[0]), project.addRun("second", losses: losses[1])]
    var state = try project.curves(size, of: runs)
    withoutSmoothing(&state)
    for key in ["l", "l", "l", "l", "h"] {
      state.press(key)
      let step = Int(try #require(state.options.cursor))
      let grid = state.frame()
      for (letter, values) in zip(["A", "B"], losses) {
        let value = Figures.loss(values[step - 1])
        #expect(grid.text.contains(value), "\(letter) at step \(step): \(value)")
      }
      let plot = try #require(state.plot)
      let column = grid.places(in: plot.area) { $0.character == "│" && $0.has(.cursor) }
      #expect(!column.isEmpty && column.allSatisfy { abs($0.x - plot.column(of: Double(step))) <= 1 })
      #expect(grid.text.contains(" \(step) "))
    }
  }

  @Test("Cursor synchronised over charts", arguments: Checklist.sizes)
  func synchronised(_ size: Size) throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("alone", steps: 90, of: 90)
    var state = try project.curves(size)
    state.press("w", "right", "right", "right", "right")
    let step = Int(try #require(state.options.cursor))
    let charts = state.metricGridLayout(state.chartsArea).places.filter {
      state.shownMetrics.indices.contains($0.index)
    }
    #expect(charts.count >= (size.width < 80 ? 1 : 2))
    let grid = state.frame()
    for chart in charts {
      let geometry = try #require(
        state.chartGeometry(at: Point(x: chart.area.x + 1, y: chart.area.y + 2)))
      let line = grid.places(in: geometry.area) { $0.has(.cursor) }
      #expect(!line.isEmpty, "\(state.shownMetrics[chart.index])")
      #expect(line.allSatisfy { abs($0.x - geometry.column(of: Double(step))) <= 1 })
      let label = grid.places(in: chart.area) { $0.has(.cursor) && $0.style.attributes.contains(.reverse) }
      #expect(String(label.map { grid[$0.x, $0.y].character }) == " \(step) ")
    }
  }

  // MARK: Many runs

  @Test(
    "Overlay of many runs with stable colours and a second channel (letter), so that it works in mono",
    arguments: Checklist.sizes)
  func overlay(_ size: Size) throws {
    let project = try TemporaryProject()
    let levels = [1.0, 3, 5]
    var runs = try levels.map { level in
      try project.addRun("level \(level)", losses: Self.noise(90).map { $0 * 0.2 + level })
    }
    var state = try project.curves(size, of: runs)
    withoutSmoothing(&state)

    /// The letters in the plot by the colour that they have.
    func letters() throws -> [Character: Set<Role>] {
      let plot = try #require(state.plot)
      let grid = state.frame()
      var found: [Character: Set<Role>] = [:]
      for place in grid.places(
        in: plot.area.inset(right: -1),
        where: { "ABCD".contains($0.character) && $0.style.attributes == .bold }
      ) {
        guard case .role(let role) = grid[place.x, place.y].style.foreground else { continue }
        found[grid[place.x, place.y].character, default: []].insert(role)
      }
      return found
    }
    #expect(try letters() == ["A": [.series1], "B": [.series2], "C": [.series3]])
    // Without one of them and with another that is new each keeps what it has.
    runs.append(try project.addRun("level 7", losses: Self.noise(90).map { $0 * 0.2 + 7 }))
    try state.read(project.store)
    state.runList.marked = [runs[0], runs[2], runs[3]]
    state.settle()
    #expect(try letters() == ["A": [.series1], "C": [.series3], "D": [.series4]])

    let plot = try #require(state.plot)
    func count(_ letter: Character) -> Int {
      state.frame().places(in: plot.area.inset(right: -1)) {
        $0.character == letter && $0.style.attributes == .bold
      }.count
    }
    #expect(["A", "C", "D"].map(count) == [1, 1, 1])
    state.isMono = true
    for letter in "ACD" { #expect(count(letter) >= 2, "\(letter) is repeated along its line") }
  }
}
