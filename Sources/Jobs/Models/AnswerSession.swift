import Compute
import FineTuning
import Foundation
import LanguageModels
import ModelFiles

/// A model, base or tuned, that answers questions in its chat template.
public struct AnswerSession {
  public struct Question: Sendable {
    public var text: String
    /// nil for the template's own.
    public var system: String?
    public var maxTokens: Int
    public var sampling: SamplingOptions
    public var stopStrings: [String]
    public var topLogProbabilities: Int

    public init(
      text: String, system: String? = nil, maxTokens: Int, sampling: SamplingOptions = SamplingOptions(),
      stopStrings: [String] = [], topLogProbabilities: Int = 0
    ) {
      self.text = text
      self.system = system
      self.maxTokens = maxTokens
      self.sampling = sampling
      self.stopStrings = stopStrings
      self.topLogProbabilities = topLogProbabilities
    }
  }

  private let opened: OpenedModel
  private let generator: Generator
  /// The adapter's folder, for messages; nil without one, or for one that is in training.
  private let adapterPath: String?

  /// - Parameter adapter: a PEFT folder.
  public init(
    _ opened: OpenedModel, adapter: String?, precision: TrainingRecipe.Precision, threads: Int
  ) throws {
    let factors = try adapter.map {
      try LoRAAdapter(peftFolder: URL(fileURLWithPath: $0), model: opened.configuration)
    }
    self.opened = opened
    adapterPath = adapter
    generator = Generator(
      try opened.weights(precision: precision, threads: threads), adapter: factors,
      workers: Workers(count: threads))
  }

  public init(_ opened: OpenedModel, model: Llama, adapter: LoRAAdapter?, workers: Workers) {
    self.opened = opened
    adapterPath = nil
    generator = Generator(model, adapter: adapter, workers: workers)
  }

  /// - Parameter onToken: each token as it comes; false ends the answer.
  @discardableResult
  public func answer(_ question: Question, onToken: (GeneratedToken) throws -> Bool) throws -> FinishReason {
    let prompt = try opened.encode(question: question.text, answer: nil, system: question.system)
    guard prompt.ids.count < opened.configuration.contextLength else {
      throw ModelFileError.unsupported(
        path: opened.path, field: "context length",
        what: "the question takes \(prompt.ids.count) of \(opened.configuration.contextLength) tokens, "
          + "which leaves no room for an answer")
    }
    do {
      return try generator.generate(
        GenerationRequest(
          prompt: prompt.ids, maxTokens: question.maxTokens, sampling: question.sampling,
          stopTokens: opened.template.stopTokenIDs(tokenizer: opened.tokenizer),
          stopStrings: question.stopStrings,
          topLogProbabilities: question.topLogProbabilities),
        text: { opened.tokenizer.decode($0) }, onToken: onToken)
    } catch GenerationError.notFinite {
      throw ModelFileError.malformed(
        path: adapterPath ?? opened.path, field: "weights",
        problem: "the model computes numbers that are not finite with them")
    }
  }

  /// The whole answer; nil when `proceed` said no.
  public func answer(_ question: Question, proceed: () -> Bool = { true }) throws -> String? {
    var ids: [Int] = []
    let reason = try answer(question) { token in
      ids.append(token.id)
      return proceed()
    }
    return reason == .cancelled
      ? nil : opened.tokenizer.decode(ids).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
