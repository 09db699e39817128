/// One drawing of a line chart: its axes fixed, its lines on a canvas, its marks placed.
struct LineChartPlot {
  private let chart: LineChart
  private let glyphs: Glyphs
  private let xAxis: Axis
  private let yAxis: Axis
  /// The cells between the axes.
  private let area: Rectangle
  private let labelWidth: Int
  private var canvas: PlotCanvas
  private var marks: [Point: (glyph: Character, style: Style)] = [:]
  private var segmentColumns: Set<Int> = []
  private(set) var facts = ChartFacts()

  /// `nil` if there is no point or no room.
  init?(_ chart: LineChart, _ whole: Rectangle, glyphs: Glyphs) {
    guard whole.width >= 12, whole.height >= 4 else { return nil }
    self.chart = chart
    self.glyphs = glyphs
    guard let xData = chart.shownX else { return nil }
    let rows = whole.height - 2
    guard let axis = chart.yAxis(over: xData, maximumTicks: max(2, (rows + 1) / 3)) else { return nil }
    yAxis = axis

    let widest = axis.ticks.map { DisplayText.width($0.label) + Self.suffix(chart).count }.max() ?? 0
    labelWidth = min(max(widest, chart.minimumLabelWidth), whole.width / 2)
    // A column at the right is kept for the letters at the ends of the lines.
    area = Rectangle(
      x: whole.x + labelWidth + 1, y: whole.y, width: whole.width - labelWidth - 2, height: rows)
    let ticks = max(2, (area.width - DisplayText.width(chart.xLabel)) / 9)
    xAxis = chart.xAxis(over: xData, maximumTicks: ticks)
    canvas = PlotCanvas(columns: area.width, rows: area.height, mode: glyphs.plot)
    facts.geometry = ChartGeometry(
      area: area, xRange: xAxis.range, pixelsPerColumn: canvas.pixelsPerColumn)

    for series in chart.series where series.emphasis == .background { _ = plot(series) }
    let lines = chart.series.filter { $0.emphasis == .normal }
    for (series, newest) in lines.map({ ($0, plot($0)) }) { placeLetters(series, newest) }
    for mark in chart.marks where xAxis.range.contains(mark.point.x) && yAxis.range.contains(mark.point.y) {
      marks[Point(x: cellColumn(mark.point.x), y: row(mark.point.y))] = (mark.glyph, Style(mark.role, .bold))
    }
  }

  // MARK: Axes

  private static func suffix(_ chart: LineChart) -> String {
    chart.yUnit.count <= 2 ? chart.yUnit : ""
  }

  /// In pixels from the top; the first and last pixel are the ends of the range.
  private func pixelY(_ value: Double) -> Double {
    (1 - yAxis.fraction(value)) * Double(canvas.height - 1)
  }

  private func row(_ value: Double) -> Int {
    let pixel = pixelY(value).clamped(to: 0...Double(max(0, canvas.height - 1)))
    return Int(pixel.rounded()) / canvas.pixelsPerRow
  }

  private var columns: ColumnMapping { ColumnMapping(range: xAxis.range, count: canvas.width) }

  private func cellColumn(_ x: Double) -> Int { columns.column(of: x) / canvas.pixelsPerColumn }

  // MARK: Lines

  /// Draws a series and returns the columns of the newest segment that counts.
  private mutating func plot(_ series: ChartSeries) -> [ColumnBucket] {
    var newest: [ColumnBucket] = []
    for (index, segment) in series.segments.enumerated() {
      let request = ColumnRequest(
        x: xAxis.range, count: canvas.width, positiveOnly: chart.yScale == .logarithmic, y: yAxis.range)
      let reduction = segment.points.columns(request)
      if series.marksNonFinite { facts.add(reduction.buckets) }
      let isBehind = series.emphasis == .background || segment.isSuperseded
      let style = Style(series.role, isBehind ? .dim : [])
      draw(
        reduction, PlotPen(style: style, layer: isBehind ? 0 : 1, isDotted: series.line == .dotted), series)
      if index > 0, series.marksSegments, let start = segment.points.xRange?.lowerBound,
        xAxis.range.contains(start)
      {
        segmentColumns.insert(cellColumn(start))
      }
      if !segment.isSuperseded { newest = reduction.buckets }
    }
    return newest
  }

  private mutating func draw(_ reduction: ColumnReduction, _ pen: PlotPen, _ series: ChartSeries) {
    var pen = pen
    var last = reduction.before.map { (x: columns.position(of: $0.x), y: pixelY($0.y)) }
    let filled = reduction.buckets.lazy.filter { $0.count > 0 }.count
    var lastY = last?.y
    let marksPoints = series.marksPoints && filled * 4 <= canvas.columns
    for (column, bucket) in reduction.buckets.enumerated() {
      mark(bucket, column: column, lastY: lastY, series)
      guard bucket.count > 0 else {
        // A smoothed line goes on through what cannot be drawn; a measured one has a gap there.
        if bucket.hasOnlyUndrawable, series.marksNonFinite {
          last = nil
          pen.lift()
        }
        continue
      }
      let x = Double(column)
      let start = (x: x, y: pixelY(bucket.first))
      pen.line(from: last ?? start, to: start, on: &canvas)
      if bucket.count > 1 {
        let low = (x: x, y: pixelY(bucket.minimum))
        let high = (x: x, y: pixelY(bucket.maximum))
        pen.line(from: low, to: high, on: &canvas)
      }
      last = (x: x, y: pixelY(bucket.last))
      lastY = last?.y
      if marksPoints, yAxis.range.contains(bucket.last) {
        let place = Point(x: column / canvas.pixelsPerColumn, y: row(bucket.last))
        marks[place] = (glyphs.point, Style(series.role, .bold))
      }
    }
    if let after = reduction.after, let last {
      pen.line(from: last, to: (x: columns.position(of: after.x), y: pixelY(after.y)), on: &canvas)
    }
  }

  // MARK: Marks

  private mutating func mark(_ bucket: ColumnBucket, column: Int, lastY: Double?, _ series: ChartSeries) {
    let x = column / canvas.pixelsPerColumn
    let bottom = max(0, area.height - 1)
    guard series.marksNonFinite else { return }
    if bucket.above > 0 { marks[Point(x: x, y: 0)] = (glyphs.arrowUp, Style(.warning, .bold)) }
    if bucket.below > 0 { marks[Point(x: x, y: bottom)] = (glyphs.arrowDown, Style(.warning, .bold)) }
    let style = Style(.bad, .bold)
    if bucket.notANumber > 0 {
      // NaN has no height; its mark stands where the line was.
      let pixel = bucket.count > 0 ? pixelY(bucket.last) : lastY ?? Double(canvas.height) / 2
      let y = Int(pixel.clamped(to: 0...Double(max(0, canvas.height - 1))).rounded()) / canvas.pixelsPerRow
      marks[Point(x: x, y: y)] = (glyphs.notANumber, style)
    }
    if bucket.positiveInfinity > 0 { marks[Point(x: x, y: 0)] = (glyphs.infinity, style) }
    if bucket.negativeInfinity > 0 { marks[Point(x: x, y: bottom)] = (glyphs.infinity, style) }
  }

  /// A series' letter right of the last point shown, and along the line if there is no colour.
  private mutating func placeLetters(_ series: ChartSeries, _ buckets: [ColumnBucket]) {
    guard let letter = series.letter else { return }
    guard let last = buckets.lastIndex(where: { $0.count > 0 }) else { return }
    let style = Style(series.role, .bold)
    let end = Point(x: last / canvas.pixelsPerColumn + 1, y: row(buckets[last].last))
    // Ends that meet stand above each other.
    let places = [end, Point(x: end.x, y: end.y - 1), Point(x: end.x, y: end.y + 1)]
    if let free = places.first(where: { marks[$0] == nil && (0..<area.height).contains($0.y) }) {
      marks[free] = (letter, style)
    }
    guard chart.repeatsLetters else { return }
    let every = 16 * canvas.pixelsPerColumn
    let phase = Int(letter.unicodeScalars.first?.value ?? 0) % 4 * every / 4
    for column in stride(from: phase, to: last - every / 2, by: every) {
      guard let near = buckets[column..<min(column + every / 2, last)].firstIndex(where: { $0.count > 0 })
      else {
        continue
      }
      let place = Point(x: near / canvas.pixelsPerColumn, y: row(buckets[near].last))
      if marks[place] == nil { marks[place] = (letter, style) }
    }
  }

  // MARK: Drawing

  func draw(in grid: inout CellGrid) {
    for column in segmentColumns {
      for y in 0..<area.height {
        grid.putGlyph(glyphs.dottedVertical, x: area.x + column, y: area.y + y, Style(.chartGrid))
      }
    }
    if Self.suffix(chart).isEmpty, !chart.yUnit.isEmpty {
      grid.put(StyledText(chart.yUnit, .chartAxis), in: area.row(0))
    }
    canvas.draw(in: &grid, x: area.x, y: area.y)
    for (line, glyph) in [(chart.pin, glyphs.dottedVertical), (chart.cursor, glyphs.vertical)] {
      guard let line, xAxis.range.contains(line) else { continue }
      let x = area.x + cellColumn(line)
      for y in 0..<area.height where canvas.isEmpty(column: x - area.x, row: y) {
        grid.putGlyph(glyph, x: x, y: area.y + y, Style(.cursor))
      }
    }
    for (place, mark) in marks {
      grid.put(mark.glyph, x: area.x + place.x, y: area.y + place.y, mark.style)
    }
    drawYAxis(in: &grid)
    drawXAxis(in: &grid)
  }

  private func drawYAxis(in grid: inout CellGrid) {
    let style = Style(.chartAxis)
    for y in area.y..<area.maxY { grid.putGlyph(glyphs.vertical, x: area.x - 1, y: y, style) }
    var free = Int.max
    for tick in yAxis.ticks {
      let y = area.y + row(tick.value)
      guard y < free else { continue }
      free = y
      grid.putGlyph(glyphs.tickLeft, x: area.x - 1, y: y, style)
      let label = Rectangle(x: area.x - 1 - labelWidth, y: y, width: labelWidth, height: 1)
      grid.put(StyledText(tick.label + Self.suffix(chart), style), in: label, align: .right)
    }
  }

  private func drawXAxis(in grid: inout CellGrid) {
    let style = Style(.chartAxis)
    let y = area.maxY
    grid.putGlyph(glyphs.axisCorner, x: area.x - 1, y: y, style)
    for x in area.x...area.maxX { grid.putGlyph(glyphs.horizontal, x: x, y: y, style) }

    let name = DisplayText.width(chart.xLabel)
    let nameStart = area.maxX + 1 - name
    grid.put(chart.xLabel, x: nameStart, y: y + 1, style)
    var free = area.x - 1 - labelWidth
    for tick in xAxis.ticks {
      let x = area.x + cellColumn(tick.value)
      let width = DisplayText.width(tick.label)
      let start = max(area.x - 1, x - (width - 1) / 2)
      guard start >= free, start + width < nameStart else { continue }
      grid.putGlyph(glyphs.tickDown, x: x, y: y, style)
      grid.put(tick.label, x: start, y: y + 1, style)
      free = start + width + 1
    }
    for event in chart.events where xAxis.range.contains(event.x) {
      grid.put(event.glyph, x: area.x + cellColumn(event.x), y: y, Style(event.role, .bold))
    }
    if let pin = chart.pin, xAxis.range.contains(pin) { drawLabel(pin, in: &grid) }
    if let cursor = chart.cursor, xAxis.range.contains(cursor) { drawLabel(cursor, in: &grid) }
  }

  /// The x of a cursor, and how far it is from the pin.
  private func drawLabel(_ x: Double, in grid: inout CellGrid) {
    var label = " \(exact(x)) "
    if let pin = chart.pin, let cursor = chart.cursor, x == cursor, pin != cursor {
      label = " \(exact(x)) (\(difference(cursor - pin))) "
    }
    let width = DisplayText.width(label)
    let middle = area.x + cellColumn(x)
    let start = max(area.x - 1, min(middle - width / 2, area.maxX + 1 - width))
    grid.put(label, x: start, y: area.maxY + 1, Style(.cursor, .reverse))
  }

  private func exact(_ x: Double) -> String {
    switch chart.xMeasure {
    case .number:
      x == x.rounded() && abs(x) < 1e9 ? NumberText.count(Int(x)) : NumberText.short(x)
    case .duration: NumberText.duration(seconds: x)
    case .clock(let offset): ClockTicks(offset: offset).exact(x)
    }
  }

  private func difference(_ x: Double) -> String {
    let size = abs(x)
    let text =
      chart.xMeasure == .number
      ? size == size.rounded() && size < 1e9 ? NumberText.count(Int(size)) : NumberText.short(size)
      : NumberText.duration(seconds: size)
    return (x < 0 ? "−" : "+") + text
  }

  /// A corner of the plot where a legend hides nothing: the top right one for curves that fall.
  func freeCorner(for size: Size) -> Rectangle? {
    guard size.width < area.width - 2, size.height < area.height else { return nil }
    let right = area.maxX - size.width
    let left = area.x + 2
    let corners = [
      (right, area.y), (right, area.maxY - size.height), (left, area.maxY - size.height), (left, area.y),
    ]
    return corners.map { Rectangle(x: $0.0, y: $0.1, width: size.width, height: size.height) }.first(
      where: isFree)
  }

  private func isFree(_ place: Rectangle) -> Bool {
    for y in place.y - 1...place.maxY {
      for x in place.x - 2...place.maxX {
        let point = Point(x: x - area.x, y: y - area.y)
        guard (0..<area.width).contains(point.x), (0..<area.height).contains(point.y) else { continue }
        if marks[point] != nil || !canvas.isEmpty(column: point.x, row: point.y) { return false }
      }
    }
    return true
  }
}
