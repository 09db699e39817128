import Testing

@testable import TerminalUI

/// The pyramid against its slow twin, which visits each point.
@Suite struct PyramidTests {
  /// Values of all sorts, some of them rare.
  private static func values(_ count: Int, kind: Int, _ random: inout SeededGenerator) -> [Float] {
    let odd: [Float] = [
      .nan, .infinity, -.infinity, 0, -0.0, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .leastNonzeroMagnitude, 1e-38, -1e-38, 1e38, 50,
    ]
    return (0..<count).map { index in
      switch kind {
      case 0: 1
      case 1: .random(in: -3...3, using: &random)
      case 2:
        Int.random(in: 0..<40, using: &random) == 0
          ? odd.randomElement(using: &random) ?? 0 : Float(index % 7)
      case 3: odd.randomElement(using: &random) ?? 0
      case 4: .nan
      default: Bool.random(using: &random) ? 2 : -.random(in: 0...1, using: &random)
      }
    }
  }

  /// Places that grow by strides, by chance, by leaps, not at all; with kind 5 they go back as well.
  private static func places(_ count: Int, kind: Int, _ random: inout SeededGenerator) -> [Int64] {
    var place = Int64.random(in: -5...1000, using: &random)
    return (0..<count).map { index in
      defer {
        switch kind {
        case 0: place += 1
        case 1: place += .random(in: 0...3, using: &random)
        case 2: place += Int.random(in: 0..<50, using: &random) == 0 ? 1_000_000_000 : 10
        case 3: place += 0
        case 4: place += .random(in: 200...900, using: &random)
        default:
          place += Int.random(in: 0..<80, using: &random) == 0 ? -.random(in: 0...60, using: &random) : 1
        }
      }
      return kind == 5 && index % 97 == 13 ? IntegerColumn.unknown : place
    }
  }

  private static let lengths = [0, 1, 2, 63, 64, 65, 513, 1025, 2500]

  @Test(arguments: 0..<6)
  func agreesWithAnArray(placeKind: Int) {
    var random = SeededGenerator(seed: UInt64(placeKind) + 11)
    for (round, count) in Self.lengths.enumerated() {
      for valueKind in 0..<6 {
        let places = Self.places(count, kind: placeKind, &random)
        let values = Self.values(count, kind: valueKind, &random)
        let scale: PyramidPoints.Scale =
          round % 3 == 0 ? .init(unit: 0.25, origin: 100, lowest: 0, start: 7) : .identity
        var pyramid = ValuePyramid()
        var column = IntegerColumn()
        for (place, value) in zip(places, values) {
          column.append(place)
          pyramid.append(value)
        }
        let slow = PointArray(
          zip(places, values).map { ChartPoint(x: scale.x($0), y: Double($1)) })
        let fast = PyramidPoints(pyramid, over: column, scale: scale)
        expectSame(fast, slow, count < 600 ? 8 : 3, &random)
      }
    }
  }

  /// A series that goes back so often that it is read point by point.
  @Test func agreesWhereXGoesBackAtEveryStep() {
    var random = SeededGenerator(seed: 5)
    var (pyramid, column, points) = (ValuePyramid(), IntegerColumn(), [ChartPoint]())
    for value in Self.values(3000, kind: 2, &random) {
      let place = Int64.random(in: 0...5000, using: &random)
      column.append(place)
      pyramid.append(value)
      points.append(ChartPoint(x: Double(place), y: Double(value)))
    }
    #expect(column.descentCount(in: 0..<3000) > 1000)
    expectSame(PyramidPoints(pyramid, over: column), PointArray(points), 5, &random)
  }

  /// Parts of a series, each with its own scale: a resumed run over the time trained.
  @Test func agreesOnParts() {
    var random = SeededGenerator(seed: 6)
    let places = Self.places(3000, kind: 5, &random)
    let values = Self.values(3000, kind: 2, &random)
    var (pyramid, column) = (ValuePyramid(), IntegerColumn())
    for (place, value) in zip(places, values) {
      column.append(place)
      pyramid.append(value)
    }
    let parts: [(range: Range<Int>, scale: PyramidPoints.Scale)] = [
      (10..<700, .init(origin: 50, lowest: 0)), (900..<900, .identity), (1030..<3000, .init(start: 300)),
    ]
    let points = parts.flatMap { part in
      part.range.map { ChartPoint(x: part.scale.x(places[$0]), y: Double(values[$0])) }
    }
    expectSame(PyramidPoints(pyramid, over: column, parts: parts), PointArray(points), 20, &random)
  }

  private func expectSame(
    _ fast: PyramidPoints, _ slow: PointArray, _ requests: Int, _ random: inout SeededGenerator
  ) {
    #expect(fast.xRange == slow.xRange)
    let whole = slow.xRange ?? 0...1
    let finite = slow.points.map(\.x).filter(\.isFinite)
    for number in 0..<requests {
      let ends = [
        Double.random(in: whole.lowerBound - 3...whole.upperBound + 3, using: &random),
        finite.randomElement(using: &random) ?? 0,
      ].sorted()
      let y = [Double.random(in: -3...3, using: &random), Double.random(in: -3...3, using: &random)].sorted()
      let request = ColumnRequest(
        x: number % 3 == 0 ? whole : ends[0]...ends[1], count: [1, 7, 60, 480][number % 4],
        positiveOnly: number % 2 == 1,
        y: [nil, y[0]...y[1], -1e300...0, 2...2, -.infinity...(.infinity)][number % 5])
      let (a, b) = (fast.columns(request), slow.columns(request))
      #expect(a.buckets == b.buckets)
      #expect(same(a.before, b.before) && same(a.after, b.after))

      for x in ends + [whole.lowerBound + 0.5, -1e300, 1e300, .infinity, .nan] {
        #expect(same(fast.nearest(to: x), slow.nearest(to: x)))
        #expect(fast.smallestX(from: x) == finite.filter { $0 >= x }.min())
        #expect(fast.largestX(upTo: x) == finite.filter { $0 <= x }.max())
      }
    }
  }

  private func same(_ a: ChartPoint?, _ b: ChartPoint?) -> Bool {
    a == b || (a != nil && a?.x == b?.x && a?.y.isNaN == true && b?.y.isNaN == true)
  }

  @Test func aColumnGivesBackWhatWasAppended() {
    var random = SeededGenerator(seed: 8)
    for kind in 0..<6 {
      let places = Self.places(5000, kind: kind, &random)
      var column = IntegerColumn()
      for place in places { column.append(place) }
      #expect((0..<5000).map { column[$0] } == places)
    }
    let extremes = (0..<3000).map { index -> Int64 in
      index % 2 == 0 ? .max - Int64(index) : .min + Int64(index)
    }
    var column = IntegerColumn()
    for place in extremes { column.append(place) }
    #expect((0..<3000).map { column[$0] } == extremes)
    #expect(column.last == extremes.last)
    #expect(column.lastIndex(atMost: .min + 1, in: 0..<3000) == 1)
  }

  /// A copy that is kept, as a frame keeps one, stays what it was.
  @Test func copiesAreValues() {
    var (pyramid, column) = (ValuePyramid(), IntegerColumn())
    var kept: [PyramidPoints] = []
    for step in 0..<2000 {
      if step % 500 == 250 { kept.append(PyramidPoints(pyramid, over: column)) }
      pyramid.append(Float(step))
      column.append(Int64(step))
    }
    #expect(kept.map(\.xRange?.upperBound) == [249, 749, 1249, 1749])
  }

  @Test func oneSpikeAmongManyIsSeen() {
    var (pyramid, column) = (ValuePyramid(), IntegerColumn())
    for step in 0..<250_000 {
      pyramid.append(step == 177_777 ? 50 : step == 130_001 ? .nan : 1)
      column.append(Int64(step))
    }
    let points = PyramidPoints(pyramid, over: column)
    let buckets = points.columns(ColumnRequest(x: 0...249_999, count: 60, y: 0...5)).buckets
    #expect(buckets.map(\.count).reduce(0, +) == 249_999)
    #expect(buckets.map(\.maximum).max() == 50)
    #expect(buckets.map(\.above).reduce(0, +) == 1)
    #expect(buckets.map(\.notANumber).reduce(0, +) == 1)
    #expect(points.nearest(to: 177_777.2) == ChartPoint(x: 177_777, y: 50))
  }

  /// Of a series that is too long to keep: nothing is missing, and nothing is off by more than a bucket.
  @Test(arguments: [1, 63, 64, 1000, 5000])
  func aCoarsePyramidCountsTheSame(extra: Int) {
    var random = SeededGenerator(seed: UInt64(extra))
    let values = Self.values(9000 + extra, kind: 2, &random)
    var (pyramid, column) = (ValuePyramid(), IntegerColumn())
    for (step, value) in values.enumerated() {
      if pyramid.beginsItem { column.append(Int64(step)) }
      pyramid.append(value)
      if step == 5000 || step == 9000 { column = column.thinned(by: pyramid.coarsen()) }
    }
    #expect(pyramid.grain == 512 && pyramid.valueCount == values.count)
    #expect(pyramid.count == column.count && pyramid.count == (values.count + 511) / 512)
    let points = PyramidPoints(pyramid, over: column)
    let slow = PointArray(values: values.map(Double.init))
    for positiveOnly in [false, true] {
      let request = ColumnRequest(x: 0...Double(values.count), count: 1, positiveOnly: positiveOnly)
      #expect(points.columns(request).buckets == slow.columns(request).buckets)
    }
    // Some way into the second bucket, which counts as a whole where it begins.
    let zoomed = ColumnRequest(x: 512...1023, count: 4)
    let (a, b) = (points.columns(zoomed).buckets, slow.columns(zoomed).buckets)
    #expect(a[0].count == b.map(\.count).reduce(0, +))
    #expect(a[0].maximum == b.map(\.maximum).max())
  }

  @Test func averagesAreAppended() {
    var random = SeededGenerator(seed: 2)
    let values = Self.values(3000, kind: 2, &random)
    var pyramid = ValuePyramid()
    for value in values { pyramid.append(value) }
    var whole = ExponentialMovingAverage(weight: 0.9)
    var (smooth, parts, average) = (ValuePyramid(), ValuePyramid(), ExponentialMovingAverage(weight: 0.9))
    smooth.append(averagesOf: pyramid, 0..<3000, &whole)
    for start in stride(from: 0, to: 3000, by: 7) {
      parts.append(averagesOf: pyramid, start..<min(start + 7, 3000), &average)
    }
    #expect(smooth.count == 3000)
    #expect((0..<3000).allSatisfy { smooth[$0].bitPattern == parts[$0].bitPattern })
    #expect((10..<3000).allSatisfy { smooth[$0].isFinite })
  }

  @Test func aNumberKeepsItsKind() {
    let kept = { (value: Double) in Float(keepingKindOf: value) }
    #expect(kept(1e300) == .greatestFiniteMagnitude && kept(-1e300) == -.greatestFiniteMagnitude)
    #expect(kept(1e-300) == .leastNonzeroMagnitude && kept(-1e-300) == -.leastNonzeroMagnitude)
    #expect(kept(0) == 0 && kept(1.5) == 1.5 && kept(.infinity) == .infinity && kept(.nan).isNaN)
  }
}
