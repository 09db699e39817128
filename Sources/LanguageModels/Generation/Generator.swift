import Compute

/// One token of an answer.
public struct GeneratedToken: Sendable, Equatable {
  public struct Alternative: Sendable, Equatable {
    public var id: Int
    /// Natural logarithm, temperature 1.
    public var logProbability: Double
  }
  public var id: Int
  public var logProbability: Double
  /// The most likely tokens at this place, most likely first.
  public var top: [Alternative]
}

/// Why an answer ended.
public enum FinishReason: String, Sendable {
  /// An end token of the model.
  case endToken
  /// A stop string.
  case stopString
  /// The number of tokens asked for, or the end of the context.
  case length
  /// Whoever listened had enough.
  case cancelled
}

public enum GenerationError: Error, CustomStringConvertible {
  /// The weights, or the adapter, give NaN or an infinity: there is no likeliest token.
  case notFinite

  public var description: String { "the model computes numbers that are not finite" }
}

public struct GenerationRequest: Sendable {
  public var prompt: [Int]
  public var maxTokens: Int
  public var sampling: SamplingOptions
  public var stopTokens: Set<Int>
  /// The answer ends before any of these.
  public var stopStrings: [String]
  public var topLogProbabilities: Int

  public init(
    prompt: [Int], maxTokens: Int, sampling: SamplingOptions = SamplingOptions(), stopTokens: Set<Int> = [],
    stopStrings: [String] = [], topLogProbabilities: Int = 0
  ) {
    self.prompt = prompt
    self.maxTokens = maxTokens
    self.sampling = sampling
    self.stopTokens = stopTokens
    self.stopStrings = stopStrings
    self.topLogProbabilities = topLogProbabilities
  }
}

/// Answers a prompt token by token.
public struct Generator {
  private let model: Llama
  private let adapter: LoRAAdapter?
  private let workers: Workers

  public init(_ model: Llama, adapter: LoRAAdapter?, workers: Workers) {
    self.model = model
    self.adapter = adapter
    self.workers = workers
  }

  /// - Parameters:
  ///   - text: decodes ids so far, for stop strings; called only when there are any.
  ///   - onToken: each token as it comes; false ends the answer. End tokens are not reported.
  /// - Returns: why the answer ended.
  /// - Throws: `GenerationError`, and what `onToken` throws.
  @discardableResult
  public func generate(
    _ request: GenerationRequest, text: ([Int]) -> String = { _ in "" },
    onToken: (GeneratedToken) throws -> Bool
  ) throws -> FinishReason {
    let room = model.configuration.contextLength - request.prompt.count
    let limit = min(request.maxTokens, room)
    guard limit > 0, !request.prompt.isEmpty else { return .length }
    let decoder = try CachedDecoder(
      model, adapter: adapter, capacity: request.prompt.count + limit, workers: workers)
    var sampler = Sampler(request.sampling)
    var logits = try decoder.feed(request.prompt.map(Int32.init))
    var ids: [Int] = []
    for place in 0..<limit {
      guard logits.allSatisfy(\.isFinite) else { throw GenerationError.notFinite }
      let id = sampler.choose(logits)
      if request.stopTokens.contains(id) { return .endToken }
      ids.append(id)
      if !request.stopStrings.isEmpty {
        let answer = text(ids)
        if request.stopStrings.contains(where: { answer.contains($0) }) { return .stopString }
      }
      let probabilities = LogProbabilities(logits)
      let token = GeneratedToken(
        id: id, logProbability: probabilities[id],
        top: probabilities.top(request.topLogProbabilities).map {
          .init(id: $0.id, logProbability: $0.logProbability)
        })
      guard try onToken(token) else { return .cancelled }
      if place + 1 < limit { logits = try decoder.feed([Int32(id)]) }
    }
    return .length
  }
}
