import Foundation
import ProjectStore

/// What a worker reports while it works, beside what it writes into the store: the lines of `--foreground`.
public enum WorkerEvent: Sendable, Encodable {
  case started(
    run: Run.ID, name: String, model: String, totalSteps: Int, trainingRows: Int, evaluationRows: Int,
    resumedFrom: Int)
  case step(
    step: Int, trainLoss: Double, learningRate: Double, gradientNorm: Double, tokensPerSecond: Double,
    trainedTokens: Int, epoch: Double)
  case evaluation(step: Int, evalLoss: Double, bestEvalLoss: Double?, improved: Bool)
  case checkpoint(step: Int)
  case sample(step: Int, question: String, expected: String, base: String, answer: String)
  case note(kind: String, step: Int, message: String)
  case summary(WorkerSummary)

  private enum Key: String, CodingKey {
    case event, run, name, model, totalSteps, trainingRows, evaluationRows, resumedFrom, step, trainLoss,
      learningRate,
      gradientNorm, tokensPerSecond, trainedTokens, epoch, evalLoss, bestEvalLoss, improved, question,
      expected, base,
      answer, message
  }

  public func encode(to encoder: any Encoder) throws {
    if case .summary(let summary) = self { return try summary.encode(to: encoder) }
    var c = encoder.container(keyedBy: Key.self)
    switch self {
    case .started(let run, let name, let model, let totalSteps, let training, let evaluation, let resumedFrom):
      try c.encode("started", forKey: .event)
      try c.encode(run, forKey: .run)
      try c.encode(name, forKey: .name)
      try c.encode(model, forKey: .model)
      try c.encode(totalSteps, forKey: .totalSteps)
      try c.encode(training, forKey: .trainingRows)
      try c.encode(evaluation, forKey: .evaluationRows)
      try c.encode(resumedFrom, forKey: .resumedFrom)
    case .step(let step, let loss, let rate, let norm, let speed, let tokens, let epoch):
      try c.encode("step", forKey: .event)
      try c.encode(step, forKey: .step)
      try c.encode(loss, forKey: .trainLoss)
      try c.encode(rate, forKey: .learningRate)
      try c.encode(norm, forKey: .gradientNorm)
      try c.encode(speed, forKey: .tokensPerSecond)
      try c.encode(tokens, forKey: .trainedTokens)
      try c.encode(epoch, forKey: .epoch)
    case .evaluation(let step, let loss, let best, let improved):
      try c.encode("evaluation", forKey: .event)
      try c.encode(step, forKey: .step)
      try c.encode(loss, forKey: .evalLoss)
      try c.encode(best, forKey: .bestEvalLoss)
      try c.encode(improved, forKey: .improved)
    case .checkpoint(let step):
      try c.encode("checkpoint", forKey: .event)
      try c.encode(step, forKey: .step)
    case .sample(let step, let question, let expected, let base, let answer):
      try c.encode("sample", forKey: .event)
      try c.encode(step, forKey: .step)
      try c.encode(question, forKey: .question)
      try c.encode(expected, forKey: .expected)
      try c.encode(base, forKey: .base)
      try c.encode(answer, forKey: .answer)
    case .note(let kind, let step, let message):
      try c.encode(kind, forKey: .event)
      try c.encode(step, forKey: .step)
      try c.encode(message, forKey: .message)
    case .summary: break
    }
  }
}

/// How a run ended; the last line of `--foreground --json`.
public struct WorkerSummary: Sendable, Encodable {
  public var event = "summary"
  public var run: Run.ID
  public var name: String
  public var state: RunState
  public var step: Int
  public var totalSteps: Int
  public var trainLoss: Double?
  public var baseEvalLoss: Double?
  public var evalLoss: Double?
  public var bestEvalLoss: Double?
  public var bestStep: Int?
  public var adapterPath: String?
  public var trainedTokens: Int
  /// Median over the steps of this process.
  public var tokensPerSecond: Double?
  public var firstStepSeconds: Double?
  public var peakRssBytes: Int
  public var seconds: Double
  /// Why it failed.
  public var message: String?

  private enum CodingKeys: String, CodingKey {
    case event, run, name, state, step, totalSteps, trainLoss, baseEvalLoss, evalLoss, bestEvalLoss, bestStep,
      adapterPath, trainedTokens, tokensPerSecond, firstStepSeconds, peakRssBytes, seconds, message
  }

  /// Absent values are null, not missing: scripts find every key.
  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(event, forKey: .event)
    try c.encode(run, forKey: .run)
    try c.encode(name, forKey: .name)
    try c.encode(state, forKey: .state)
    try c.encode(step, forKey: .step)
    try c.encode(totalSteps, forKey: .totalSteps)
    try c.encode(trainLoss, forKey: .trainLoss)
    try c.encode(baseEvalLoss, forKey: .baseEvalLoss)
    try c.encode(evalLoss, forKey: .evalLoss)
    try c.encode(bestEvalLoss, forKey: .bestEvalLoss)
    try c.encode(bestStep, forKey: .bestStep)
    try c.encode(adapterPath, forKey: .adapterPath)
    try c.encode(trainedTokens, forKey: .trainedTokens)
    try c.encode(tokensPerSecond, forKey: .tokensPerSecond)
    try c.encode(firstStepSeconds, forKey: .firstStepSeconds)
    try c.encode(peakRssBytes, forKey: .peakRssBytes)
    try c.encode(seconds, forKey: .seconds)
    try c.encode(message, forKey: .message)
  }
}
