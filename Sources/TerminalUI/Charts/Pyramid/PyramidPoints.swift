/// Points of a pyramid of values over a column of places: what a chart draws of a long series. What that costs depends
/// on the columns of the screen, not on the points.
///
/// Stretches of the column in which x grows are searched; one that goes back and forth too often to be cut into such
/// stretches is read point by point.
public struct PyramidPoints: SeriesPoints {
  /// How a column's numbers become x: `max(lowest, number · unit − origin) + start`.
  public struct Scale: Equatable, Sendable {
    public var unit: Double
    public var origin: Double
    public var lowest: Double
    public var start: Double

    public init(unit: Double = 1, origin: Double = 0, lowest: Double = -.infinity, start: Double = 0) {
      self.unit = unit
      self.origin = origin
      self.lowest = lowest
      self.start = start
    }

    /// The column's numbers as they are.
    public static let identity = Scale()

    func x(_ number: Int64) -> Double {
      number == IntegerColumn.unknown ? .nan : max(lowest, Double(number) * unit - origin) + start
    }
  }

  private struct Piece: Sendable {
    var range: Range<Int>
    var scale: Scale
    var isAscending: Bool
  }

  /// A part with more descents than this is read point by point.
  private static let maximumPieces = 1000

  private let values: ValuePyramid
  private let places: IntegerColumn
  private let pieces: [Piece]
  public let xRange: ClosedRange<Double>?

  /// - Parameters:
  ///   - values: one for each place; more of them are not looked at.
  ///   - parts: the ranges of points to show, in their order, each with its scale.
  public init(_ values: ValuePyramid, over places: IntegerColumn, parts: [(range: Range<Int>, scale: Scale)])
  {
    self.values = values
    self.places = places
    let known = 0..<min(values.count, places.count)
    var pieces: [Piece] = []
    var low = Double.infinity
    var high = -Double.infinity
    for part in parts {
      let range = part.range.clamped(to: known)
      let isSearched = places.descentCount(in: range) <= Self.maximumPieces
      for var ascent in isSearched ? places.ascendingRanges(in: range) : [range] {
        if isSearched {
          // Places that are not known are the smallest.
          let start = places.firstIndex(above: IntegerColumn.unknown, in: ascent)
          guard start < ascent.upperBound else { continue }
          ascent = start..<ascent.upperBound
          low = min(low, part.scale.x(places[ascent.lowerBound]))
          high = max(high, part.scale.x(places[ascent.upperBound - 1]))
        } else {
          for index in ascent {
            let x = part.scale.x(places[index])
            guard x.isFinite else { continue }
            low = min(low, x)
            high = max(high, x)
          }
        }
        pieces.append(Piece(range: ascent, scale: part.scale, isAscending: isSearched))
      }
    }
    self.pieces = pieces
    xRange = low <= high ? low...high : nil
  }

  /// All points.
  public init(_ values: ValuePyramid, over places: IntegerColumn, scale: Scale = .identity) {
    self.init(values, over: places, parts: [(0..<places.count, scale)])
  }

  private func x(_ index: Int, _ piece: Piece) -> Double { piece.scale.x(places[index]) }

  private func point(_ index: Int, _ piece: Piece) -> ChartPoint {
    ChartPoint(x: x(index, piece), y: Double(values[index]))
  }

  // MARK: Columns

  public func columns(_ request: ColumnRequest) -> ColumnReduction {
    var result = ColumnReduction(buckets: Array(repeating: ColumnBucket(), count: request.count))
    let mapping = ColumnMapping(range: request.x, count: request.count)
    for piece in pieces {
      if piece.isAscending {
        search(piece, request, mapping, &result)
      } else {
        read(piece, request, mapping, &result)
      }
    }
    return result
  }

  private func search(
    _ piece: Piece, _ request: ColumnRequest, _ mapping: ColumnMapping, _ result: inout ColumnReduction
  ) {
    let range = piece.range
    let begin = range.partitionIndex { x($0, piece) >= request.x.lowerBound }
    let end = (begin..<range.upperBound).partitionIndex { x($0, piece) > request.x.upperBound }
    let before = values.lastDrawable(in: range.lowerBound..<begin, positiveOnly: request.positiveOnly)
    if let before { result.offer(before: point(before, piece)) }
    let after = values.firstDrawable(in: end..<range.upperBound, positiveOnly: request.positiveOnly)
    if let after { result.offer(after: point(after, piece)) }

    var index = begin
    while index < end {
      let column = mapping.column(of: x(index, piece))
      let next =
        column == request.count - 1
        ? end : (index + 1..<end).partitionIndex { mapping.column(of: x($0, piece)) > column }
      values.add(index..<next, to: &result.buckets[column], request)
      index = next
    }
  }

  private func read(
    _ piece: Piece, _ request: ColumnRequest, _ mapping: ColumnMapping, _ result: inout ColumnReduction
  ) {
    for index in piece.range {
      let x = x(index, piece)
      guard x.isFinite else { continue }
      let isOutside = !request.x.contains(x)
      guard isOutside else {
        values.add(index..<index + 1, to: &result.buckets[mapping.column(of: x)], request)
        continue
      }
      let point = point(index, piece)
      guard point.y.isFinite, !(request.positiveOnly && point.y <= 0) else { continue }
      if x < request.x.lowerBound { result.offer(before: point) } else { result.offer(after: point) }
    }
  }

  // MARK: Single points

  public func nearest(to x: Double) -> ChartPoint? {
    var best: ChartPoint?
    func offer(_ index: Int, _ piece: Piece) {
      let point = point(index, piece)
      guard point.x.isFinite else { return }
      if let found = best, abs(point.x - x) >= abs(found.x - x) { return }
      best = point
    }
    for piece in pieces {
      if piece.isAscending {
        offer(nearest(to: x, in: piece), piece)
      } else {
        for index in piece.range { offer(index, piece) }
      }
    }
    return best
  }

  /// The first of the nearest points of a piece.
  private func nearest(to x: Double, in piece: Piece) -> Int {
    let range = piece.range
    guard !x.isNaN else { return range.upperBound - 1 }
    let right = range.partitionIndex { self.x($0, piece) >= x }
    func distance(_ index: Int) -> Double { abs(self.x(index, piece) - x) }
    guard right > range.lowerBound else { return right }
    let closest = distance(right - 1)
    if right < range.upperBound, distance(right) < closest { return right }
    return (range.lowerBound..<right).partitionIndex { distance($0) <= closest }
  }

  /// The smallest x of a point that is at least as large as another.
  public func smallestX(from x: Double) -> Double? {
    var best: Double?
    for piece in pieces {
      if piece.isAscending {
        let index = piece.range.partitionIndex { self.x($0, piece) >= x }
        if index < piece.range.upperBound { best = min(best ?? .infinity, self.x(index, piece)) }
      } else {
        for index in piece.range where self.x(index, piece) >= x {
          best = min(best ?? .infinity, self.x(index, piece))
        }
      }
    }
    return best
  }

  /// The largest x of a point that is at most as large as another.
  public func largestX(upTo x: Double) -> Double? {
    guard !x.isNaN else { return nil }
    var best: Double?
    for piece in pieces {
      if piece.isAscending {
        let index = piece.range.partitionIndex { self.x($0, piece) > x }
        if index > piece.range.lowerBound { best = max(best ?? -.infinity, self.x(index - 1, piece)) }
      } else {
        for index in piece.range where self.x(index, piece) <= x {
          best = max(best ?? -.infinity, self.x(index, piece))
        }
      }
    }
    return best
  }
}

extension ColumnReduction {
  /// Takes a point left of the columns if none is nearer; of two at the same x the later one.
  fileprivate mutating func offer(before point: ChartPoint) {
    if point.x >= before?.x ?? -.infinity { before = point }
  }

  /// Takes a point right of the columns if it is nearer than all; of two at the same x the earlier one.
  fileprivate mutating func offer(after point: ChartPoint) {
    if point.x < after?.x ?? .infinity { after = point }
  }
}
