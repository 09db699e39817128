import Foundation

/// Reads `config.json`, in the spellings of transformers 4 (`rope_theta`, `rope_scaling`) and 5
/// (`rope_parameters`, `layer_types`).
///
/// Whatever would change the computation without changing a tensor's shape is refused by name.
struct HuggingFaceConfiguration {
  /// Beyond any real model; keeps every product of two sizes far from overflow.
  private static let sizes = 1...(1 << 24)

  let document: JSONDocument
  /// `generation_config.json`, which may know more end tokens.
  let generation: JSONDocument?

  init(folder: URL) throws {
    document = try JSONDocument(contentsOf: folder.appendingPathComponent("config.json").path)
    let generationPath = folder.appendingPathComponent("generation_config.json").path
    generation =
      FileManager.default.fileExists(atPath: generationPath)
      ? try JSONDocument(contentsOf: generationPath) : nil
  }

  /// - Parameters:
  ///   - name: what to call the model.
  ///   - contains: whether the files hold a tensor of a name; decides where the configuration is silent.
  func configuration(name: String, contains: (String) -> Bool) throws -> ModelConfiguration {
    guard let modelType = try document.string("model_type") else { throw document.missing("model_type") }
    let architecture: ModelConfiguration.Architecture
    switch modelType {
    case "llama", "mistral": architecture = .llama
    case "qwen2": architecture = .qwen2
    default:
      throw document.unsupported(
        "model_type", "\(modelType) models are not supported (llama, mistral and qwen2 are)")
    }
    try refuseVariants()

    let hiddenSize = try size("hidden_size")
    let headCount = try size("num_attention_heads")
    let keyValueHeadCount = try document.integer("num_key_value_heads", in: Self.sizes) ?? headCount
    guard headCount % keyValueHeadCount == 0 else {
      throw ModelFileError.malformed(
        path: document.path, field: "num_key_value_heads",
        problem: "\(keyValueHeadCount) does not divide the \(headCount) attention heads")
    }
    let contextLength =
      try document.integer("max_position_embeddings", in: 1...(1 << 31))
      ?? Self.defaultContext[modelType] ?? 2048
    try refuseSlidingWindow(modelType: modelType, contextLength: contextLength)

    return ModelConfiguration(
      name: name,
      architecture: architecture,
      hiddenSize: hiddenSize,
      intermediateSize: try size("intermediate_size"),
      layerCount: try size("num_hidden_layers"),
      headCount: headCount,
      keyValueHeadCount: keyValueHeadCount,
      headDimension: try headDimension(hiddenSize: hiddenSize, headCount: headCount),
      vocabularySize: try size("vocab_size"),
      contextLength: contextLength,
      rmsNormEpsilon: try epsilon(),
      rope: try rope(contextLength: contextLength),
      tieWordEmbeddings: try document.bool("tie_word_embeddings") ?? !contains("lm_head.weight"),
      hasAttentionBias: architecture == .qwen2,
      bosTokenID: try tokenIDs("bos_token_id", of: document).first,
      eosTokenIDs: try endTokenIDs(),
      padTokenID: try tokenIDs("pad_token_id", of: document).first)
  }

  /// The defaults of transformers' configuration classes.
  private static let defaultContext = ["llama": 2048, "mistral": 131_072, "qwen2": 32_768]

  // MARK: - Sizes

  private func size(_ key: String) throws -> Int {
    guard let size = try document.integer(key, in: Self.sizes) else { throw document.missing(key) }
    return size
  }

  private func headDimension(hiddenSize: Int, headCount: Int) throws -> Int {
    let stated = try document.integer("head_dim", in: Self.sizes)
    guard stated != nil || hiddenSize % headCount == 0 else {
      throw ModelFileError.malformed(
        path: document.path, field: "num_attention_heads",
        problem: "\(headCount) does not divide hidden_size \(hiddenSize), and there is no head_dim")
    }
    let dimension = stated ?? hiddenSize / headCount
    guard dimension % 2 == 0 else {
      throw ModelFileError.malformed(
        path: document.path, field: "head_dim", problem: "\(dimension) is odd; rotary embedding needs pairs")
    }
    return dimension
  }

  private func epsilon() throws -> Double {
    guard let epsilon = try document.number("rms_norm_eps") else { return 1e-6 }
    guard ModelConfiguration.epsilons.contains(epsilon) else {
      throw ModelFileError.malformed(
        path: document.path, field: "rms_norm_eps", problem: ModelConfiguration.epsilonProblem(epsilon))
    }
    return epsilon
  }

  private func positive(_ key: String, of document: JSONDocument) throws -> Double? {
    guard let number = try document.number(key) else { return nil }
    guard number > 0, number.isFinite else {
      throw ModelFileError.malformed(
        path: document.path, field: document.prefix + key, problem: "\(number) is not a positive number")
    }
    return number
  }

  // MARK: - Variants that are not computed

  private func refuseVariants() throws {
    if document.value("quantization_config") != nil {
      throw document.unsupported(
        "quantization_config", "quantised Hugging Face models are not supported; use F32, F16 or BF16")
    }
    if let activation = try document.string("hidden_act"), activation != "silu", activation != "swish" {
      throw document.unsupported("hidden_act", "\(activation) is not supported (silu is)")
    }
    for key in ["attention_bias", "mlp_bias"] where try document.bool(key) == true {
      throw document.unsupported(key, "this bias is not supported (of biases, those of qwen2 are)")
    }
  }

  private func refuseSlidingWindow(modelType: String, contextLength: Int) throws {
    guard let window = try document.integer("sliding_window"), window < contextLength else { return }
    switch modelType {
    case "llama":
      return  // not a parameter of the architecture
    case "qwen2":
      if try document.bool("use_sliding_window") ?? false == false { return }
      // The first max_window_layers layers attend to everything.
      if let full = try document.integer("max_window_layers"),
        let layers = try document.integer("num_hidden_layers"),
        full >= layers, document.value("layer_types") == nil
      {
        return
      }
    default:
      break
    }
    if let types = try document.strings("layer_types"), types.allSatisfy({ $0 == "full_attention" }) {
      return
    }
    throw document.unsupported(
      "sliding_window", "a window of \(window) below the context of \(contextLength) is not supported")
  }

  // MARK: - Rotary embedding

  private func rope(contextLength: Int) throws -> RotaryEmbedding {
    let parameters = try document.document("rope_parameters")
    let scaling = try parameters ?? document.document("rope_scaling")
    for place in [document, scaling].compactMap(\.self) {
      if let partial = try place.number("partial_rotary_factor"), partial != 1 {
        throw place.unsupported("partial_rotary_factor", "rotating only a part of each head is not supported")
      }
    }
    let base =
      try parameters.flatMap { try positive("rope_theta", of: $0) }
      ?? positive("rope_theta", of: document) ?? 10_000
    guard let scaling else { return RotaryEmbedding(base: base) }
    return RotaryEmbedding(base: base, scaling: try self.scaling(scaling, contextLength: contextLength))
  }

  private func scaling(_ scaling: JSONDocument, contextLength: Int) throws -> RotaryEmbedding.Scaling {
    func required(_ key: String) throws -> Double {
      guard let number = try positive(key, of: scaling) else { throw scaling.missing(key) }
      return number
    }
    switch try scaling.string("rope_type") ?? scaling.string("type") ?? "default" {
    case "default":
      return .none
    case "linear":
      return .linear(factor: try required("factor"))
    case "llama3":
      let low = try required("low_freq_factor")
      let high = try required("high_freq_factor")
      guard high > low else {
        throw ModelFileError.malformed(
          path: scaling.path, field: scaling.prefix + "high_freq_factor",
          problem: "\(high) is not above low_freq_factor \(low)")
      }
      return .llama3(
        factor: try required("factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
        originalContext: try scaling.integer("original_max_position_embeddings", in: 1...(1 << 31))
          ?? contextLength)
    case let other:
      throw scaling.unsupported(
        "rope_type", "\(other) rotary scaling is not supported (default, linear and llama3 are)")
    }
  }

  // MARK: - Special tokens

  private func endTokenIDs() throws -> [Int] {
    var ids = try tokenIDs("eos_token_id", of: document)
    if let generation {
      for id in try tokenIDs("eos_token_id", of: generation) where !ids.contains(id) { ids.append(id) }
    }
    return ids
  }

  /// An id, or a list of ids. Negative ids, which some configurations use for "none", are left out.
  private func tokenIDs(_ key: String, of document: JSONDocument) throws -> [Int] {
    guard let value = document.value(key) else { return [] }
    let elements = if case .array(let elements) = value { elements } else { [value] }
    return try elements.compactMap { element in
      guard case .integer(let id) = element else {
        throw document.wrongType(key, expected: "a token id", found: element)
      }
      return id >= 0 ? id : nil
    }
  }
}
