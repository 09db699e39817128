/// The values of a series in the order of their recording, and above them levels of buckets, each of which sums up
/// eight of the level below.
///
/// Any range of values is summed up from at most 64 values and seven buckets of a level at either end: what that costs
/// grows with the logarithm of their number. A bucket is made when its last value is appended and never changes.
///
/// A series too long to be kept whole can be made coarser: then the smallest thing known is a bucket of
/// ``grain`` values. All counts, minima and maxima stay exact; what is lost is where in a bucket a value lies.
public struct ValuePyramid: Equatable, Sendable {
  /// Values of a bucket of the lowest level. A page of values holds a whole number of them.
  static let leafSize = 64
  /// Buckets that one of the next level sums up, as a power of two.
  private static let fanOutBits = 3

  /// Empty in a coarse pyramid.
  private var values = PagedArray<Float>()
  /// From the smallest to the largest buckets; of full ones only.
  private var levels: [PagedArray<PyramidBucket>] = []
  /// The newest values of a coarse pyramid, until they are a bucket.
  private var pending = PyramidBucket()

  /// Values appended.
  public private(set) var valueCount = 0
  /// Values in an item, which is the smallest thing that can be told apart: 1, or 64, 512, … in a coarse pyramid.
  public private(set) var grain = 1

  public init() {}

  /// What ranges are made of: values, or buckets of ``grain`` of them.
  public var count: Int { grain == 1 ? values.count : fullItems + (pending.size > 0 ? 1 : 0) }

  /// Whether the next value begins an item.
  public var beginsItem: Bool { pending.size == 0 }

  private var fullItems: Int { levels.first?.count ?? 0 }

  // MARK: Appending

  public mutating func append(_ value: Float) {
    valueCount += 1
    guard grain == 1 else {
      pending.add(value)
      if pending.size == grain {
        seal(pending)
        pending = PyramidBucket()
      }
      return
    }
    values.append(value)
    if values.count % Self.leafSize == 0 {
      seal(PyramidBucket(values[values.count - Self.leafSize..<values.count]))
    }
  }

  /// Appends a bucket, and those above it that it completes.
  private mutating func seal(_ bucket: PyramidBucket) {
    var bucket = bucket
    var level = 0
    while true {
      if level == levels.count { levels.append(PagedArray()) }
      levels[level].append(bucket)
      let count = levels[level].count
      guard count % (1 << Self.fanOutBits) == 0 else { return }
      bucket = PyramidBucket(merging: levels[level][count - 1 << Self.fanOutBits..<count])
      level += 1
    }
  }

  /// Forgets the smallest things that can be told apart.
  ///
  /// - Returns: how many of the items before make one now; 1 if there is nothing to be forgotten yet.
  @discardableResult
  public mutating func coarsen() -> Int {
    guard levels.count > 1 else { return 1 }
    let factor = grain == 1 ? Self.leafSize : 1 << Self.fanOutBits
    if grain == 1 {
      pending = PyramidBucket(values[values.count - values.count % factor..<values.count])
      values = PagedArray()
    } else {
      let rest = fullItems - fullItems % factor
      let newest = pending
      pending = PyramidBucket(merging: levels[0][rest..<fullItems])
      pending.add(newest)
      levels.removeFirst()
    }
    grain *= factor
    return factor
  }

  // MARK: Items

  /// The value of an item; of a bucket, the first one that can be drawn, or NaN.
  public subscript(index: Int) -> Float {
    guard grain > 1 else { return values[index] }
    let bucket = index < fullItems ? levels[0][index] : pending
    return bucket.drawable(positiveOnly: false) > 0 ? bucket.first : .nan
  }

  /// Items of a bucket of a level, as a power of two.
  private func sizeBits(_ level: Int) -> Int {
    (grain == 1 ? Self.leafSize.trailingZeroBitCount : 0) + level * Self.fanOutBits
  }

  /// The highest level with a bucket that begins at an item and ends no later than another; `nil` if there is none.
  private func level(from start: Int, to end: Int) -> Int? {
    var found: Int?
    for level in levels.indices {
      let bits = sizeBits(level)
      guard start & (1 << bits - 1) == 0, start + 1 << bits <= end, start >> bits < levels[level].count else {
        break
      }
      found = level
    }
    return found
  }

  /// The highest level with a bucket that ends at an item and begins no earlier than another.
  private func level(to end: Int, from start: Int) -> Int? {
    var found: Int?
    for level in levels.indices {
      let bits = sizeBits(level)
      guard end & (1 << bits - 1) == 0, end - 1 << bits >= start, end >> bits <= levels[level].count else {
        break
      }
      found = level
    }
    return found
  }

  // MARK: Sums

  /// Adds the items of a range to a pixel column, in their order.
  func add(_ range: Range<Int>, to column: inout ColumnBucket, _ request: ColumnRequest) {
    let clip = Clip(request)
    var index = range.lowerBound
    while index < range.upperBound {
      if let level = level(from: index, to: range.upperBound) {
        let bits = sizeBits(level)
        column.add(levels[level][index >> bits], positiveOnly: request.positiveOnly)
        if let clip { count(clip, level: level, index >> bits, &column) }
        index += 1 << bits
      } else if grain > 1 {
        column.add(pending, positiveOnly: request.positiveOnly)
        if let clip { count(clip, pending, &column) }
        index += 1
      } else {
        let end = min(range.upperBound, (index / Self.leafSize + 1) * Self.leafSize)
        for value in values[index..<end] { column.add(Double(value), request) }
        index = end
      }
    }
  }

  /// Which values lie above and below a range of y, said in Float.
  private struct Clip {
    /// Values are above if they are larger than this, and finite.
    let above: Float
    /// Values are below if they are smaller than this, and larger than `floor`.
    let below: Float
    let floor: Float
    let positiveOnly: Bool

    init?(_ request: ColumnRequest) {
      guard let range = request.y else { return nil }
      positiveOnly = request.positiveOnly
      floor = positiveOnly ? 0 : -.infinity
      let upper = Float(range.upperBound)
      // The nearest Float on the inner side: no Float lies between it and the bound.
      above = max(Double(upper) > range.upperBound ? upper.nextDown : upper, floor)
      let lower = Float(range.lowerBound)
      below = Double(lower) < range.lowerBound ? lower.nextUp : lower
    }

    /// How many values of a bucket are above and below; `nil` if it cannot be said without looking into it.
    func counts(_ bucket: PyramidBucket) -> (above: Int, below: Int)? {
      let drawable = bucket.drawable(positiveOnly: positiveOnly)
      let minimum = positiveOnly ? bucket.minimumPositive : bucket.minimum
      guard drawable > 0, bucket.maximum > above || minimum < below else { return (0, 0) }
      if minimum > above { return (drawable, 0) }
      return bucket.maximum < below ? (0, drawable) : nil
    }
  }

  private func count(_ clip: Clip, level: Int, _ index: Int, _ column: inout ColumnBucket) {
    if level == 0, grain > 1 { return count(clip, levels[0][index], &column) }
    if let counts = clip.counts(levels[level][index]) {
      column.above += counts.above
      column.below += counts.below
    } else if level > 0 {
      let children = index << Self.fanOutBits..<(index + 1) << Self.fanOutBits
      for child in children { count(clip, level: level - 1, child, &column) }
    } else {
      for value in values[index * Self.leafSize..<(index + 1) * Self.leafSize] {
        column.above += value > clip.above && value < .infinity ? 1 : 0
        column.below += value < clip.below && value > clip.floor ? 1 : 0
      }
    }
  }

  /// Of a bucket that cannot be looked into, what is sure: that there is one.
  private func count(_ clip: Clip, _ bucket: PyramidBucket, _ column: inout ColumnBucket) {
    let minimum = clip.positiveOnly ? bucket.minimumPositive : bucket.minimum
    let counts = clip.counts(bucket) ?? (bucket.maximum > clip.above ? 1 : 0, minimum < clip.below ? 1 : 0)
    column.above += counts.above
    column.below += counts.below
  }

  // MARK: Neighbours

  private func isDrawable(_ index: Int, _ positiveOnly: Bool) -> Bool {
    if grain > 1 { return pending.drawable(positiveOnly: positiveOnly) > 0 }
    let value = values[index]
    return value.isFinite && !(positiveOnly && value <= 0)
  }

  /// The first item of a range with a finite value.
  public func firstFinite(in range: Range<Int>) -> Int? { firstDrawable(in: range, positiveOnly: false) }

  /// The first item of a range with a value that can be drawn.
  func firstDrawable(in range: Range<Int>, positiveOnly: Bool) -> Int? {
    var index = range.lowerBound
    while index < range.upperBound {
      guard let level = level(from: index, to: range.upperBound) else {
        if isDrawable(index, positiveOnly) { return index }
        index += 1
        continue
      }
      let bits = sizeBits(level)
      guard levels[level][index >> bits].drawable(positiveOnly: positiveOnly) > 0 else {
        index += 1 << bits
        continue
      }
      // It is in here: look only as far, one level lower at a time.
      if bits == 0 { return index }
      let end = index + 1 << bits
      if level == 0 { return (index..<end).first { isDrawable($0, positiveOnly) } }
      let below = sizeBits(level - 1)
      while levels[level - 1][index >> below].drawable(positiveOnly: positiveOnly) == 0 {
        index += 1 << below
      }
      return firstDrawable(in: index..<index + 1 << below, positiveOnly: positiveOnly)
    }
    return nil
  }

  /// The last item of a range with a value that can be drawn.
  func lastDrawable(in range: Range<Int>, positiveOnly: Bool) -> Int? {
    var end = range.upperBound
    while end > range.lowerBound {
      guard let level = level(to: end, from: range.lowerBound) else {
        if isDrawable(end - 1, positiveOnly) { return end - 1 }
        end -= 1
        continue
      }
      let bits = sizeBits(level)
      guard levels[level][end >> bits - 1].drawable(positiveOnly: positiveOnly) > 0 else {
        end -= 1 << bits
        continue
      }
      if bits == 0 { return end - 1 }
      if level == 0 { return (end - 1 << bits..<end).last { isDrawable($0, positiveOnly) } }
      let below = sizeBits(level - 1)
      while levels[level - 1][end >> below - 1].drawable(positiveOnly: positiveOnly) == 0 {
        end -= 1 << below
      }
      return lastDrawable(in: end - 1 << below..<end, positiveOnly: positiveOnly)
    }
    return nil
  }
}

// MARK: - Values

extension Float {
  /// The nearest Float of the same kind: a finite number stays finite, and one that is not zero stays that.
  public init(keepingKindOf value: Double) {
    let nearest = Float(value)
    if nearest.isInfinite, value.isFinite {
      self = value > 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude
    } else if nearest == 0, value != 0 {
      self = value > 0 ? .leastNonzeroMagnitude : -.leastNonzeroMagnitude
    } else {
      self = nearest
    }
  }
}

extension ValuePyramid {
  /// Appends the moving averages of a range of another one's values, and NaN before the first finite value.
  public mutating func append(
    averagesOf other: ValuePyramid, _ range: Range<Int>, _ average: inout ExponentialMovingAverage
  ) {
    for index in range { append(average.add(Double(other[index])).map(Float.init(keepingKindOf:)) ?? .nan) }
  }
}
