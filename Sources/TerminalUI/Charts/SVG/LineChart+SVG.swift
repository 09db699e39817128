import Foundation

/// A chart as it is drawn on the screen, with its title, for a file.
public struct TitledChart: Sendable {
  public var title: String
  public var chart: LineChart

  public init(title: String, chart: LineChart) {
    self.title = title
    self.chart = chart
  }

  /// Charts one under the other as an SVG file on white, in the colours of the light theme.
  ///
  /// As on the screen every pixel column keeps its first, smallest, largest and last value; what cannot be drawn is
  /// marked at its place and counted in the title.
  ///
  /// - Parameter size: of each chart, in pixels.
  public static func svg(
    _ charts: [TitledChart], size: (width: Int, height: Int) = (960, 480)
  ) -> String {
    var document = SVGDocument(width: size.width, height: size.height * charts.count)
    for (index, chart) in charts.enumerated() {
      document.add("<g transform=\"translate(0 \(index * size.height))\">")
      SVGPlot(chart, index: index, size: size).draw(in: &document)
      document.add("</g>")
    }
    return document.text(title: charts.map(\.title).joined(separator: ", "))
  }
}

/// One drawing of a line chart as SVG.
private struct SVGPlot {
  private static let left = 64.0
  private static let top = 34.0
  private static let bottom = 40.0
  private static let legendWidth = 230.0

  private let title: String
  private let chart: LineChart
  private let size: (width: Int, height: Int)
  private let clip: String

  init(_ titled: TitledChart, index: Int, size: (width: Int, height: Int)) {
    title = titled.title
    chart = titled.chart
    clip = "plot\(index)"
    self.size = size
  }

  private var area: (x: Double, y: Double, width: Double, height: Double) {
    let legend = chart.legend.isEmpty ? 24 : Self.legendWidth
    return (
      Self.left, Self.top, max(40, Double(size.width) - Self.left - legend),
      max(40, Double(size.height) - Self.top - Self.bottom)
    )
  }

  private func colour(_ role: Role) -> String { Theme.light.svgColour(role) }

  func draw(in document: inout SVGDocument) {
    let area = area
    guard let shownX = chart.shownX,
      let yAxis = chart.yAxis(over: shownX, maximumTicks: max(2, Int(area.height / 50)))
    else {
      document.text(title, x: Self.left, y: 20, colour: colour(.title), isBold: true)
      document.text(chart.emptyText, x: Self.left, y: Self.top + 20, colour: colour(.dim))
      return
    }
    let xAxis = chart.xAxis(over: shownX, maximumTicks: max(2, Int(area.width / 90)))
    drawAxes(xAxis, yAxis, in: &document)
    document.add(
      "<clipPath id=\"\(clip)\"><rect x=\"\(SVGDocument.number(area.x))\" y=\"\(SVGDocument.number(area.y))\" "
        + "width=\"\(SVGDocument.number(area.width))\" height=\"\(SVGDocument.number(area.height))\"/></clipPath>"
    )
    var facts = ChartFacts()
    let ordered =
      chart.series.filter { $0.emphasis == .background } + chart.series.filter { $0.emphasis == .normal }
    for series in ordered { draw(series, xAxis, yAxis, &facts, in: &document) }
    drawMarks(xAxis, yAxis, in: &document)
    drawLegend(in: &document)
    let note = facts.note(.unicode).plain
    document.text(
      note.isEmpty ? title : "\(title) — \(note)", x: Self.left, y: 20, colour: colour(.title), isBold: true)
  }

  // MARK: Axes

  private func x(_ value: Double, _ axis: Axis) -> Double { area.x + axis.fraction(value) * area.width }
  private func y(_ value: Double, _ axis: Axis) -> Double {
    area.y + (1 - axis.fraction(value).clamped(to: -10...11)) * area.height
  }

  private func drawAxes(_ xAxis: Axis, _ yAxis: Axis, in document: inout SVGDocument) {
    let (grid, ink) = (colour(.chartGrid), colour(.chartAxis))
    let (right, low) = (area.x + area.width, area.y + area.height)
    for tick in yAxis.ticks {
      let y = y(tick.value, yAxis)
      document.line(from: (area.x, y), to: (right, y), colour: grid)
      document.text(tick.label + chart.yUnit, x: area.x - 6, y: y + 4, colour: ink, anchor: .end)
    }
    for tick in xAxis.ticks {
      let x = x(tick.value, xAxis)
      document.line(from: (x, low), to: (x, low + 4), colour: ink)
      document.text(tick.label, x: x, y: low + 18, colour: ink, anchor: .middle)
    }
    document.line(from: (area.x, low), to: (right, low), colour: ink)
    document.line(from: (area.x, area.y), to: (area.x, low), colour: ink)
    document.text(chart.xLabel, x: right, y: low + 34, colour: ink, anchor: .end)
  }

  // MARK: Lines

  private func draw(
    _ series: ChartSeries, _ xAxis: Axis, _ yAxis: Axis, _ facts: inout ChartFacts,
    in document: inout SVGDocument
  ) {
    let columns = Int(area.width)
    let colour = colour(series.role)
    for (index, segment) in series.segments.enumerated() {
      let request = ColumnRequest(
        x: xAxis.range, count: columns, positiveOnly: chart.yScale == .logarithmic, y: yAxis.range)
      let reduction = segment.points.columns(request)
      if series.marksNonFinite { facts.add(reduction.buckets) }
      let isBehind = series.emphasis == .background || segment.isSuperseded
      let dash = series.line == .dotted ? " stroke-dasharray=\"1 4\" stroke-linecap=\"round\"" : ""
      for path in paths(reduction, xAxis, yAxis, breaks: series.marksNonFinite) {
        document.add(
          "<polyline clip-path=\"url(#\(clip))\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(isBehind ? 1 : 1.6)\""
            + "\(isBehind ? " opacity=\"0.35\"" : "")\(dash) points=\"\(path)\"/>")
      }
      if index > 0, series.marksSegments, let start = segment.points.xRange?.lowerBound,
        xAxis.range.contains(start)
      {
        let x = x(start, xAxis)
        document.line(
          from: (x, area.y), to: (x, area.y + area.height), colour: self.colour(.chartGrid), dashes: "2 4")
      }
      drawPoints(reduction, series, xAxis, yAxis, in: &document)
      if !segment.isSuperseded, index == series.segments.count - 1 {
        drawLetter(reduction, series, yAxis, in: &document)
      }
    }
  }

  /// The lines between what cannot be drawn.
  private func paths(_ reduction: ColumnReduction, _ xAxis: Axis, _ yAxis: Axis, breaks: Bool) -> [String] {
    var paths: [[String]] = []
    var path: [String] = []
    func add(_ x: Double, _ value: Double) {
      let point = "\(SVGDocument.number(x)),\(SVGDocument.number(y(value, yAxis)))"
      if path.last != point { path.append(point) }
    }
    if let before = reduction.before { add(area.x - 4, before.y) }
    for (column, bucket) in reduction.buckets.enumerated() {
      if bucket.hasOnlyUndrawable, breaks {
        paths.append(path)
        path = []
      }
      guard bucket.count > 0 else { continue }
      let x = area.x + (Double(column) + 0.5) * area.width / Double(reduction.buckets.count)
      add(x, bucket.first)
      if bucket.count > 1 {
        add(x, bucket.minimum)
        add(x, bucket.maximum)
        add(x, bucket.last)
      }
    }
    if let after = reduction.after, !path.isEmpty { add(area.x + area.width + 4, after.y) }
    paths.append(path)
    // A single point is a dot.
    return paths.filter { !$0.isEmpty }.map {
      $0.count == 1 ? "\($0[0]) \($0[0])" : $0.joined(separator: " ")
    }
  }

  private func drawPoints(
    _ reduction: ColumnReduction, _ series: ChartSeries, _ xAxis: Axis, _ yAxis: Axis,
    in document: inout SVGDocument
  ) {
    let filled = reduction.buckets.count { $0.count > 0 }
    let isAlone = filled == 1
    var lastY: Double?
    for (column, bucket) in reduction.buckets.enumerated() {
      let x = area.x + (Double(column) + 0.5) * area.width / Double(reduction.buckets.count)
      if bucket.count > 0 { lastY = y(bucket.last, yAxis) }
      if bucket.count > 0, isAlone || series.marksPoints && filled <= 60, yAxis.range.contains(bucket.last) {
        document.add(
          "<circle cx=\"\(SVGDocument.number(x))\" cy=\"\(SVGDocument.number(y(bucket.last, yAxis)))\" r=\"2.5\" "
            + "fill=\"\(colour(series.role))\"/>")
      }
      guard series.marksNonFinite else { continue }
      let (high, low) = (area.y + 10, area.y + area.height - 2)
      if bucket.above > 0 { document.text("▲", x: x, y: high, colour: colour(.warning), anchor: .middle) }
      if bucket.below > 0 { document.text("▼", x: x, y: low, colour: colour(.warning), anchor: .middle) }
      if bucket.notANumber > 0 {
        document.text(
          "×", x: x, y: (lastY ?? area.y + area.height / 2) + 4, colour: colour(.bad), anchor: .middle,
          isBold: true)
      }
      if bucket.positiveInfinity > 0 {
        document.text("∞", x: x, y: high, colour: colour(.bad), anchor: .middle, isBold: true)
      }
      if bucket.negativeInfinity > 0 {
        document.text("−∞", x: x, y: low, colour: colour(.bad), anchor: .middle, isBold: true)
      }
    }
  }

  private func drawLetter(
    _ reduction: ColumnReduction, _ series: ChartSeries, _ yAxis: Axis, in document: inout SVGDocument
  ) {
    guard let letter = series.letter, let last = reduction.buckets.lastIndex(where: { $0.count > 0 }) else {
      return
    }
    let x = area.x + (Double(last) + 0.5) * area.width / Double(reduction.buckets.count) + 4
    document.text(
      String(letter), x: x, y: y(reduction.buckets[last].last, yAxis) + 4, colour: colour(series.role),
      isBold: true)
  }

  // MARK: Marks and names

  private func drawMarks(_ xAxis: Axis, _ yAxis: Axis, in document: inout SVGDocument) {
    for mark in chart.marks where xAxis.range.contains(mark.point.x) && yAxis.range.contains(mark.point.y) {
      document.add(
        "<circle cx=\"\(SVGDocument.number(x(mark.point.x, xAxis)))\" "
          + "cy=\"\(SVGDocument.number(y(mark.point.y, yAxis)))\" r=\"5\" fill=\"none\" "
          + "stroke=\"\(colour(mark.role))\" stroke-width=\"1.5\"/>")
    }
    for event in chart.events where xAxis.range.contains(event.x) {
      document.text(
        String(event.glyph), x: x(event.x, xAxis), y: area.y + area.height + 4, colour: colour(event.role),
        anchor: .middle)
    }
  }

  private func drawLegend(in document: inout SVGDocument) {
    var y = area.y + 10
    let x = area.x + area.width + 20
    for entry in chart.legend {
      let name = [entry.letter.map(String.init), entry.title].compactMap { $0 }.joined(separator: " ")
      document.text(
        DisplayText.truncated(name, to: 32), x: x, y: y, colour: colour(entry.role), isBold: true)
      y += 16
      for detail in entry.details {
        document.text(detail.plain, x: x + 10, y: y, colour: colour(.text))
        y += 16
      }
      y += 4
    }
  }
}

extension Theme {
  /// `#rrggbb` on white paper.
  fileprivate func svgColour(_ role: Role) -> String {
    switch self[role].foreground {
    case .terminal: "#1c1c1c"
    case let colour: String(format: "#%06x", colour.number(.direct))
    }
  }
}
