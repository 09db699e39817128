import Foundation
import Testing

@testable import ModelFiles

/// The tiny models that `Tests/Reference/make_goldens.py` wrote with transformers.
private let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("LanguageModelsTests/Fixtures/models")

@Suite struct HuggingFaceModelTests {
  @Test func transformers5Spelling() throws {
    let model = try StoredModel.open(path: models.appendingPathComponent("llama-tied").path)
    #expect(
      model.configuration
        == ModelConfiguration(
          name: "llama-tied", architecture: .llama, hiddenSize: 64, intermediateSize: 96, layerCount: 3,
          headCount: 4, keyValueHeadCount: 2, headDimension: 16, vocabularySize: 288, contextLength: 256,
          rmsNormEpsilon: 1e-5, rope: RotaryEmbedding(base: 10_000), tieWordEmbeddings: true,
          hasAttentionBias: false, bosTokenID: 1, eosTokenIDs: [2], padTokenID: 2))
    #expect(!model.contains("lm_head.weight"))
    #expect(model.tensorNames.count == 29)
    #expect(model.elementType(of: "model.norm.weight") == .float32)
    // 288×64 embedding, 64 final norm; per layer q, o 64×64, k, v 32×64, three of 96×64, two norms.
    #expect(model.parameterCount == 288 * 64 + 64 + 3 * (2 * 4096 + 2 * 2048 + 3 * 6144 + 128))
  }

  @Test func transformers4SpellingAndShards() throws {
    let whole = try StoredModel.open(path: models.appendingPathComponent("llama-untied").path)
    let sharded = try StoredModel.open(path: models.appendingPathComponent("llama-untied-sharded").path)
    #expect(
      whole.configuration.rope
        == RotaryEmbedding(
          base: 500_000,
          scaling: .llama3(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 64)))
    #expect(whole.tensorNames == sharded.tensorNames)
    for name in ["lm_head.weight", "model.embed_tokens.weight"] {
      let shape = [160, 48]
      let values = try whole.floats(of: name, shape: shape)
      #expect(values == (try sharded.floats(of: name, shape: shape)))
      #expect(Array(values[48 * 5..<48 * 9]) == (try whole.floats(of: name, shape: shape, rows: 5..<9)))
    }
  }

  @Test func qwen2HasBiases() throws {
    let model = try StoredModel.open(path: models.appendingPathComponent("qwen2-tied").path)
    #expect(model.configuration.architecture == .qwen2)
    #expect(model.configuration.hasAttentionBias)
    #expect(model.contains("model.layers.0.self_attn.q_proj.bias"))
    #expect(try model.floats(of: "model.layers.1.self_attn.k_proj.bias", shape: [32]).count == 32)
  }

  @Test func textsOfTheFolder() throws {
    let folder = try TemporaryFolder()
    try TinyModel().write(to: folder)
    #expect(try StoredModel.open(path: folder.url.path).chatTemplateText == nil)
    try folder.write(
      "tokenizer_config.json",
      #"{"chat_template":[{"name":"tool_use","template":"T"},{"name":"default","template":"D"}]}"#)
    try folder.write("generation_config.json", #"{"eos_token_id":[2,3]}"#)
    let model = try StoredModel.open(path: folder.url.path)
    #expect(model.chatTemplateText == "D")
    #expect(model.configuration.eosTokenIDs == [2, 3])
    guard case .huggingFace(let tokenizer, let config) = model.tokenizerSource else {
      Issue.record("not a Hugging Face tokenizer")
      return
    }
    #expect(tokenizer.lastPathComponent == "tokenizer.json")
    #expect(config?.lastPathComponent == "tokenizer_config.json")
    try folder.write("chat_template.jinja", "J")
    #expect(try StoredModel.open(path: folder.url.path).chatTemplateText == "J")
  }

  @Test func harmlessVariantsAreRead() throws {
    for changes: [String: Any] in [
      ["sliding_window": 64], ["model_type": "mistral", "sliding_window": 128],
      ["model_type": "mistral", "sliding_window": NSNull()], ["rope_scaling": ["type": "default"]],
      ["rope_parameters": ["rope_type": "default", "rope_theta": 10000.0]], ["head_dim": 16],
      ["pad_token_id": -1, "eos_token_id": NSNull()],
    ] {
      let folder = try TemporaryFolder()
      try TinyModel().write(to: folder, config: changes)
      let model = try StoredModel.open(path: folder.url.path)
      #expect(model.configuration.rope == RotaryEmbedding(base: 10_000), "\(changes)")
    }
    let folder = try TemporaryFolder()
    try TinyModel().write(to: folder, config: ["rope_scaling": ["type": "linear", "factor": 4]])
    let model = try StoredModel.open(path: folder.url.path)
    #expect(model.configuration.rope.scaling == .linear(factor: 4))
  }

  @Test(arguments: [
    ("model_type", "gemma2" as any Sendable, "model_type: gemma2 models are not supported"),
    ("hidden_size", "32", "hidden_size: expected an integer, found \"32\""),
    ("hidden_size", 0, "hidden_size: 0 is not between 1 and 16777216"),
    ("num_hidden_layers", 1 << 40, "num_hidden_layers: 1099511627776 is not between"),
    ("num_hidden_layers", 9000, "tensor model.layers.1.input_layernorm.weight is missing"),
    ("num_attention_heads", 3, "num_attention_heads: 3 does not divide hidden_size 32"),
    ("num_key_value_heads", 0, "num_key_value_heads: 0 is not between"),
    ("head_dim", 15, "head_dim: 15 is odd"),
    ("vocab_size", 41, "tensor model.embed_tokens.weight has shape [40, 32], expected [41, 32]"),
    ("hidden_act", "gelu", "hidden_act: gelu is not supported"),
    ("attention_bias", true, "attention_bias: this bias is not supported"),
    ("mlp_bias", true, "mlp_bias: this bias is not supported"),
    ("partial_rotary_factor", 0.5, "partial_rotary_factor"),
    ("quantization_config", ["quant_method": "gptq"], "quantization_config: quantised"),
    ("rope_scaling", ["rope_type": "yarn", "factor": "4"], "rope_scaling.rope_type: yarn rotary scaling"),
    ("rope_scaling", ["type": "dynamic"], "rope_scaling.rope_type: dynamic rotary scaling"),
    ("rope_scaling", ["type": "linear"], "rope_scaling.factor: is missing"),
    ("rms_norm_eps", -1, "rms_norm_eps: -1.0 is not a small positive number"),
    ("rms_norm_eps", 1e300, "rms_norm_eps: 1e+300 is not a small positive number"),
    ("tie_word_embeddings", false, "tensor lm_head.weight is missing"),
  ])
  func unusableConfigurations(key: String, value: any Sendable, message: String) throws {
    let folder = try TemporaryFolder()
    try TinyModel().write(to: folder, config: [key: value])
    expectRefusal(message) { try StoredModel.open(path: folder.url.path) }
  }

  @Test func slidingWindowsAreRefused() throws {
    for (architecture, changes) in [
      ("llama", ["model_type": "mistral", "sliding_window": 64] as [String: Any]),
      ("qwen2", ["use_sliding_window": true, "sliding_window": 64, "max_window_layers": 0]),
      ("qwen2", ["use_sliding_window": true, "sliding_window": 64, "layer_types": ["sliding_attention"]]),
    ] {
      let folder = try TemporaryFolder()
      try TinyModel(architecture: architecture).write(to: folder, config: changes)
      expectRefusal("sliding_window: a window of 64 below the context of 128") {
        try StoredModel.open(path: folder.url.path)
      }
    }
    let folder = try TemporaryFolder()
    try TinyModel(architecture: "qwen2").write(
      to: folder, config: ["use_sliding_window": false, "sliding_window": 64])
    _ = try StoredModel.open(path: folder.url.path)
  }

  @Test func tensorsThatWouldBeIgnoredAreRefused() throws {
    let folder = try TemporaryFolder()
    try TinyModel().write(to: folder)
    var tensors = TinyModel().tensors
    tensors["model.layers.0.self_attn.q_norm.weight"] = FloatTensor(shape: [1], values: [1])
    try SafetensorsWriter.write(tensors, to: folder.url.appendingPathComponent("model.safetensors"))
    expectRefusal("tensor model.layers.0.self_attn.q_norm.weight: a llama model with such a tensor") {
      try StoredModel.open(path: folder.url.path)
    }
  }

  @Test func brokenFolders() throws {
    let folder = try TemporaryFolder()
    expectRefusal("config.json: no such file") { try StoredModel.open(path: folder.url.path) }
    try TinyModel().write(to: folder)
    try FileManager.default.removeItem(atPath: folder.path("model.safetensors"))
    expectRefusal("no model.safetensors") { try StoredModel.open(path: folder.url.path) }
    try folder.write("pytorch_model.bin", "x")
    expectRefusal("PyTorch pickle") { try StoredModel.open(path: folder.url.path) }

    for (map, message) in [
      (#"{"weight_map":{"a":"../model.safetensors"}}"#, "weight_map.a: \"../model.safetensors\" is not"),
      (#"{"weight_map":{"a":"/etc/passwd"}}"#, "weight_map.a: \"/etc/passwd\" is not"),
      (#"{"weight_map":{"a":"missing.safetensors"}}"#, "missing.safetensors: no such file"),
      (#"{"weight_map":{"a":7}}"#, "weight_map.a: expected a string, found 7"),
      (#"{"weight_map":[]}"#, "weight_map: expected an object, found an array"),
      (#"{"weight_map":{"a":"b.safetensors","a":"c.safetensors"}}"#, "key \"a\" appears twice"),
      (#"{}"#, "weight_map: is missing"), ("<html>", "JSON: byte 0: not a JSON value"),
    ] {
      try folder.write("model.safetensors.index.json", map)
      expectRefusal(message) { try StoredModel.open(path: folder.url.path) }
    }
    try folder.write("config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    expectRefusal("config.json: this is a Git LFS pointer") { try StoredModel.open(path: folder.url.path) }
    expectRefusal("no such file or folder") { try StoredModel.open(path: folder.path("nowhere")) }
  }

  @Test func llama3FrequenciesFollowTheFormula() {
    let rope = RotaryEmbedding(
      base: 500_000,
      scaling: .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192))
    let scaled = rope.inverseFrequencies(headDimension: 64)
    let plain = RotaryEmbedding(base: 500_000).inverseFrequencies(headDimension: 64)
    #expect(plain[0] == 1)
    #expect(scaled[0] == 1)  // wavelength 2π: far below 8192 / 4
    #expect(scaled[31] == plain[31] / 8)  // wavelength above 8192
    for pair in 0..<32 {
      let wavelength = 2 * Float.pi / plain[pair]
      if wavelength > 2048, wavelength < 8192 {
        #expect(scaled[pair] < plain[pair] && scaled[pair] > plain[pair] / 8)
      }
    }
    // The divisors that the GGUF converter stores give the same frequencies.
    let divisors = zip(plain, scaled).map { $0 / $1 }
    let restored = RotaryEmbedding(base: 500_000, scaling: .divisors(divisors))
      .inverseFrequencies(headDimension: 64)
    for (a, b) in zip(scaled, restored) { #expect(abs(a - b) <= 2e-7 * a) }
  }
}

/// Expects a `ModelFileError` of one line that contains `message`.
func expectRefusal(
  _ message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) {
  do {
    _ = try body()
    Issue.record("nothing was refused; expected: \(message)", sourceLocation: sourceLocation)
  } catch let error as ModelFileError {
    #expect(error.description.contains(message), sourceLocation: sourceLocation)
    #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) is no ModelFileError", sourceLocation: sourceLocation)
  }
}
