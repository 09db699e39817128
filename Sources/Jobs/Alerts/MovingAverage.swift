/// A debiased exponential moving average: the mean of what was added, the past weighing less and less. Values that are
/// not finite are left out.
struct MovingAverage: Sendable {
  let weight: Double
  private var sum = 0.0
  private var total = 0.0

  /// - Parameter weight: of the past, below 1.
  init(weight: Double) { self.weight = weight }

  var value: Double? { total > 0 ? sum / total : nil }

  mutating func add(_ value: Double) {
    guard value.isFinite else { return }
    sum = weight * sum + (1 - weight) * value
    total = weight * total + (1 - weight)
  }
}
