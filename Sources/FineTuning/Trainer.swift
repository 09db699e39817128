import Compute
import Foundation
import LanguageModels

/// What one optimiser step did.
public struct StepReport: Sendable, Equatable {
  /// 1 is the first.
  public var step: Int
  /// Mean over the step's targets, before the step.
  public var loss: Double
  /// Of all LoRA gradients together, before clipping.
  public var gradientNorm: Double
  public var learningRate: Double
  /// Tokens of the step's rows, prompts counted.
  public var tokens: Int
  public var targets: Int
  public var seconds: Double
}

/// Why a run cannot go on.
public enum TrainingFailure: Error, Sendable, CustomStringConvertible {
  case notFinite(what: String, step: Int, rows: [Int])
  case exploded(smoothedLoss: Double, lowest: Double, step: Int, rows: [Int])
  case noTargets

  public var description: String {
    switch self {
    case .notFinite(let what, let step, let rows):
      "step \(step): \(what) is not a finite number, on examples \(list(rows)); nothing of this step was learned"
    case .exploded(let loss, let lowest, let step, let rows):
      "step \(step): the loss exploded to \(rounded(loss)) (EMA; lowest \(rounded(lowest))), last examples \(list(rows))"
    case .noTargets: "no row of the training set has an answer to learn"
    }
  }

  private func list(_ rows: [Int]) -> String { rows.map(String.init).joined(separator: ", ") }
  private func rounded(_ x: Double) -> String { String(format: "%.3f", x) }
}

/// Trains one adapter on one data set, a step at a time.
///
/// Everything that decides the next step is in `TrainerState` and the adapter: saving both and loading them again
/// continues with the same bits. Owned by one queue.
public final class Trainer {
  public let recipe: TrainingRecipe
  public let adapter: LoRAAdapter
  public let trainingSet: [TrainingSequence]
  public let evaluationSet: [TrainingSequence]
  public private(set) var state = TrainerState()
  let firstMoment: Matrix
  let secondMoment: Matrix
  private let gradient: Matrix
  private let pass: TrainingPass
  private let order: BatchOrder

  /// - Parameters:
  ///   - trainingSet: rows with at least one target each; ids are what messages call them.
  ///   - evaluationSet: may be empty: then nothing is evaluated, and the newest checkpoint is the best.
  ///   - order: by default a new shuffle each epoch.
  public init(
    model: Llama, recipe: TrainingRecipe, trainingSet: [TrainingSequence], evaluationSet: [TrainingSequence],
    order: BatchOrder? = nil
  ) throws {
    guard !trainingSet.isEmpty, trainingSet.allSatisfy({ $0.targetCount > 0 }) else {
      throw TrainingFailure.noTargets
    }
    self.recipe = recipe
    self.trainingSet = trainingSet
    self.evaluationSet = evaluationSet.filter { $0.targetCount > 0 }
    adapter = try LoRAAdapter(
      recipe.lora, model: model.configuration, seed: SplitMix64.mix(recipe.seed ^ 0xA))
    let count = adapter.parameters.count
    firstMoment = try Matrix(rows: 1, columns: count)
    secondMoment = try Matrix(rows: 1, columns: count)
    gradient = try Matrix(rows: 1, columns: count)
    let longest = trainingSet.map(\.tokens.count).sorted(by: >).prefix(recipe.batchSize).reduce(0, +)
    pass = try TrainingPass(model, workers: Workers(count: recipe.threads), trainingRows: longest)
    self.order =
      order
      ?? BatchOrder(
        rows: trainingSet.count, rowsPerStep: recipe.batchSize * recipe.accumulationSteps,
        seed: SplitMix64.mix(recipe.seed ^ 0xB))
  }

  public var isFinished: Bool { state.step >= recipe.totalSteps }
  public var clock: PassClock { pass.clock }
  /// Epochs so far.
  public var epoch: Double { Double(state.step) / Double(order.stepsPerEpoch) }

  // MARK: - Training

  /// The learning rate of the next step.
  public var learningRate: Double {
    var schedule = LearningRateSchedule(recipe)
    if let peak = state.peakLearningRate {
      schedule = LearningRateSchedule(
        kind: recipe.schedule, peak: peak, warmupSteps: recipe.warmupSteps, totalSteps: recipe.totalSteps)
    }
    return schedule.rate(at: state.step)
  }

  /// Replaces the peak of the schedule from the next step on.
  public func setPeakLearningRate(_ rate: Double) { state.peakLearningRate = rate }

  /// - Throws: `TrainingFailure` with the adapter as it was before the step.
  public func step() throws -> StepReport {
    let start = DispatchTime.now().uptimeNanoseconds
    let rows = order.rows(ofStep: state.step).map { trainingSet[$0] }
    let targets = rows.reduce(0) { $0 + $1.targetCount }
    let rate = learningRate
    gradient.fill(0)
    var sum = 0.0
    for first in stride(from: 0, to: rows.count, by: recipe.batchSize) {
      let batch = RaggedBatch(Array(rows[first..<min(first + recipe.batchSize, rows.count)]))
      let losses = try pass.losses(
        of: batch, adapter: adapter,
        backward: BackwardRequest(
          scale: 1 / Float(targets), seed: SplitMix64.mix(recipe.seed ^ 0xC), step: state.step),
        gradients: gradient)
      sum += losses.reduce(0) { $0 + Double($1) }
    }
    let loss = sum / Double(targets)
    let norm = gradient.sumOfSquares.squareRoot()
    let ids = rows.map(\.id)
    guard loss.isFinite else {
      throw TrainingFailure.notFinite(what: "the loss", step: state.step + 1, rows: ids)
    }
    guard norm.isFinite else {
      throw TrainingFailure.notFinite(what: "the gradient", step: state.step + 1, rows: ids)
    }
    try state.watch(loss: loss, step: state.step + 1, rows: ids)

    let clip = recipe.maxGradientNorm > 0 ? min(1, recipe.maxGradientNorm / (norm + 1e-6)) : 1
    adapter.parameters.adamW(
      gradient: gradient, m: firstMoment, v: secondMoment,
      AdamWStep(
        learningRate: Float(rate), weightDecay: Float(recipe.weightDecay), step: state.step + 1,
        gradientScale: Float(clip)))
    state.step += 1
    let tokens = rows.reduce(0) { $0 + $1.tokens.count }
    state.trainedTokens += tokens
    return StepReport(
      step: state.step, loss: loss, gradientNorm: norm, learningRate: rate, tokens: tokens, targets: targets,
      seconds: Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
  }

  // MARK: - Evaluation

  /// The losses of the evaluation set; nil when it is empty, or when `proceed` says no between two batches.
  ///
  /// - Parameter base: the base model, without the adapter.
  public func evaluate(base: Bool = false, proceed: () -> Bool = { true }) throws -> Evaluation? {
    guard !evaluationSet.isEmpty else { return nil }
    var evaluation = Evaluation()
    var rest = evaluationSet[...]
    while !rest.isEmpty {
      guard proceed() else { return nil }
      let rows = nextBatch(of: &rest)
      // One loss for each target, row after row.
      var losses = try pass.losses(of: RaggedBatch(rows), adapter: base ? nil : adapter)[...]
      for row in rows {
        let sum = losses.prefix(row.targetCount).reduce(0) { $0 + Double($1) }
        evaluation.rows.append(Evaluation.Row(id: row.id, lossSum: sum, targets: row.targetCount))
        losses = losses.dropFirst(row.targetCount)
      }
    }
    return evaluation
  }

  /// About a thousand tokens, at least one row: enough to keep all workers busy, little enough to stay small.
  private func nextBatch(of rest: inout ArraySlice<TrainingSequence>) -> [TrainingSequence] {
    var tokens = 0
    let rows = rest.prefix { row in
      defer { tokens += row.tokens.count }
      return tokens == 0 || tokens + row.tokens.count <= 1024
    }
    rest = rest.dropFirst(rows.count)
    return Array(rows)
  }

  /// Takes note of an evaluation of the current adapter; true when it is the best so far. NaN never is.
  public func record(evaluation loss: Double) -> Bool {
    if loss < state.bestEvaluationLoss ?? .infinity {
      state.bestEvaluationLoss = loss
      state.bestStep = state.step
      state.evaluationsWithoutImprovement = 0
      return true
    }
    state.evaluationsWithoutImprovement += 1
    return false
  }

  /// True when the patience is at an end.
  public var shouldStopEarly: Bool {
    recipe.earlyStoppingPatience > 0 && state.evaluationsWithoutImprovement >= recipe.earlyStoppingPatience
  }

  // MARK: - State

  func restore(_ state: TrainerState, moments: (first: [Float], second: [Float]), parameters: [Float]) {
    self.state = state
    firstMoment.set(moments.first)
    secondMoment.set(moments.second)
    adapter.parameters.set(parameters)
  }
}
