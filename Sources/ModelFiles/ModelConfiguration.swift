import Foundation

/// The shape and constants of a Llama-family decoder, from `config.json` or GGUF metadata.
public struct ModelConfiguration: Sendable, Equatable {
  public enum Architecture: String, Sendable {
    /// Llama 1–3, SmolLM2, TinyLlama, Mistral without a sliding window.
    case llama
    /// As llama, with biases on the query, key and value projections.
    case qwen2
  }

  /// The model's name for people: `general.name`, or the folder's or file's name.
  public var name: String
  public var architecture: Architecture
  public var hiddenSize: Int
  public var intermediateSize: Int
  public var layerCount: Int
  public var headCount: Int
  /// Divides `headCount`.
  public var keyValueHeadCount: Int
  /// Even. Query projection: [headCount × headDimension, hiddenSize].
  public var headDimension: Int
  /// Rows of the embedding; a tokenizer may know fewer ids.
  public var vocabularySize: Int
  /// In tokens.
  public var contextLength: Int
  public var rmsNormEpsilon: Double

  /// What `rmsNormEpsilon` can be: a normal number in single precision that leaves the mean square visible.
  static let epsilons = Double(Float.leastNormalMagnitude)...1
  static func epsilonProblem(_ epsilon: Double) -> String { "\(epsilon) is not a small positive number" }

  public var rope: RotaryEmbedding
  /// The head shares the embedding's weights; there is no `lm_head.weight` then.
  public var tieWordEmbeddings: Bool
  /// Query, key and value projections have biases.
  public var hasAttentionBias: Bool
  public var bosTokenID: Int?
  /// Every id that ends an answer; may be empty.
  public var eosTokenIDs: [Int]
  public var padTokenID: Int?

  public init(
    name: String, architecture: Architecture, hiddenSize: Int, intermediateSize: Int, layerCount: Int,
    headCount: Int, keyValueHeadCount: Int, headDimension: Int, vocabularySize: Int, contextLength: Int,
    rmsNormEpsilon: Double, rope: RotaryEmbedding, tieWordEmbeddings: Bool, hasAttentionBias: Bool,
    bosTokenID: Int? = nil, eosTokenIDs: [Int] = [], padTokenID: Int? = nil
  ) {
    self.name = name
    self.architecture = architecture
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headDimension = headDimension
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.rmsNormEpsilon = rmsNormEpsilon
    self.rope = rope
    self.tieWordEmbeddings = tieWordEmbeddings
    self.hasAttentionBias = hasAttentionBias
    self.bosTokenID = bosTokenID
    self.eosTokenIDs = eosTokenIDs
    self.padTokenID = padTokenID
  }

  /// Every tensor a model of this shape has, by Hugging Face name, with its shape in torch order.
  ///
  /// Lazy, because a hostile configuration may claim very many layers.
  var expectedTensors: some Sequence<(name: String, shape: [Int])> {
    let ends: [(name: String, shape: [Int])] = [
      ("model.embed_tokens.weight", [vocabularySize, hiddenSize]),
      ("model.norm.weight", [hiddenSize]),
    ]
    let head = tieWordEmbeddings ? [] : [(name: "lm_head.weight", shape: [vocabularySize, hiddenSize])]
    let layers = (0..<layerCount).lazy.flatMap { layer in
      layerTensors.map { (name: "model.layers.\(layer).\($0.name)", shape: $0.shape) }
    }
    return [AnySequence(ends), AnySequence(head), AnySequence(layers)].lazy.joined()
  }

  private var layerTensors: [(name: String, shape: [Int])] {
    let queries = headCount * headDimension
    let keys = keyValueHeadCount * headDimension
    let biases = [
      ("self_attn.q_proj.bias", [queries]), ("self_attn.k_proj.bias", [keys]),
      ("self_attn.v_proj.bias", [keys]),
    ]
    return [
      ("input_layernorm.weight", [hiddenSize]),
      ("self_attn.q_proj.weight", [queries, hiddenSize]),
      ("self_attn.k_proj.weight", [keys, hiddenSize]),
      ("self_attn.v_proj.weight", [keys, hiddenSize]),
      ("self_attn.o_proj.weight", [hiddenSize, queries]),
      ("post_attention_layernorm.weight", [hiddenSize]),
      ("mlp.gate_proj.weight", [intermediateSize, hiddenSize]),
      ("mlp.up_proj.weight", [intermediateSize, hiddenSize]),
      ("mlp.down_proj.weight", [hiddenSize, intermediateSize]),
    ] + (hasAttentionBias ? biases : [])
  }
}

/// Rotary position embedding over the two halves of each head (the Hugging Face layout).
public struct RotaryEmbedding: Sendable, Equatable {
  public enum Scaling: Sendable, Equatable {
    case none
    /// Positions are divided by `factor`.
    case linear(factor: Double)
    /// Llama 3: long wavelengths are stretched by `factor`, short ones kept, those between blended.
    case llama3(
      factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int)
    /// One divisor per frequency, from a GGUF's `rope_freqs.weight`: what the converter makes of `llama3`.
    case divisors([Float])
  }

  /// Theta.
  public var base: Double
  public var scaling: Scaling

  public init(base: Double, scaling: Scaling = .none) {
    self.base = base
    self.scaling = scaling
  }

  /// The angle per position of each rotated pair: pair j is elements j and j + headDimension/2 of a head.
  ///
  /// Source: `modeling_rope_utils.py` of transformers; computed in double, returned in float.
  /// - Returns: [headDimension / 2]
  public func inverseFrequencies(headDimension: Int) -> [Float] {
    (0..<headDimension / 2).map { pair in
      let frequency = pow(base, -2 * Double(pair) / Double(headDimension))
      switch scaling {
      case .none:
        return Float(frequency)
      case .linear(let factor):
        return Float(frequency / factor)
      case .divisors(let divisors):
        return Float(frequency / Double(divisors[pair]))
      case .llama3(let factor, let low, let high, let originalContext):
        let rotations = Double(originalContext) * frequency / (2 * .pi)
        let kept = min(max((rotations - low) / (high - low), 0), 1)
        return Float((1 - kept) * frequency / factor + kept * frequency)
      }
    }
  }
}
