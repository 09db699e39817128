import Foundation

extension GGUFFile {
  /// The name by which Hugging Face models know a GGUF tensor, or nil for one that they do not have.
  static func huggingFaceName(of name: String) -> String? {
    switch name {
    case "token_embd.weight": return "model.embed_tokens.weight"
    case "output_norm.weight": return "model.norm.weight"
    case "output.weight": return "lm_head.weight"
    default: break
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]), "\(layer)" == parts[1],
      let module = blockModules[String(parts[2])], parts[3] == "weight" || parts[3] == "bias"
    else { return nil }
    return "model.layers.\(layer).\(module).\(parts[3])"
  }

  private static let blockModules = [
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
  ]

  /// Divisors of the rotary frequencies, one per pair; the only tensor that is no weight.
  private static let ropeDivisors = "rope_freqs.weight"

  /// The tensors by Hugging Face name; q and k projections of a llama know that their rows are interleaved.
  func huggingFaceTensors(_ configuration: ModelConfiguration) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, stored) in tensors where name != Self.ropeDivisors {
      guard let translated = Self.huggingFaceName(of: name) else {
        throw ModelFileError.unsupported(
          path: file.path, field: "tensor \(name)",
          what: "a \(configuration.architecture.rawValue) model with such a tensor is not supported")
      }
      var tensor = stored
      if configuration.architecture == .llama,
        translated.contains(".self_attn.q_proj.") || translated.contains(".self_attn.k_proj.")
      {
        tensor.interleavedHeadDimension = configuration.headDimension
      }
      result[translated] = tensor
    }
    return result
  }

  /// Reads the metadata of a decoder.
  ///
  /// - Parameter name: what to call the model when the file does not say.
  func configuration(name: String) throws -> ModelConfiguration {
    if let type = try string("general.type"), type != "model" {
      throw unsupported(
        "general.type", "this file holds \(type == "adapter" ? "an adapter" : type), not a model")
    }
    guard let architectureName = try string("general.architecture") else {
      throw missing("general.architecture")
    }
    guard let architecture = ModelConfiguration.Architecture(rawValue: architectureName) else {
      throw unsupported(
        "general.architecture", "\(architectureName) models are not supported (llama and qwen2 are)")
    }
    if let parts = try integer("split.count"), parts > 1 {
      throw unsupported("split.count", "a model split into \(parts) files is not supported; merge them first")
    }
    let prefix = architectureName + "."
    if let experts = try integer(prefix + "expert_count"), experts > 0 {
      throw unsupported(prefix + "expert_count", "mixtures of experts are not supported")
    }

    let hiddenSize = try size(prefix + "embedding_length")
    let headCount = try size(prefix + "attention.head_count")
    let keyValueHeadCount = try optionalSize(prefix + "attention.head_count_kv") ?? headCount
    guard headCount % keyValueHeadCount == 0 else {
      throw malformed(
        prefix + "attention.head_count_kv",
        "\(keyValueHeadCount) does not divide the \(headCount) attention heads")
    }
    let headDimension = try headDimension(prefix: prefix, hiddenSize: hiddenSize, headCount: headCount)
    let contextLength = try size(prefix + "context_length", upTo: 1 << 31)
    if let window = try integer(prefix + "attention.sliding_window"), window > 0, window < contextLength {
      throw unsupported(
        prefix + "attention.sliding_window",
        "a window of \(window) below the context of \(contextLength) is not supported")
    }
    guard let embedding = tensors["token_embd.weight"] else {
      throw ModelFileError.missingTensor(path: file.path, name: "token_embd.weight")
    }
    let epsilonKey = prefix + "attention.layer_norm_rms_epsilon"
    guard let epsilon = try number(epsilonKey) else { throw missing(epsilonKey) }
    guard ModelConfiguration.epsilons.contains(epsilon) else {
      throw malformed(epsilonKey, ModelConfiguration.epsilonProblem(epsilon))
    }
    let statedName = try string("general.name") ?? ""
    return ModelConfiguration(
      name: statedName.isEmpty ? name : statedName,
      architecture: architecture,
      hiddenSize: hiddenSize,
      intermediateSize: try size(prefix + "feed_forward_length"),
      layerCount: try size(prefix + "block_count"),
      headCount: headCount,
      keyValueHeadCount: keyValueHeadCount,
      headDimension: headDimension,
      vocabularySize: embedding.shape[0],
      contextLength: contextLength,
      rmsNormEpsilon: Self.decimal(epsilon),
      rope: try rope(prefix: prefix, headDimension: headDimension),
      tieWordEmbeddings: tensors["output.weight"] == nil,
      hasAttentionBias: tensors["blk.0.attn_q.bias"] != nil,
      bosTokenID: try tokenID("bos"),
      eosTokenIDs: try ["eos", "eot", "eom"].compactMap(tokenID).reduce(into: []) { ids, id in
        if !ids.contains(id) { ids.append(id) }
      },
      padTokenID: try tokenID("padding"))
  }

  // MARK: - Fields

  private func headDimension(prefix: String, hiddenSize: Int, headCount: Int) throws -> Int {
    let stated = try optionalSize(prefix + "attention.key_length")
    guard stated != nil || hiddenSize % headCount == 0 else {
      throw malformed(
        prefix + "attention.head_count", "\(headCount) does not divide the embedding length \(hiddenSize)")
    }
    let dimension = stated ?? hiddenSize / headCount
    guard dimension % 2 == 0 else {
      throw malformed(prefix + "attention.key_length", "\(dimension) is odd; rotary embedding needs pairs")
    }
    if let values = try integer(prefix + "attention.value_length"), values != dimension {
      throw unsupported(
        prefix + "attention.value_length", "\(values) differs from the key length \(dimension)")
    }
    if let rotated = try integer(prefix + "rope.dimension_count"), rotated != dimension {
      throw unsupported(
        prefix + "rope.dimension_count", "rotating \(rotated) of \(dimension) elements is not supported")
    }
    return dimension
  }

  private func rope(prefix: String, headDimension: Int) throws -> RotaryEmbedding {
    let base = try number(prefix + "rope.freq_base") ?? 10_000
    guard base > 0, base.isFinite else {
      throw malformed(prefix + "rope.freq_base", "\(base) is not positive")
    }

    var scaling = RotaryEmbedding.Scaling.none
    switch try string(prefix + "rope.scaling.type") ?? "linear" {
    case "none": break
    case "linear":
      let key = [prefix + "rope.scaling.factor", prefix + "rope.scale_linear"].first { metadata[$0] != nil }
      if let key, let factor = try number(key), factor != 1, factor != 0 {
        guard factor > 0, factor.isFinite else { throw malformed(key, "\(factor) is not positive") }
        scaling = .linear(factor: factor)
      }
    case let other:
      throw unsupported(prefix + "rope.scaling.type", "\(other) rotary scaling is not supported")
    }

    guard let tensor = tensors[Self.ropeDivisors] else {
      return RotaryEmbedding(base: base, scaling: scaling)
    }
    guard tensor.shape == [headDimension / 2] else {
      throw ModelFileError.wrongShape(
        path: file.path, tensor: Self.ropeDivisors, expected: [headDimension / 2], found: tensor.shape)
    }
    let divisors = tensor.floats(in: file, rows: 0..<tensor.shape[0])
    guard divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw malformed("tensor \(Self.ropeDivisors)", "a divisor is not positive")
    }
    guard scaling == .none || divisors.allSatisfy({ $0 == 1 }) else {
      throw unsupported(
        "tensor \(Self.ropeDivisors)", "divisors together with linear scaling are not supported")
    }
    return RotaryEmbedding(
      base: base, scaling: divisors.allSatisfy { $0 == 1 } ? scaling : .divisors(divisors))
  }

  /// GGUF keeps constants as binary32; the shortest decimal gives back what the configuration said (1e-05).
  private static func decimal(_ value: Double) -> Double {
    Double("\(Float(value))") ?? value
  }

  private func tokenID(_ role: String) throws -> Int? {
    guard let id = try integer("tokenizer.ggml.\(role)_token_id"), id >= 0, id < 1 << 31 else { return nil }
    return id
  }

  private func string(_ key: String) throws -> String? {
    guard let value = metadata[key] else { return nil }
    guard case .string(let string) = value else { throw malformed(key, "is not a string") }
    return string
  }

  private func integer(_ key: String) throws -> Int? {
    guard let value = metadata[key] else { return nil }
    switch value {
    case .integer(let integer):
      return integer
    case .integers(let perLayer):
      guard let first = perLayer.first, perLayer.allSatisfy({ $0 == first }) else {
        throw unsupported(key, "values that differ between layers are not supported")
      }
      return first
    default:
      throw malformed(key, "is not an integer")
    }
  }

  private func number(_ key: String) throws -> Double? {
    switch metadata[key] {
    case nil: return nil
    case .number(let number): return number
    case .integer(let integer): return Double(integer)
    default: throw malformed(key, "is not a number")
    }
  }

  private func optionalSize(_ key: String, upTo limit: Int = 1 << 24) throws -> Int? {
    guard let value = try integer(key) else { return nil }
    guard (1...limit).contains(value) else { throw malformed(key, "\(value) is not between 1 and \(limit)") }
    return value
  }

  private func size(_ key: String, upTo limit: Int = 1 << 24) throws -> Int {
    guard let size = try optionalSize(key, upTo: limit) else { throw missing(key) }
    return size
  }

  private func missing(_ key: String) -> ModelFileError { malformed(key, "is missing") }

  private func malformed(_ field: String, _ problem: String) -> ModelFileError {
    .malformed(path: file.path, field: field, problem: problem)
  }

  private func unsupported(_ field: String, _ what: String) -> ModelFileError {
    .unsupported(path: file.path, field: field, what: what)
  }
}
