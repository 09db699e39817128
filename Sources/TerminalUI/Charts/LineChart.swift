/// A stretch of a series that was measured without a break. A resumed run begins a new one.
public struct ChartSegment: Sendable {
  public var points: any SeriesPoints
  /// Steps that were run again after a resume: shown dim, behind what replaced them.
  public var isSuperseded: Bool

  public init(_ points: any SeriesPoints, isSuperseded: Bool = false) {
    self.points = points
    self.isSuperseded = isSuperseded
  }
}

/// One line of a chart.
public struct ChartSeries: Sendable {
  public enum Line: Sendable { case solid, dotted }
  public enum Emphasis: Sendable {
    case normal
    /// Dim and behind the others: the raw values of a smoothed line.
    case background
  }

  public var name: String
  /// Tells the series apart where colour does not; stands at the end of its line.
  public var letter: Character?
  public var role: Role
  public var segments: [ChartSegment]
  public var line: Line
  public var emphasis: Emphasis
  /// Whether what cannot be drawn at its place is marked and counted; a smoothed copy leaves that to its original.
  public var marksNonFinite: Bool
  /// Whether single points are marked while they stand far enough apart.
  public var marksPoints: Bool
  /// Whether the start of a segment after the first gets a thin mark.
  public var marksSegments = true

  public init(
    name: String, letter: Character? = nil, role: Role, segments: [ChartSegment], line: Line = .solid,
    emphasis: Emphasis = .normal, marksNonFinite: Bool = true, marksPoints: Bool = false
  ) {
    self.name = name
    self.letter = letter
    self.role = role
    self.segments = segments
    self.line = line
    self.emphasis = emphasis
    self.marksNonFinite = marksNonFinite
    self.marksPoints = marksPoints
  }

  public init(
    name: String, letter: Character? = nil, role: Role, points: [ChartPoint], line: Line = .solid,
    emphasis: Emphasis = .normal, marksNonFinite: Bool = true, marksPoints: Bool = false
  ) {
    self.init(
      name: name, letter: letter, role: role, segments: [ChartSegment(PointArray(points))], line: line,
      emphasis: emphasis, marksNonFinite: marksNonFinite, marksPoints: marksPoints)
  }

  /// The point nearest to an x, of the segments that count.
  public func nearest(to x: Double) -> ChartPoint? {
    segments.filter { !$0.isSuperseded }.compactMap { $0.points.nearest(to: x) }
      .min { abs($0.x - x) < abs($1.x - x) }
  }
}

/// Something that happened at an x, marked on the axis.
public struct ChartEvent: Sendable {
  public var x: Double
  public var glyph: Character
  public var role: Role

  public init(x: Double, glyph: Character, role: Role) {
    self.x = x
    self.glyph = glyph
    self.role = role
  }
}

/// A place in the plot that is worth a mark, such as the best evaluation.
public struct ChartMark: Sendable {
  public var point: ChartPoint
  public var glyph: Character
  public var role: Role

  public init(_ point: ChartPoint, glyph: Character, role: Role) {
    self.point = point
    self.glyph = glyph
    self.role = role
  }
}

/// A few lines of the legend: whose they are, and what is worth saying of it.
public struct LegendEntry: Sendable {
  public var letter: Character?
  public var role: Role
  public var title: String
  public var details: [StyledText]

  public init(letter: Character? = nil, role: Role, title: String, details: [StyledText] = []) {
    self.letter = letter
    self.role = role
    self.title = title
    self.details = details
  }
}

/// What a chart could not draw at its place, so that its title can say so.
public struct ChartFacts: Hashable, Sendable {
  public var notANumber = 0
  public var infinite = 0
  /// Points above and below a fixed range.
  public var above = 0
  public var below = 0
  /// Points ≤ 0, which a logarithmic axis has no place for.
  public var nonPositive = 0
  /// Where all the others are; `nil` if nothing was drawn.
  public var geometry: ChartGeometry?

  public init() {}

  mutating func add(_ buckets: [ColumnBucket]) {
    for bucket in buckets {
      notANumber += bucket.notANumber
      infinite += bucket.positiveInfinity + bucket.negativeInfinity
      above += bucket.above
      below += bucket.below
      nonPositive += bucket.nonPositive
    }
  }

  /// `2 NaN · 1 ∞ · 3 ▲ · 5 ≤ 0 left out`; empty if all was drawn.
  public func note(_ glyphs: Glyphs) -> StyledText {
    var parts: [StyledText] = []
    if notANumber > 0 { parts.append(StyledText("\(NumberText.count(notANumber)) NaN", .bad, .bold)) }
    if infinite > 0 { parts.append(StyledText("\(NumberText.count(infinite)) ∞", .bad, .bold)) }
    if above > 0 { parts.append(StyledText("\(NumberText.count(above)) \(glyphs.arrowUp)", .warning)) }
    if below > 0 { parts.append(StyledText("\(NumberText.count(below)) \(glyphs.arrowDown)", .warning)) }
    if nonPositive > 0 {
      parts.append(StyledText("\(NumberText.count(nonPositive)) ≤ 0 left out", .warning))
    }
    return StyledText(Array(parts.map(\.runs).joined(separator: [StyledText.Run(" · ", .dim)])))
  }
}

/// Lines over a common x: losses, rates, times. All of it is values; nothing is remembered between drawings.
public struct LineChart: Sendable {
  public enum LegendPlacement: Sendable {
    /// Inside the plot, in a corner that no line touches, else as `right`.
    case inside
    /// In a column of its own.
    case right
    /// In one row above the plot: letters, names, and what fits of the details.
    case top
    case none
  }

  public var series: [ChartSeries]
  public var events: [ChartEvent] = []
  public var marks: [ChartMark] = []
  public var legend: [LegendEntry] = []
  /// `nil` chooses by the room there is.
  public var legendPlacement: LegendPlacement?

  /// The x shown, all of the data by default.
  public var xRange: ClosedRange<Double>?
  /// Places that the x axis has beside the data: where lines end that are still being read.
  public var xReach: [Double] = []
  public var xMeasure: AxisMeasure = .number
  /// What x is: `step`, `tokens`, `time`.
  public var xLabel: String
  /// The y shown; points outside are counted. All of the data by default.
  public var yRange: ClosedRange<Double>?
  public var yScale: AxisScale = .linear
  /// Leaves the y axis to the values that are not far from the others; those beyond are counted and shown by arrows.
  public var clipsOutliers = false
  /// Behind the numbers of the y axis: `%`, `tok/s`.
  public var yUnit = ""

  /// An x to draw a line at.
  public var cursor: Double?
  /// Another one, to which the cursor is compared.
  public var pin: Double?
  /// Repeats letters along their lines: for terminals without colour.
  public var repeatsLetters = false
  /// Columns that the y labels take at least, so that charts below each other share their x.
  public var minimumLabelWidth = 4
  /// Said in place of a plot without points.
  public var emptyText = "No points yet"

  public init(series: [ChartSeries], xLabel: String) {
    self.series = series
    self.xLabel = xLabel
  }

  /// Draws the chart in a box whose title is followed by what could not be drawn.
  @discardableResult
  public func draw(in grid: inout CellGrid, box area: Rectangle, title: StyledText) -> ChartFacts {
    var facts = ChartFacts()
    grid.clipped(to: area.insideBox) { facts = draw(in: &$0, area.insideBox) }
    grid.box(area, title: title, note: facts.note(grid.glyphs))
    return facts
  }

  /// Draws the chart and returns what it could not show.
  @discardableResult
  public func draw(in grid: inout CellGrid, _ area: Rectangle) -> ChartFacts {
    var placement = legendPlacement ?? Self.placement(for: area)
    if legend.isEmpty { placement = .none }
    if placement == .inside {
      let plot = LineChartPlot(self, area, glyphs: grid.glyphs)
      if let place = plot?.freeCorner(for: ChartLegend(legend).size) {
        plot?.draw(in: &grid)
        ChartLegend(legend).draw(in: &grid, place)
        return plot?.facts ?? ChartFacts()
      }
      placement = area.width >= 50 ? .right : .top
    }
    let (plotArea, legendArea) = ChartLegend(legend).split(area, placement)
    guard let plot = LineChartPlot(self, plotArea, glyphs: grid.glyphs) else {
      drawEmpty(in: &grid, area)
      return ChartFacts()
    }
    plot.draw(in: &grid)
    if placement == .top {
      ChartLegend(legend).drawRow(in: &grid, legendArea)
    } else if placement == .right {
      ChartLegend(legend).draw(in: &grid, legendArea)
    }
    return plot.facts
  }

  private static func placement(for area: Rectangle) -> LegendPlacement {
    area.width >= 60 && area.height >= 8 ? .inside : .top
  }

  private func drawEmpty(in grid: inout CellGrid, _ area: Rectangle) {
    let lines = DisplayText.wrapped(emptyText, to: max(1, area.width - 4)).prefix(area.height)
    let top = (area.height - lines.count) / 2
    for (index, line) in lines.enumerated() {
      grid.put(StyledText(line, .dim), in: area.row(top + index), align: .centre)
    }
  }
}
