/// Says when evaluation rises while training falls: the run learns its rows by heart.
///
/// The rule: ``evaluations`` in a row, each higher than the one before, while the moving average of the train loss fell
/// from each to the next. It speaks once.
public struct OverfittingWatch: Sendable {
  /// So many have to rise in a row.
  public static let evaluations = 3

  private var train = MovingAverage(weight: 0.9)
  private var rising = 0
  private var last: (eval: Double, train: Double)?
  /// Where the rise began.
  private var start: (eval: Double, train: Double)?
  private var warned = false

  public init() {}

  /// Takes in a step's train loss.
  public mutating func train(loss: Double) { train.add(loss) }

  /// Takes in an evaluation.
  ///
  /// - Returns: the rule with its numbers, when this is the last of so many that rose in a row.
  public mutating func evaluated(loss: Double) -> String? {
    guard loss.isFinite, let average = train.value else { return nil }
    defer { last = (loss, average) }
    guard let last else { return nil }
    if loss > last.eval, average < last.train {
      if rising == 0 { start = last }
      rising += 1
    } else {
      rising = 0
    }
    guard rising >= Self.evaluations, !warned, let start else { return nil }
    warned = true
    return
      "eval rose \(rising) times in a row (\(lossText(start.eval)) → \(lossText(loss))) while train fell "
      + "(\(lossText(start.train)) → \(lossText(average))): overfitting"
  }
}
