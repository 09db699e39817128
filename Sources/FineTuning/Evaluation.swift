/// What an adapter, or the base model, loses on the evaluation set.
public struct Evaluation: Equatable, Sendable {
  /// One row of the set.
  public struct Row: Equatable, Sendable {
    /// As the training sequence calls it.
    public var id: Int
    /// Over its targets, in nats.
    public var lossSum: Double
    public var targets: Int
  }

  /// In the order of the set.
  public internal(set) var rows: [Row] = []

  /// Mean loss over the targets of all rows, in nats.
  public var loss: Double { loss { _ in true } ?? .nan }

  /// Mean loss over the targets of some rows; nil when there are none.
  public func loss(where isIncluded: (Row) -> Bool) -> Double? {
    var sum = 0.0
    var count = 0
    for row in rows where isIncluded(row) {
      sum += row.lossSum
      count += row.targets
    }
    return count > 0 ? sum / Double(count) : nil
  }
}
