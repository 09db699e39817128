/// What is known of consecutive values of a series: enough to draw them as if each had been drawn.
struct PyramidBucket: Equatable, Sendable {
  /// Values in it, of any kind.
  var size: UInt32 = 0
  var notANumber: UInt32 = 0
  var positiveInfinity: UInt32 = 0
  var negativeInfinity: UInt32 = 0
  /// Finite values ≤ 0, which a logarithmic axis has no place for.
  var nonPositive: UInt32 = 0

  /// Of the finite values.
  var first: Float = 0
  var last: Float = 0
  var minimum = Float.infinity
  var maximum = -Float.infinity
  /// Of the finite values > 0. The largest of them is `maximum`.
  var firstPositive: Float = 0
  var lastPositive: Float = 0
  var minimumPositive = Float.infinity

  init() {}

  init(_ values: some Sequence<Float>) {
    for value in values { add(value) }
  }

  init(merging parts: some Sequence<PyramidBucket>) {
    for part in parts { add(part) }
  }

  /// Finite values, or those of them > 0.
  func drawable(positiveOnly: Bool) -> Int {
    let finite = size - notANumber - positiveInfinity - negativeInfinity
    return Int(positiveOnly ? finite - nonPositive : finite)
  }

  mutating func add(_ value: Float) {
    defer { size += 1 }
    guard value.isFinite else {
      if value.isNaN {
        notANumber += 1
      } else if value > 0 {
        positiveInfinity += 1
      } else {
        negativeInfinity += 1
      }
      return
    }
    if minimum > maximum { first = value }
    last = value
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    guard value > 0 else {
      nonPositive += 1
      return
    }
    if minimumPositive == .infinity { firstPositive = value }
    lastPositive = value
    minimumPositive = min(minimumPositive, value)
  }

  /// Takes what comes after it.
  mutating func add(_ next: PyramidBucket) {
    if next.minimum <= next.maximum {
      if minimum > maximum { first = next.first }
      last = next.last
    }
    if next.minimumPositive < .infinity {
      if minimumPositive == .infinity { firstPositive = next.firstPositive }
      lastPositive = next.lastPositive
    }
    minimum = min(minimum, next.minimum)
    maximum = max(maximum, next.maximum)
    minimumPositive = min(minimumPositive, next.minimumPositive)
    size += next.size
    notANumber += next.notANumber
    positiveInfinity += next.positiveInfinity
    negativeInfinity += next.negativeInfinity
    nonPositive += next.nonPositive
  }
}

extension ColumnBucket {
  /// Adds all but the counts above and below a range.
  mutating func add(_ part: PyramidBucket, positiveOnly: Bool) {
    notANumber += Int(part.notANumber)
    positiveInfinity += Int(part.positiveInfinity)
    negativeInfinity += Int(part.negativeInfinity)
    if positiveOnly { nonPositive += Int(part.nonPositive) }
    let new = part.drawable(positiveOnly: positiveOnly)
    guard new > 0 else { return }
    if count == 0 { first = Double(positiveOnly ? part.firstPositive : part.first) }
    count += new
    last = Double(positiveOnly ? part.lastPositive : part.last)
    minimum = min(minimum, Double(positiveOnly ? part.minimumPositive : part.minimum))
    maximum = max(maximum, Double(part.maximum))
  }
}
