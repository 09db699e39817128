import Foundation
import Testing

@testable import TerminalUI

@Suite struct LineChartTests {
  private func loss(_ count: Int, from start: Double, to end: Double, seed: UInt64) -> [ChartPoint] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      let t = Double(index) / Double(count)
      let noise = Double.random(in: -0.12...0.12, using: &generator)
      return ChartPoint(x: Double(index), y: end + (start - end) * exp(-4 * t) + noise)
    }
  }

  private var overview: LineChart {
    let a = loss(120, from: 3, to: 1.2, seed: 1)
    let b = loss(100, from: 2.6, to: 0.9, seed: 2)
    let eval = stride(from: 0, to: 120, by: 12).map { ChartPoint(x: Double($0), y: a[$0].y + 0.3) }
    var chart = LineChart(
      series: [
        ChartSeries(name: "A", role: .series1, points: a, emphasis: .background),
        ChartSeries(
          name: "A", letter: "A", role: .series1, points: ExponentialMovingAverage.smoothed(a, weight: 0.9),
          marksNonFinite: false),
        ChartSeries(name: "A eval", role: .series1, points: eval, line: .dotted, marksPoints: true),
        ChartSeries(
          name: "B", letter: "B", role: .series2, points: ExponentialMovingAverage.smoothed(b, weight: 0.9)),
      ], xLabel: "step")
    chart.legend = [
      LegendEntry(letter: "A", role: .series1, title: "conceptual-60", details: ["─ 1.62  ┄ 1.71 best 1.70"]),
      LegendEntry(letter: "B", role: .series2, title: "factual-60", details: ["─ 1.38  ┄ 2.04 ▲rising"]),
    ]
    chart.events = [ChartEvent(x: 60, glyph: "◆", role: .accent)]
    return chart
  }

  @Test(arguments: [(80, 16), (120, 20), (40, 10), (48, 8)])
  func lossCurves(_ width: Int, _ height: Int) throws {
    let grid = drawn(width, height) {
      overview.draw(in: &$0, box: $0.bounds, title: "Loss · x step · EMA 0.9")
    }
    try expectGolden(grid.text, "loss-\(width)x\(height)")
  }

  @Test func lossCurvesWithColours() throws {
    let grid = drawn(80, 12) { overview.draw(in: &$0, box: $0.bounds, title: "Loss") }
    try expectGolden(grid.styledText, "loss-styled")
  }

  @Test func lossCurvesInAscii() throws {
    var chart = overview
    chart.repeatsLetters = true
    let grid = drawn(80, 16, glyphs: .ascii) { chart.draw(in: &$0, box: $0.bounds, title: "Loss · x step") }
    #expect(grid.text.utf8.allSatisfy { $0 < 0x80 })
    try expectGolden(grid.text, "loss-ascii")
  }

  @Test func lossCurvesOfQuadrants() throws {
    var glyphs = Glyphs.unicode
    glyphs.plot = .quadrant
    let grid = drawn(80, 16, glyphs: glyphs) { overview.draw(in: &$0, box: $0.bounds, title: "Loss") }
    try expectGolden(grid.text, "loss-quadrant")
  }

  /// Two neighbouring pixel columns of a continuous line touch.
  @Test func linesHaveNoHoles() {
    let points = (0..<400).map { ChartPoint(x: Double($0), y: sin(Double($0) / 17) * 3) }
    var canvas = PlotCanvas(columns: 60, rows: 15, mode: .braille)
    var pen = PlotPen(style: .text, layer: 1, isDotted: false)
    for (a, b) in zip(points, points.dropFirst()) {
      let place = { (p: ChartPoint) in (x: p.x / 399 * 119, y: (3 - p.y) / 6 * 59) }
      pen.line(from: place(a), to: place(b), on: &canvas)
    }
    let grid = drawn(60, 15) { canvas.draw(in: &$0, x: 0, y: 0) }
    for column in 0..<60 {
      #expect((0..<15).contains { !grid[column, $0].isBlank })
    }
  }

  @Test func oneSpikeInAMillionPointsIsSeen() {
    var points = (0..<1_000_000).map { ChartPoint(x: Double($0), y: 1) }
    points[777_777].y = 50
    let buckets = PointArray(points).columns(ColumnRequest(x: 0...999_999, count: 60)).buckets
    #expect(buckets.map(\.count).reduce(0, +) == 1_000_000)
    #expect(buckets.map(\.maximum).max() == 50)
    let chart = LineChart(series: [ChartSeries(name: "s", role: .series1, points: points)], xLabel: "step")
    let grid = drawn(66, 12) { chart.draw(in: &$0, $0.bounds) }
    let spike = (0..<66).filter { !grid[$0, 1].isBlank && $0 > 5 }
    #expect(spike.count == 1)
  }

  @Test func reductionKeepsFirstMinimumMaximumLast() {
    let points = PointArray(values: [3, 9, 1, 4, 7, 7, 2, 8])
    let buckets = points.columns(ColumnRequest(x: 0...7, count: 2)).buckets
    #expect(buckets.map(\.first) == [3, 7])
    #expect(buckets.map(\.last) == [4, 8])
    #expect(buckets.map(\.minimum) == [1, 2])
    #expect(buckets.map(\.maximum) == [9, 8])
  }

  @Test func notANumberAndInfinityAreMarkedAndCounted() throws {
    var points = (0..<60).map { ChartPoint(x: Double($0), y: 2 - Double($0) / 40) }
    points[20].y = .nan
    points[21].y = .nan
    points[40].y = .infinity
    points[50].y = -.infinity
    let smooth = ExponentialMovingAverage.smoothed(points, weight: 0.5)
    #expect(smooth.count == 60)
    #expect(smooth.allSatisfy { $0.y.isFinite })
    let chart = LineChart(
      series: [
        ChartSeries(name: "raw", role: .series1, points: points, emphasis: .background),
        ChartSeries(name: "smooth", role: .series1, points: smooth, marksNonFinite: false),
      ], xLabel: "step")
    var facts = ChartFacts()
    let grid = drawn(70, 12) { facts = chart.draw(in: &$0, box: $0.bounds, title: "Loss") }
    #expect(facts.notANumber == 2)
    #expect(facts.infinite == 2)
    #expect(grid.text.contains("2 NaN · 2 ∞"))
    try expectGolden(grid.text, "loss-nan")
  }

  @Test func aLogarithmicAxisSaysWhatItLeavesOut() throws {
    var points = (0..<100).map { ChartPoint(x: Double($0), y: pow(10, -Double($0) / 25)) }
    points[10].y = 0
    points[11].y = -3
    points[12].y = -0.0
    var chart = LineChart(series: [ChartSeries(name: "lr", role: .series1, points: points)], xLabel: "step")
    chart.yScale = .logarithmic
    var facts = ChartFacts()
    let grid = drawn(60, 12) { facts = chart.draw(in: &$0, box: $0.bounds, title: "Learning rate") }
    #expect(facts.nonPositive == 3)
    #expect(grid.text.contains("3 ≤ 0 left out"))
    try expectGolden(grid.text, "loss-log")
  }

  @Test func clippedPointsAreCounted() {
    let points = [1, 2, 30, 2, 1, -40, -50, 1].enumerated().map { ChartPoint(x: Double($0), y: $1) }
    var chart = LineChart(series: [ChartSeries(name: "s", role: .series1, points: points)], xLabel: "step")
    chart.yRange = 0...5
    var facts = ChartFacts()
    let grid = drawn(50, 10) { facts = chart.draw(in: &$0, $0.bounds) }
    #expect(facts.above == 1)
    #expect(facts.below == 2)
    #expect(grid.text.contains("▲"))
    #expect(grid.text.split(separator: "\n")[7].contains("▼"))
  }

  @Test func aResumedRunIsALineOfItsOwn() throws {
    let first = (0..<60).map { ChartPoint(x: Double($0), y: 2 - Double($0) / 60) }
    let lost = (60..<70).map { ChartPoint(x: Double($0), y: 1 - Double($0 - 60) / 60) }
    let second = (60..<100).map { ChartPoint(x: Double($0), y: 1.4 - Double($0 - 60) / 60) }
    let chart = LineChart(
      series: [
        ChartSeries(
          name: "s", letter: "A", role: .series1,
          segments: [
            ChartSegment(PointArray(first)), ChartSegment(PointArray(lost), isSuperseded: true),
            ChartSegment(PointArray(second)),
          ])
      ], xLabel: "step")
    try expectGolden(drawn(70, 12) { chart.draw(in: &$0, $0.bounds) }.styledText, "loss-resumed")
  }

  @Test func aZoomedLineGoesOnToTheEdges() {
    var chart = LineChart(
      series: [ChartSeries(name: "s", role: .series1, points: [.init(x: 0, y: 1), .init(x: 100, y: 2)])],
      xLabel: "step")
    chart.xRange = 40...60
    chart.yRange = 0...3
    let grid = drawn(50, 10) { chart.draw(in: &$0, $0.bounds) }
    let line = (0..<8).flatMap { y in (6..<49).filter { !grid[$0, y].isBlank } }
    #expect(Set(line).count >= 40)
  }

  @Test func theCursorShowsItsPlace() throws {
    var chart = overview
    chart.cursor = 84
    #expect(chart.series[1].nearest(to: 84.3)?.x == 84)
    try expectGolden(drawn(80, 12) { chart.draw(in: &$0, $0.bounds) }.styledText, "loss-cursor")
  }

  @Test(arguments: [
    [1, 1, 1], [0, 0], [5], [1e-38, 1e38], [-1e38, 1e38], [-3, -2], [1e-300, 1e300], [1e308, -1e308],
    [1e17, 1e17 + 16], [.leastNonzeroMagnitude, 0], [0.1, 0.1 + 1e-17], [1e15, 1e15 + 1], [-0.0, 0.0],
    [.nan], [.infinity],
  ])
  func anyValuesCanBeDrawn(_ values: [Double]) {
    for scale in [AxisScale.linear, .logarithmic] {
      for size in [(0, 0), (5, 2), (12, 4), (40, 10), (120, 30)] {
        let points = values.enumerated().map { ChartPoint(x: Double($0), y: $1) }
        var chart = LineChart(
          series: [ChartSeries(name: "s", letter: "A", role: .series1, points: points)], xLabel: "step")
        chart.yScale = scale
        let grid = drawn(size.0, size.1) { chart.draw(in: &$0, box: $0.bounds, title: "t") }
        if size.0 == 40, values.count == 1, values[0].isFinite, values[0] > 0 {
          #expect(grid.text.contains("A"))
        }
      }
    }
  }

  @Test(arguments: [[1e300, -1e300], [0, 1e-300], [7, 7]])
  func anyXCanBeDrawn(_ xs: [Double]) {
    let points = xs.map { ChartPoint(x: $0, y: 1) } + [ChartPoint(x: .nan, y: 2)]
    let chart = LineChart(series: [ChartSeries(name: "s", role: .series1, points: points)], xLabel: "step")
    #expect(drawn(40, 8) { chart.draw(in: &$0, $0.bounds) }.text.contains("step"))
  }

  @Test func anEmptyChartSaysWhatFillsIt() {
    var chart = LineChart(series: [], xLabel: "step")
    chart.emptyText = "No runs yet — press n"
    #expect(drawn(40, 5) { chart.draw(in: &$0, $0.bounds) }.text.contains("No runs yet — press n"))
  }
}

@Suite struct AxisTests {
  @Test(
    arguments: [
      (0.0...3.0, 4, ["0.0", "1.0", "2.0", "3.0"]),
      (0.0...120.0, 6, ["0", "20", "40", "60", "80", "100", "120"]),
      (0.0...120_000.0, 6, ["0", "20k", "40k", "60k", "80k", "100k", "120k"]),
      (0.0...3e-4, 3, ["0", "1e-4", "2e-4", "3e-4"]), (-1.0...1.0, 4, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
      (1e17...3e17, 2, ["1e17", "2e17", "3e17"]), (0.9...1.1, 2, ["0.9", "1.0", "1.1"]),
      (0.0...2.5e6, 5, ["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M"]),
    ] as [(ClosedRange<Double>, Int, [String])])
  func ticksStandAtRoundValues(_ range: ClosedRange<Double>, _ count: Int, _ labels: [String]) {
    let decimals = range.upperBound < 10 ? 1 : 0
    #expect(Axis(range, maximumTicks: count, minimumDecimals: decimals).ticks.map(\.label) == labels)
  }

  @Test func logarithmicTicks() {
    let labels = { (range: ClosedRange<Double>, count: Int) in
      Axis(range, scale: .logarithmic, maximumTicks: count).ticks.map(\.label)
    }
    #expect(labels(1e-5...1, 6) == ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1"])
    #expect(labels(1e-38...1e38, 4).count <= 5)
    #expect(labels(1...5, 4) == ["1", "1.5", "2", "3", "5"])
  }

  @Test func durationsTickInTheirOwnUnits() {
    let labels = { Axis(0...$0, measure: .duration, maximumTicks: 6).ticks.map(\.label) }
    #expect(labels(60) == ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"].filter { _ in true })
    #expect(labels(3600) == ["0 min", "10 min", "20 min", "30 min", "40 min", "50 min", "60 min"])
    #expect(labels(7 * 86400).last == "6 d")
  }

  @Test func growingDataMovesTheEndsSeldom() {
    let ends = (100...160).map {
      Axis.around(0...Double($0), maximumTicks: 6, roundsStart: false).range.upperBound
    }
    #expect(Set(ends).count <= 6)
    #expect(zip(100...160, ends).allSatisfy { Double($0) <= $1 })
  }
}

@Suite struct ExponentialMovingAverageTests {
  /// Σ wⁿ⁻ⁱ xᵢ / Σ wⁿ⁻ⁱ over the finite values.
  private func slow(_ values: [Double], weight: Double) -> [Double] {
    values.indices.map { end in
      let finite = values[...end].filter(\.isFinite)
      let weights = finite.indices.map { pow(weight, Double(finite.count - 1 - $0)) }
      return zip(weights, finite).map(*).reduce(0, +) / weights.reduce(0, +)
    }
  }

  @Test(arguments: [0, 0.5, 0.9, 0.99])
  func agreesWithTheWeightedMean(_ weight: Double) {
    var generator = SeededGenerator(seed: 3)
    var values = (0..<200).map { _ in Double.random(in: -2...5, using: &generator) }
    values[17] = .nan
    values[60] = .infinity
    var average = ExponentialMovingAverage(weight: weight)
    for (value, expected) in zip(values, slow(values, weight: weight)) {
      let got = average.add(value) ?? .nan
      #expect(abs(got - expected) < 1e-12 * max(1, abs(expected)))
    }
  }

  @Test func leavesAConstantSeriesUntouched() {
    var average = ExponentialMovingAverage(weight: 0.97)
    for _ in 0..<5000 { #expect(average.add(0.1) == 0.1) }
  }

  @Test func survivesExtremes() {
    var average = ExponentialMovingAverage(weight: 0.5)
    for value in [1e308, -1e308, 1e308, .nan, -1e308] { average.add(value) }
    #expect(average.value?.isFinite == true)
    #expect(ExponentialMovingAverage(weight: 1).weight < 1)
    #expect(ExponentialMovingAverage(weight: .nan).weight == 0)
  }
}

@Suite struct BarTests {
  @Test func categorySplit() throws {
    let rows = BarRows([
      .init(label: "factual", count: 702, role: .factual),
      .init(label: "conceptual", count: 582, role: .conceptual),
      .init(label: "unsure", count: 1, role: .warning), .init(label: "none", count: 0, role: .dim),
    ])
    try expectGolden(drawn(44, 4) { rows.draw(in: &$0, $0.bounds) }.styledText, "bars-44")
    try expectGolden(drawn(28, 4) { rows.draw(in: &$0, $0.bounds) }.text, "bars-28")
    for width in 0...30 { _ = drawn(width, 2) { rows.draw(in: &$0, $0.bounds) } }
  }

  @Test func aBarIsFullOnlyWhenDoneAndEmptyOnlyAtNothing() {
    let bar = { (fraction: Double?) in
      drawn(16, 1) { ProgressBar(fraction: fraction).draw(in: &$0, $0.bounds) }.text
    }
    #expect(bar(1) == "██████████ 100 %")
    #expect(bar(0.9999) == "█████████▉  99 %")
    #expect(bar(0.0001) == "▏░░░░░░░░░   0 %")
    #expect(bar(0) == "░░░░░░░░░░   0 %")
    #expect(bar(nil) == "░░░░░░░░░░   – %")
    #expect(bar(.nan) == "░░░░░░░░░░   – %")
    #expect(bar(7) == "██████████ 100 %")
  }

  @Test func aSparklineKeepsSpikesAndMarksNaN() {
    var values = Array(repeating: 0.0, count: 1000)
    values[512] = 8
    values[900] = .nan
    let grid = drawn(10, 1) { Sparkline(PointArray(values: values), role: .series1).draw(in: &$0, $0.bounds) }
    #expect(grid.text == "▁▁▁▁▁█▁▁▁×")
  }

  @Test(arguments: [
    (1.6234, "1.62"), (0, "0"), (12345, "12.3k"), (999, "999"), (3.14e-5, "3.1e-5"), (-2.5, "-2.50"),
    (.nan, "NaN"), (.infinity, "∞"), (2_500_000, "2.50M"), (1e38, "1e38"), (0.05, "0.050"),
  ])
  func numbers(_ value: Double, _ text: String) {
    #expect(NumberText.short(value) == text)
  }

  @Test func countsAndDurations() {
    #expect(NumberText.count(1_284) == "1,284")
    #expect(NumberText.count(-1_234_567) == "-1,234,567")
    #expect(NumberText.count(999) == "999")
    #expect(NumberText.duration(seconds: 41) == "41 s")
    #expect(NumberText.duration(seconds: 200) == "3 min 20 s")
    #expect(NumberText.duration(seconds: 7500) == "2 h 5 min")
    #expect(NumberText.duration(seconds: 0.25) == "0.2 s")
    #expect(NumberText.duration(seconds: .infinity) == "∞")
  }
}
