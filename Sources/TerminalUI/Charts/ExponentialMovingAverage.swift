/// An exponential moving average without the pull towards zero at its start (bias correction as in Adam, Kingma and
/// Ba 2015, section 3, in a form that never leaves a constant series):
///
///     d_n = w·d_{n−1} + (1 − w),   m_n = m_{n−1} + (1 − w)/d_n · (x_n − m_{n−1}),   d_0 = 0
///
/// Values that are not finite are skipped: the average goes on as it was.
public struct ExponentialMovingAverage: Hashable, Sendable {
  /// Weight of the past, 0 (no smoothing) up to but not 1.
  public let weight: Double
  /// The average so far; `nil` before the first finite value.
  public private(set) var value: Double?
  private var share = 0.0

  public init(weight: Double) {
    self.weight = weight.isNaN ? 0 : min(max(weight, 0), 1 - .ulpOfOne)
  }

  /// Takes the next value and returns the average with it.
  @discardableResult
  public mutating func add(_ x: Double) -> Double? {
    guard x.isFinite else { return value }
    share = weight * share + (1 - weight)
    guard let before = value else {
      value = x
      return x
    }
    let pull = (1 - weight) / share
    // Split so that values of opposite sign near the largest Double do not overflow.
    value = x == before ? before : before + (pull * x - pull * before)
    return value
  }

  /// The averages of a whole series; points before the first finite value are left out.
  public static func smoothed(_ points: [ChartPoint], weight: Double) -> [ChartPoint] {
    var average = ExponentialMovingAverage(weight: weight)
    return points.compactMap { point in average.add(point.y).map { ChartPoint(x: point.x, y: $0) } }
  }
}
