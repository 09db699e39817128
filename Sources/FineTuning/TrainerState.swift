import Foundation

/// What a trainer knows beside its weights; saved with every checkpoint.
public struct TrainerState: Sendable, Equatable, Codable {
  /// Steps done.
  public var step = 0
  /// Tokens of all rows trained on so far, prompts counted.
  public var trainedTokens = 0
  public var bestEvaluationLoss: Double?
  public var bestStep: Int?
  public var evaluationsWithoutImprovement = 0
  /// Set by hand in place of the recipe's.
  public var peakLearningRate: Double?
  /// Debiased exponential average of the loss, and the lowest it has been: what an explosion is measured by.
  var lossAverage = 0.0
  var lossWeight = 0.0
  var lowestAverage: Double?

  private static let smoothing = 0.9

  /// Stops a run that unlearns: the averaged loss is three times and 2 nats above the lowest it has been. One bad
  /// batch does not do that; a learning rate far too high does within a few steps.
  mutating func watch(loss: Double, step: Int, rows: [Int]) throws {
    lossAverage = Self.smoothing * lossAverage + (1 - Self.smoothing) * loss
    lossWeight = Self.smoothing * lossWeight + (1 - Self.smoothing)
    let average = lossAverage / lossWeight
    if let lowest = lowestAverage, average > 3 * lowest, average > lowest + 2 {
      throw TrainingFailure.exploded(smoothedLoss: average, lowest: lowest, step: step, rows: rows)
    }
    lowestAverage = min(lowestAverage ?? average, average)
  }
}
