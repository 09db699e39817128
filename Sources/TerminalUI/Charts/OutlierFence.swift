import Foundation

/// What of a chart's values is shown when outliers are clipped: what lies within one and a half times the spread of the
/// middle nine tenths beyond them (Tukey's fences, with the 5th and 95th percentile in place of the quartiles, since a
/// loss curve falls over most of its range). Where nothing lies beyond, nothing is clipped.
enum OutlierFence {
  /// - Parameters:
  ///   - buckets: pixel columns of all series.
  ///   - scale: on a logarithmic axis the spread is one of logarithms.
  /// - Returns: the range to show; `nil` without values.
  static func range(of buckets: [ColumnBucket], scale: AxisScale) -> ClosedRange<Double>? {
    let filled = buckets.filter { $0.count > 0 }
    guard !filled.isEmpty else { return nil }
    let toScale: (Double) -> Double = scale == .logarithmic ? { log10($0) } : { $0 }
    let values = filled.flatMap { [toScale($0.minimum), toScale($0.maximum)] }.filter(\.isFinite).sorted()
    guard let lowest = values.first, let highest = values.last else { return nil }
    let low = values[Int(Double(values.count - 1) * 0.05)]
    let high = values[Int((Double(values.count - 1) * 0.95).rounded(.up))]
    // Halves, so that values as far apart as Double can say stay finite.
    let margin = (high / 2 - low / 2) * 3
    let inside = values.filter { $0 >= low - margin && $0 <= high + margin }
    let kept = (inside.first ?? lowest)...(inside.last ?? highest)
    return scale == .logarithmic ? pow(10, kept.lowerBound)...pow(10, kept.upperBound) : kept
  }
}
