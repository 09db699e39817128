import Foundation
import Testing

@testable import TerminalUI

@Suite struct SVGTests {
  private func chart(_ values: [Double], name: String = "run") -> LineChart {
    let points = values.enumerated().map { ChartPoint(x: Double($0.offset), y: $0.element) }
    var chart = LineChart(
      series: [ChartSeries(name: name, letter: "A", role: .series1, points: points)], xLabel: "step")
    chart.legend = [LegendEntry(letter: "A", role: .series1, title: name, details: ["─ 1.62"])]
    return chart
  }

  private func svg(_ chart: LineChart, title: String = "Loss") -> String {
    TitledChart.svg([TitledChart(title: title, chart: chart)])
  }

  /// The y of every point of every line, in pixels from the top.
  private func heights(_ svg: String) -> [Double] {
    svg.matches(of: /points="([^"]*)"/).flatMap { match in
      match.1.split(separator: " ").compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    }
  }

  @Test func smallDrawing() throws {
    var chart = chart([3, 2.5, .nan, 2, 1.5])
    chart.marks = [ChartMark(ChartPoint(x: 4, y: 1.5), glyph: "◎", role: .series1)]
    chart.events = [ChartEvent(x: 3, glyph: "◆", role: .series1)]
    try expectGolden(svg(chart), "chart-svg")
  }

  @Test func spikeInAMillionPointsIsInTheFile() {
    var values = Array(repeating: 1.0, count: 1_000_000)
    values[777_777] = 50
    let text = svg(chart(values))
    #expect(heights(text).min() ?? .infinity < 60, "50 is at the top")
    #expect(text.utf8.count < 200_000, "The size depends on the pixels, not on the points")
  }

  @Test func whatHasNoPlaceIsMarkedAndCounted() {
    let text = svg(chart([1, 2, .nan, .infinity, -.infinity, 2, 1]))
    #expect(text.contains(">×</text>"))
    #expect(text.contains(">∞</text>"))
    #expect(text.contains(">−∞</text>"))
    #expect(text.contains("Loss — 1 NaN · 2 ∞"))
    #expect(text.matches(of: /<polyline/).count == 2, "The line has a gap there")
  }

  @Test func namesCannotBreakOutOfTheFile() {
    let name = "</text><script>alert(1)</script>&\"\u{1B}[31m\u{202E}x"
    let text = svg(chart([1, 2], name: name), title: name)
    #expect(!text.contains("<script"))
    #expect(text.contains("&lt;/text&gt;"))
    #expect(text.contains("&amp;&quot;"))
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    #expect(!text.contains("\u{202E}"))
  }

  @Test(arguments: [[], [5], [7, 7, 7], [1e-38, 1e38], [-1e308, 1e308], [.nan], [0, -1]])
  func strangeValuesMakeAFile(_ values: [Double]) {
    for scale in [AxisScale.linear, .logarithmic] {
      var chart = chart(values)
      chart.yScale = scale
      let text = svg(chart)
      #expect(text.hasSuffix("</svg>\n"))
      #expect(!text.contains("nan\"") && !text.contains("inf\""))
    }
  }

  @Test func severalChartsStandUnderEachOther() {
    let one = TitledChart(title: "one", chart: chart([1, 2]))
    let two = TitledChart(title: "two", chart: chart([3, 4]))
    let text = TitledChart.svg([one, two], size: (400, 200))
    #expect(text.contains("viewBox=\"0 0 400 400\""))
    #expect(text.contains("translate(0 200)"))
    #expect(text.contains("id=\"plot0\"") && text.contains("id=\"plot1\""))
  }
}
