/// The axes of a chart, the same on a terminal and in a file.
extension LineChart {
  private var allSegments: [ChartSegment] { series.flatMap(\.segments) }

  /// The x that is shown; `nil` without points.
  var shownX: ClosedRange<Double>? {
    let ranges = allSegments.compactMap(\.points.xRange)
    let reach = xReach.filter(\.isFinite).map { $0...$0 }
    return xRange ?? Self.union(ranges + (ranges.isEmpty ? [] : reach))
  }

  func xAxis(over x: ClosedRange<Double>, maximumTicks ticks: Int) -> Axis {
    xRange.map { Axis($0, measure: xMeasure, maximumTicks: ticks) }
      ?? Axis.around(x, measure: xMeasure, maximumTicks: ticks, roundsStart: false)
  }

  /// `nil` if there is nothing to draw at these x.
  func yAxis(over x: ClosedRange<Double>, maximumTicks ticks: Int) -> Axis? {
    if let fixed = yRange, yScale == .linear || fixed.lowerBound > 0 {
      return Axis(fixed, scale: yScale, maximumTicks: ticks, minimumDecimals: 1)
    }
    let request = ColumnRequest(
      x: x, count: clipsOutliers ? Self.fenceColumns : 1, positiveOnly: yScale == .logarithmic)
    let buckets = allSegments.flatMap { $0.points.columns(request).buckets }
    let ranges = buckets.filter { $0.count > 0 }.map { $0.minimum...$0.maximum }
    let shown = clipsOutliers ? OutlierFence.range(of: buckets, scale: yScale) : Self.union(ranges)
    guard let data = shown else {
      // Only values without a place: they are still worth their marks.
      let any = buckets.contains { $0.hasOnlyUndrawable || $0.nonPositive > 0 }
      return any ? Axis(yScale == .linear ? 0...1 : 0.1...1, scale: yScale, maximumTicks: 2) : nil
    }
    return .around(data, scale: yScale, maximumTicks: ticks, minimumDecimals: 1)
  }

  /// As many columns tell what the most values are like; more would only take longer.
  private static let fenceColumns = 200

  private static func union(_ ranges: [ClosedRange<Double>]) -> ClosedRange<Double>? {
    guard var result = ranges.first else { return nil }
    for range in ranges {
      result = min(result.lowerBound, range.lowerBound)...max(result.upperBound, range.upperBound)
    }
    return result
  }
}
