/// One measured value: `x` is a step, a count of tokens, seconds.
public struct ChartPoint: Hashable, Sendable {
  public var x: Double
  public var y: Double

  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

/// What a chart asks of a series for one drawing.
public struct ColumnRequest: Sendable {
  public var x: ClosedRange<Double>
  /// Pixel columns that the range is cut into.
  public var count: Int
  /// Leave out, and count, values ≤ 0: a logarithmic axis has no place for them.
  public var positiveOnly: Bool
  /// Count the points outside this range.
  public var y: ClosedRange<Double>?

  public init(x: ClosedRange<Double>, count: Int, positiveOnly: Bool = false, y: ClosedRange<Double>? = nil) {
    self.x = x
    self.count = max(1, count)
    self.positiveOnly = positiveOnly
    self.y = y
  }
}

/// All points that fall into one pixel column, in what is enough to draw them as if each had been drawn.
public struct ColumnBucket: Hashable, Sendable {
  /// Drawable values: finite, and positive if only those were asked for.
  public var count = 0
  public var first = 0.0
  public var last = 0.0
  public var minimum = Double.infinity
  public var maximum = -Double.infinity

  public var notANumber = 0
  public var positiveInfinity = 0
  public var negativeInfinity = 0
  public var nonPositive = 0
  public var above = 0
  public var below = 0

  public init() {}

  public var hasOnlyUndrawable: Bool { count == 0 && notANumber + positiveInfinity + negativeInfinity > 0 }

  public mutating func add(_ y: Double, _ request: ColumnRequest) {
    guard y.isFinite else {
      if y.isNaN { notANumber += 1 } else if y > 0 { positiveInfinity += 1 } else { negativeInfinity += 1 }
      return
    }
    if request.positiveOnly, y <= 0 {
      nonPositive += 1
      return
    }
    if count == 0 { first = y }
    count += 1
    last = y
    minimum = min(minimum, y)
    maximum = max(maximum, y)
    if let range = request.y {
      if y > range.upperBound { above += 1 } else if y < range.lowerBound { below += 1 }
    }
  }
}

/// A series cut into pixel columns, with its neighbours just outside, so that lines go on to the edge of the plot.
public struct ColumnReduction: Sendable {
  public var buckets: [ColumnBucket]
  public var before: ChartPoint?
  public var after: ChartPoint?

  public init(buckets: [ColumnBucket], before: ChartPoint? = nil, after: ChartPoint? = nil) {
    self.buckets = buckets
    self.before = before
    self.after = after
  }
}

/// A source of points: an array, or a pyramid of minima and maxima that answers without visiting each point.
///
/// A source must account for every point. Leaving some out is not reduction.
public protocol SeriesPoints: Sendable {
  /// From the smallest to the largest finite x; `nil` without points.
  var xRange: ClosedRange<Double>? { get }
  func columns(_ request: ColumnRequest) -> ColumnReduction
  /// The point nearest to an x.
  func nearest(to x: Double) -> ChartPoint?
}

/// Points in memory, in any order of x.
public struct PointArray: SeriesPoints, ExpressibleByArrayLiteral {
  public let points: [ChartPoint]
  public let xRange: ClosedRange<Double>?

  public init(_ points: [ChartPoint]) {
    self.points = points
    var low = Double.infinity
    var high = -Double.infinity
    for point in points where point.x.isFinite {
      low = min(low, point.x)
      high = max(high, point.x)
    }
    xRange = low <= high ? low...high : nil
  }

  public init(_ points: some Sequence<(x: Double, y: Double)>) {
    self.init(points.map { ChartPoint(x: $0.x, y: $0.y) })
  }

  /// Values at x = 0, 1, 2, …
  public init(values: some Sequence<Double>) {
    self.init(values.enumerated().map { ChartPoint(x: Double($0.offset), y: $0.element) })
  }

  public init(arrayLiteral elements: ChartPoint...) { self.init(elements) }

  public func columns(_ request: ColumnRequest) -> ColumnReduction {
    var result = ColumnReduction(buckets: Array(repeating: ColumnBucket(), count: request.count))
    let low = request.x.lowerBound
    let high = request.x.upperBound
    let mapping = ColumnMapping(range: request.x, count: request.count)
    for point in points where point.x.isFinite {
      if point.x < low || point.x > high {
        guard point.y.isFinite, !(request.positiveOnly && point.y <= 0) else { continue }
        if point.x < low, point.x >= result.before?.x ?? -.infinity { result.before = point }
        if point.x > high, point.x < result.after?.x ?? .infinity { result.after = point }
      } else {
        result.buckets[mapping.column(of: point.x)].add(point.y, request)
      }
    }
    return result
  }

  public func nearest(to x: Double) -> ChartPoint? {
    var best: ChartPoint?
    for point in points where point.x.isFinite {
      if let found = best, abs(point.x - x) >= abs(found.x - x) { continue }
      best = point
    }
    return best
  }
}

/// Which pixel column an x falls into.
public struct ColumnMapping: Sendable {
  private let low: Double
  private let perUnit: Double
  private let count: Int

  public init(range: ClosedRange<Double>, count: Int) {
    self.count = max(1, count)
    low = range.lowerBound
    // Halves, so that the width of a range as wide as Double itself is finite.
    let half = range.upperBound / 2 - range.lowerBound / 2
    perUnit = half > 0 ? Double(self.count) / half / 2 : .nan
  }

  /// A place between 0 and `count`, beyond them for an x outside. The middle for a range without width.
  public func position(of x: Double) -> Double {
    perUnit.isNaN ? Double(count) / 2 : (x / 2 - low / 2) * perUnit * 2
  }

  public func column(of x: Double) -> Int {
    let position = position(of: x)
    guard position > 0 else { return 0 }
    return position < Double(count) ? Int(position) : count - 1
  }
}
