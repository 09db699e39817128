import Foundation

/// How the next token is chosen.
public struct SamplingOptions: Sendable, Equatable {
  /// 0 is greedy.
  public var temperature: Double
  /// Only the k most likely tokens; 0 is all.
  public var topK: Int
  /// Only the most likely tokens whose probabilities add up to p (Holtzman et al. 2020); 1 is all.
  public var topP: Double
  public var seed: UInt64

  public init(temperature: Double = 0, topK: Int = 0, topP: Double = 1, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }
}

/// Chooses tokens from logits; the same seed and logits choose the same tokens.
struct Sampler {
  let options: SamplingOptions
  private var random: SplitMix64

  init(_ options: SamplingOptions) {
    self.options = options
    random = SplitMix64(seed: options.seed)
  }

  /// The chosen index. Ties go to the lower index.
  mutating func choose(_ logits: [Float]) -> Int {
    let best = greedy(logits)
    guard options.temperature > 0 else { return best }
    let most = Double(logits[best])
    var candidates = logits.indices.map {
      (index: $0, weight: exp((Double(logits[$0]) - most) / options.temperature))
    }
    let narrowed = options.topK > 0 && options.topK < candidates.count || options.topP < 1
    if narrowed {
      candidates.sort { ($0.weight, -$0.index) > ($1.weight, -$1.index) }
      if options.topK > 0 { candidates = Array(candidates.prefix(options.topK)) }
      if options.topP < 1 {
        let total = candidates.reduce(0) { $0 + $1.weight }
        var sum = 0.0
        // The token that crosses p still counts, so one is always left.
        let kept = candidates.prefix { candidate in
          defer { sum += candidate.weight }
          return sum < options.topP * total
        }
        candidates = Array(kept)
      }
    }
    let total = candidates.reduce(0) { $0 + $1.weight }
    var dice = Double(random.next() >> 11) * 0x1p-53 * total
    for candidate in candidates {
      dice -= candidate.weight
      if dice < 0 { return candidate.index }
    }
    return candidates.last?.index ?? best
  }

  private func greedy(_ logits: [Float]) -> Int {
    var best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return best
  }
}

/// Natural log-probabilities at temperature 1.
struct LogProbabilities {
  private let logits: [Float]
  private let logSum: Double

  init(_ logits: [Float]) {
    self.logits = logits
    let most = logits.reduce(-Float.infinity, max)
    logSum = Double(most) + log(logits.reduce(0.0) { $0 + exp(Double($1 - most)) })
  }

  subscript(_ id: Int) -> Double { Double(logits[id]) - logSum }

  /// The most likely `count` ids, most likely first.
  func top(_ count: Int) -> [(id: Int, logProbability: Double)] {
    guard count > 0 else { return [] }
    var best: [Int] = []
    for id in logits.indices {
      if best.count == count, let last = best.last, logits[id] <= logits[last] { continue }
      let place = best.firstIndex { logits[$0] < logits[id] } ?? best.count
      best.insert(id, at: place)
      if best.count > count { best.removeLast() }
    }
    return best.map { ($0, self[$0]) }
  }
}
