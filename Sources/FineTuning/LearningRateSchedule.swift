import Foundation

/// The learning rate of each step: a linear rise from 0, then constant, or down to 0 by a line or half a cosine.
/// The formulas are those of transformers' `get_{constant,linear,cosine}_schedule_with_warmup`.
public struct LearningRateSchedule: Sendable {
  public let kind: TrainingRecipe.Schedule
  public let peak: Double
  public let warmupSteps: Int
  public let totalSteps: Int

  public init(kind: TrainingRecipe.Schedule, peak: Double, warmupSteps: Int, totalSteps: Int) {
    self.kind = kind
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  public init(_ recipe: TrainingRecipe) {
    self.init(
      kind: recipe.schedule, peak: recipe.learningRate, warmupSteps: recipe.warmupSteps,
      totalSteps: recipe.totalSteps)
  }

  /// - Parameter step: 0 is the first.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
    let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
    return switch kind {
    case .constant: peak
    case .linear: peak * max(0, 1 - progress)
    case .cosine: peak * max(0, 0.5 * (1 + cos(.pi * progress)))
    }
  }
}
