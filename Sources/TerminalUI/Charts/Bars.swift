extension CellGrid {
  /// Draws a bar of a fraction of a width, to an eighth of a cell. What is there but too small for that still shows.
  public mutating func bar(
    _ fraction: Double, x: Int, y: Int, width: Int, _ style: Style, showsRest: Bool = false
  ) {
    guard width > 0 else { return }
    let known = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    var eighths = Int((known * Double(width * 8)).rounded())
    if known > 0, eighths == 0 { eighths = 1 }
    if known < 1, eighths == width * 8, width > 1 { eighths -= 1 }
    for column in 0..<width {
      let part = min(eighths - column * 8, 8)
      if part > 0 {
        putGlyph(glyphs.barParts[part - 1], x: x + column, y: y, style)
      } else if showsRest {
        putGlyph(glyphs.barRest, x: x + column, y: y, Style(.chartGrid))
      }
    }
  }
}

/// How far something is: a bar and its percentage.
public struct ProgressBar: Sendable {
  /// 0…1; `nil` if it cannot be known.
  public var fraction: Double?
  public var role: Role
  public var showsPercentage: Bool

  public init(fraction: Double?, role: Role = .accent, showsPercentage: Bool = true) {
    self.fraction = fraction
    self.role = role
    self.showsPercentage = showsPercentage
  }

  /// Draws into the first row of an area.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    let known = fraction.flatMap { $0.isNaN ? nil : min(max($0, 0), 1) }
    // 100 % is for what is done.
    let text = known.map { "\(Int($0 * 100)) %" } ?? "– %"
    let labelWidth = showsPercentage && area.width >= 10 ? 6 : 0
    grid.bar(
      known ?? 0, x: area.x, y: area.y, width: area.width - labelWidth, Style(role), showsRest: true)
    if labelWidth > 0 {
      let label = area.inset(left: area.width - labelWidth)
      grid.put(StyledText(text), in: label.row(0), align: .right)
    }
  }
}

/// Counts as horizontal bars on a common scale, with their shares.
///
///     factual     ████████████▌     702  54.7 %
///     conceptual  ██████████▎       582  45.3 %
public struct BarRows: Sendable {
  public struct Row: Sendable {
    public var label: String
    public var count: Int
    public var role: Role

    public init(label: String, count: Int, role: Role) {
      self.label = label
      self.count = count
      self.role = role
    }
  }

  public var rows: [Row]
  /// What a share is a share of; the sum of the rows by default.
  public var total: Int?
  /// The count that fills a bar; the largest by default.
  public var scale: Int?
  public var showsShares = true
  /// Said in place of rows.
  public var emptyText = ""

  public init(_ rows: [Row]) { self.rows = rows }

  /// Draws as many rows as the area has; the label is cut before the numbers are.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    if rows.isEmpty {
      grid.putWrapped(emptyText, in: area, .dim)
      return
    }
    let total = total ?? rows.reduce(0) { $0 + max(0, $1.count) }
    let scale = max(1, scale ?? rows.map(\.count).max() ?? 1)
    let counts = rows.map { NumberText.count($0.count) }
    let shares = rows.map { Self.share($0.count, of: total) }
    let countWidth = counts.map(\.count).max() ?? 0
    let shareWidth = showsShares ? (shares.map(\.count).max() ?? 0) + 2 : 0
    let numbers = countWidth + shareWidth
    let widestLabel = rows.map { DisplayText.width($0.label) }.max() ?? 0
    let labelWidth = min(widestLabel, max(4, area.width - numbers - 8))
    let barWidth = area.width - labelWidth - numbers - 4

    for (index, row) in rows.prefix(area.height).enumerated() {
      let y = area.y + index
      grid.put(row.label, x: area.x, y: y, maximum: labelWidth)
      if barWidth > 0 {
        grid.bar(
          Double(row.count) / Double(scale), x: area.x + labelWidth + 2, y: y, width: barWidth,
          Style(row.role))
      }
      let count = Rectangle(x: area.maxX - numbers, y: y, width: countWidth, height: 1)
      grid.put(StyledText(counts[index]), in: count, align: .right)
      if showsShares {
        let share = Rectangle(x: area.maxX - shareWidth, y: y, width: shareWidth, height: 1)
        grid.put(StyledText(shares[index], .dim), in: share, align: .right)
      }
    }
  }

  /// `54.7 %`, in tenths that are rounded once; `–` of nothing.
  static func share(_ count: Int, of total: Int) -> String {
    guard total > 0 else { return "–" }
    let tenths = Int((Double(count) / Double(total) * 1000).rounded())
    return "\(tenths / 10).\(abs(tenths % 10)) %"
  }
}

/// A series in one row: the highest value of each column, so that a spike stays.
public struct Sparkline: Sendable {
  public var points: any SeriesPoints
  public var role: Role
  /// The values of the lowest and highest level; the data's own by default.
  public var range: ClosedRange<Double>?

  public init(_ points: any SeriesPoints, role: Role, range: ClosedRange<Double>? = nil) {
    self.points = points
    self.role = role
    self.range = range
  }

  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty, let x = points.xRange else { return }
    let buckets = points.columns(ColumnRequest(x: x, count: area.width)).buckets
    let values = buckets.filter { $0.count > 0 }
    let low = range?.lowerBound ?? values.map(\.minimum).min() ?? 0
    let high = range?.upperBound ?? values.map(\.maximum).max() ?? 0
    let axis = Axis(min(low, high)...max(low, high), maximumTicks: 2)
    var shown: Character?
    for (column, bucket) in buckets.enumerated() {
      if bucket.hasOnlyUndrawable || bucket.notANumber > 0 {
        let glyph = bucket.notANumber > 0 ? grid.glyphs.notANumber : grid.glyphs.infinity
        grid.putGlyph(glyph, x: area.x + column, y: area.y, Style(.bad, .bold))
      } else if bucket.count > 0 {
        let levels = grid.glyphs.levels
        let level = Int(axis.fraction(bucket.maximum).clamped(to: 0...1) * Double(levels.count - 1) + 0.5)
        grid.putGlyph(levels[level], x: area.x + column, y: area.y, Style(role))
        shown = levels[level]
      } else if let shown {
        // Between two points that are further apart than a column.
        grid.putGlyph(shown, x: area.x + column, y: area.y, Style(role))
      }
    }
  }
}
