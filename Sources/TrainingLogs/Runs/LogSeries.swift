/// A measurement of a run, as a log has it.
public struct LogPoint: Equatable, Sendable {
  public var step: Int
  /// Seconds since 1970, or since the start of training in logs that know only that; NaN when the log has no times.
  public var time: Double
  public var value: Double
}

/// All measurements of one name in a run, in the order of their writing.
public struct LogSeries: Sendable {
  /// A stretch in which steps do not go back. A run that is resumed begins another one.
  public struct Segment: Equatable, Sendable {
    /// Of the run: 0 at first, 1 after the first resume.
    public var number: Int
    /// Of its first point, in ``LogSeries/points``.
    public var start: Int
  }

  /// Assay's name for it.
  public let name: String
  /// The log's own.
  public let originalName: String
  public private(set) var points: [LogPoint] = []
  public private(set) var segments: [Segment] = []
  /// Of all points, also of such that were too many to keep.
  public private(set) var summary = SeriesSummary()
  /// Entries that said again what was known.
  public internal(set) var duplicatesDropped = 0

  init(name: String, originalName: String) {
    self.name = name
    self.originalName = originalName
  }

  /// The segment of the last point.
  var lastSegment: Int { segments.last?.number ?? -1 }

  /// - Parameter isKept: otherwise the point only counts.
  mutating func append(_ point: LogPoint, segment: Int, isKept: Bool) {
    summary.add(point)
    if lastSegment < segment { segments.append(Segment(number: segment, start: points.count)) }
    if isKept { points.append(point) }
  }

  /// The points of a segment, by its index in ``segments``.
  public func points(inSegment index: Int) -> ArraySlice<LogPoint> {
    let end = index + 1 < segments.count ? segments[index + 1].start : points.count
    return points[segments[index].start..<end]
  }

  /// Looking further back than this for what may be a repetition would cost more than it tells.
  private static let segmentsSearched = 16

  /// The values at a step in the last segments, the newest first.
  func values(atStep step: Int) -> [Double] {
    guard step <= summary.largestStep ?? .min else { return [] }
    var values: [Double] = []
    for index in segments.indices.reversed().prefix(Self.segmentsSearched) {
      let segment = points(inSegment: index)
      var end = segment.firstIndex(beyond: step)
      while end > segment.startIndex, segment[end - 1].step == step {
        end -= 1
        values.append(segment[end].value)
      }
    }
    return values
  }

  /// Whether a value at a step is known already.
  func holds(_ value: Double, atStep step: Int) -> Bool {
    values(atStep: step).contains { $0 == value || $0.isNaN && value.isNaN }
  }
}

/// Figures of a series.
public struct SeriesSummary: Equatable, Sendable {
  public private(set) var count = 0
  public private(set) var first: LogPoint?
  public private(set) var last: LogPoint?
  public private(set) var largestStep: Int?
  /// Of the finite values; nil when there is none.
  public private(set) var minimum: Double?
  public private(set) var maximum: Double?
  public private(set) var nanCount = 0
  public private(set) var positiveInfinityCount = 0
  public private(set) var negativeInfinityCount = 0

  mutating func add(_ point: LogPoint) {
    count += 1
    if first == nil { first = point }
    last = point
    largestStep = max(largestStep ?? point.step, point.step)
    let value = point.value
    if value.isNaN {
      nanCount += 1
    } else if value.isInfinite {
      if value > 0 { positiveInfinityCount += 1 } else { negativeInfinityCount += 1 }
    } else {
      minimum = min(minimum ?? value, value)
      maximum = max(maximum ?? value, value)
    }
  }
}

extension ArraySlice<LogPoint> {
  /// The first index of a step greater than one; steps ascend.
  fileprivate func firstIndex(beyond step: Int) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].step <= step { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
