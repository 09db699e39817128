import LanguageModels

/// Which rows each step trains on: every epoch is a new shuffle, a function of the seed and the epoch alone, so that
/// a resumed run continues with the rows that would have come.
public struct BatchOrder: Sendable {
  public let rows: Int
  public let rowsPerStep: Int
  public let seed: UInt64
  private var given: [[Int]] = []

  public init(rows: Int, rowsPerStep: Int, seed: UInt64) {
    precondition(rows > 0 && rowsPerStep > 0)
    self.rows = rows
    self.rowsPerStep = rowsPerStep
    self.seed = seed
  }

  /// The same steps again and again: to follow the order that another trainer took.
  public init(steps: [[Int]]) {
    self.init(rows: steps.reduce(0) { $0 + $1.count }, rowsPerStep: steps.map(\.count).max() ?? 1, seed: 0)
    given = steps
  }

  public var stepsPerEpoch: Int { given.isEmpty ? (rows + rowsPerStep - 1) / rowsPerStep : given.count }

  /// Row numbers of a step (0 is the first); the last step of an epoch may have fewer.
  public func rows(ofStep step: Int) -> [Int] {
    guard given.isEmpty else { return given[step % given.count] }
    let epoch = step / stepsPerEpoch
    let first = step % stepsPerEpoch * rowsPerStep
    var order = Array(0..<rows)
    var random = SplitMix64(seed: SplitMix64.mix(seed) &+ UInt64(epoch))
    order.shuffle(using: &random)
    return Array(order[first..<min(first + rowsPerStep, rows)])
  }
}
