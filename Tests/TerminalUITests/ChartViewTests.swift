import Testing

@testable import TerminalUI

/// What is chosen to be seen of a chart: calendar time, cursors, marks, outliers.
@Suite struct ChartViewTests {
  private func points(_ values: [Double], from x: Double = 0, every step: Double = 1) -> [ChartPoint] {
    values.enumerated().map { ChartPoint(x: x + Double($0.offset) * step, y: $0.element) }
  }

  private func chart(_ values: [Double]) -> LineChart {
    LineChart(
      series: [ChartSeries(name: "A", letter: "A", role: .series1, points: points(values))], xLabel: "step")
  }

  // MARK: Calendar time

  /// 25 November 2026, 10:00 UTC.
  private static let morning = 1_795_600_800.0

  @Test(arguments: [
    (600.0, 0, ["10:00", "10:02", "10:04", "10:06", "10:08", "10:10"]),
    (600.0, 3600, ["11:00", "11:02", "11:04", "11:06", "11:08", "11:10"]),
    (20.0, 0, ["10:00:00", "10:00:05", "10:00:10", "10:00:15", "10:00:20"]),
    (86400.0, 0, ["12:00", "18:00", "26 Nov", "06:00"]),
    (3 * 86400.0, 19800, ["26 Nov", "27 Nov", "28 Nov"]),
  ])
  func clockTicksStandAtRoundTimesOfTheZone(_ seconds: Double, _ offset: Int, _ labels: [String]) {
    let axis = Axis(
      Self.morning...Self.morning + seconds, measure: .clock(offset: offset),
      maximumTicks: labels.count + (seconds < 86400 ? 0 : 1))
    #expect(axis.ticks.map(\.label) == labels)
    for tick in axis.ticks { #expect(axis.range.contains(tick.value)) }
  }

  @Test func hugeAndStrangeTimesHaveNoTicksButNoTrap() {
    for range in [-1e300...1e300, 1e18...1.1e18, 0...Double.greatestFiniteMagnitude] {
      _ = Axis(range, measure: .clock(offset: 0), maximumTicks: 5)
    }
  }

  @Test func cursorOnTheClockTellsDayAndTime() {
    var chart = LineChart(
      series: [
        ChartSeries(name: "A", role: .series1, points: points([1, 2, 3], from: Self.morning, every: 60))
      ],
      xLabel: "clock")
    chart.xMeasure = .clock(offset: 0)
    chart.cursor = Self.morning + 60
    #expect(drawn(60, 10) { chart.draw(in: &$0, $0.bounds) }.text.contains(" 25 Nov 10:01:00 "))
  }

  // MARK: Cursor and pin

  @Test func pinAndCursorTellWhereTheyAreAndHowFarApart() throws {
    var chart = chart((0...100).map { 3 - Double($0) / 50 })
    chart.pin = 20
    chart.cursor = 84
    let grid = drawn(70, 10) { chart.draw(in: &$0, $0.bounds) }
    let last = grid.text.split(separator: "\n", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    #expect(last.contains(" 20 "))
    #expect(last.contains(" 84 (+64) "))
    #expect(grid.text.contains("┊"), "The pin is another line than the cursor")
    chart.cursor = 5
    #expect(drawn(70, 10) { chart.draw(in: &$0, $0.bounds) }.text.contains(" 5 (−15) "))
  }

  @Test func markStandsAtItsPoint() throws {
    var chart = chart([1, 5, 1])
    chart.marks = [ChartMark(ChartPoint(x: 1, y: 5), glyph: "◎", role: .series1)]
    let rows = drawn(40, 8) { chart.draw(in: &$0, $0.bounds) }.text.split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(rows[0].contains("◎"), "5 is the highest value")
    chart.marks = [ChartMark(ChartPoint(x: 1, y: 50), glyph: "◎", role: .series1)]
    #expect(!drawn(40, 8) { chart.draw(in: &$0, $0.bounds) }.text.contains("◎"), "Outside of the plot")
  }

  // MARK: Outliers

  @Test func outliersLeaveTheAxisToTheOthersAndAreCounted() {
    var values = (0..<200).map { 2 + 0.1 * Double($0 % 7) }
    values[40] = 50
    values[90] = 60
    values[130] = -30
    var chart = chart(values)
    var facts = ChartFacts()
    let whole = drawn(60, 12) { facts = chart.draw(in: &$0, $0.bounds) }
    #expect(facts.above == 0)
    #expect(whole.text.contains("50┤"))
    chart.clipsOutliers = true
    let clipped = drawn(60, 12) { facts = chart.draw(in: &$0, $0.bounds) }
    #expect(facts.above == 2)
    #expect(facts.below == 1)
    #expect(clipped.text.contains("▲"))
    #expect(clipped.text.contains("▼"))
    #expect(!clipped.text.contains("50┤"))
  }

  @Test func nothingIsClippedWhereNothingIsFarOff() {
    var chart = chart((0..<300).map { 10 * 0.99.power($0) + 0.3 * Double($0 % 3) })
    chart.clipsOutliers = true
    var facts = ChartFacts()
    _ = drawn(60, 12) { facts = chart.draw(in: &$0, $0.bounds) }
    #expect(facts.above == 0)
    #expect(facts.below == 0)
  }

  @Test func smoothedCopyIsNotCountedAgain() {
    var values = Array(repeating: 2.0, count: 100) + [80]
    values[3] = 2.1
    let raw = ChartSeries(name: "A", role: .series1, points: points(values), emphasis: .background)
    let smooth = ChartSeries(name: "A", role: .series1, points: points(values), marksNonFinite: false)
    var chart = LineChart(series: [raw, smooth], xLabel: "step")
    chart.clipsOutliers = true
    var facts = ChartFacts()
    _ = drawn(60, 12) { facts = chart.draw(in: &$0, $0.bounds) }
    #expect(facts.above == 1)
  }

  @Test func clippingSurvivesConstantsExtremesAndLogarithms() {
    for values in [
      [1.0], [3, 3, 3, 3], [3, 3, 3, 9], [1e-38, 1e38], [-1e308, 0, 1e308], [.nan, .infinity],
    ] {
      for scale in [AxisScale.linear, .logarithmic] {
        var chart = chart(values)
        chart.clipsOutliers = true
        chart.yScale = scale
        _ = drawn(40, 8) { chart.draw(in: &$0, $0.bounds) }
      }
    }
  }
}

extension Double {
  fileprivate func power(_ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * self }
  }
}
