import Compute
import FineTuning
import Foundation
import LanguageModels
import ModelFiles

/// Measures how fast texts become sentence embeddings; Tests/Reference/compare_encoder.py does the same in
/// transformers.
public struct EmbeddingBenchmark: Sendable {
  public struct Result: Sendable, Encodable {
    public var benchmark = "embed"
    public var model: String
    public var precision: String
    public var instructionSet: String
    public var threads: Int
    public var texts: Int
    public var tokens: Int
    /// Medians over the rounds, tokenizing included.
    public var textsPerSecond: Double
    public var tokensPerSecond: Double
    public var fastestTextsPerSecond: Double
    /// Of one round.
    public var tokenizeSeconds: Double
    public var encodeSeconds: Double
    public var loadSeconds: Double
  }

  public var model: String
  public var precision: TrainingRecipe.Precision
  public var threads: Int
  public var rounds: Int

  public init(model: String, precision: TrainingRecipe.Precision, threads: Int, rounds: Int) {
    self.model = model
    self.precision = precision
    self.threads = threads
    self.rounds = rounds
  }

  /// - Parameter folder: a BERT's.
  public func run(_ texts: [String], folder: URL) throws -> Result {
    let loadStart = Date()
    let stored = try StoredBERT(path: folder.path)
    let tokenizer = try WordPieceTokenizer(stored)
    let encoder = try BERTEncoder(
      stored, precision: precision.element, workers: Workers(count: threads))
    let load = Date().timeIntervalSince(loadStart)
    var tokens = 0
    var tokenizing: [Double] = []
    var encoding: [Double] = []
    let limit = min(256, encoder.configuration.positionCount)
    // The first round warms up.
    for _ in 0...rounds {
      let start = Date()
      let inputs = texts.map { tokenizer.encode($0, limit: limit) }
      let middle = Date()
      _ = try encoder.embeddings(of: inputs)
      tokenizing.append(middle.timeIntervalSince(start))
      encoding.append(Date().timeIntervalSince(middle))
      tokens = inputs.reduce(0) { $0 + $1.tokens.count }
    }
    let measured = zip(tokenizing, encoding).dropFirst().map { $0 + $1 }.sorted()
    let median = measured[measured.count / 2]
    return Result(
      model: model, precision: precision.rawValue, instructionSet: Processor.instructionSet,
      threads: threads, texts: texts.count, tokens: tokens, textsPerSecond: Double(texts.count) / median,
      tokensPerSecond: Double(tokens) / median, fastestTextsPerSecond: Double(texts.count) / measured[0],
      tokenizeSeconds: tokenizing.dropFirst().sorted()[rounds / 2],
      encodeSeconds: encoding.dropFirst().sorted()[rounds / 2], loadSeconds: load)
  }
}
