import Foundation
import Testing

@testable import ModelFiles

/// Adapters that the PEFT library wrote, from `Tests/Reference/make_goldens.py`.
private let adapters = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("LanguageModelsTests/Fixtures/adapters")

@Suite struct PEFTAdapterTests {
  private static let module = "model.layers.0.self_attn.q_proj"

  private static func adapter(
    r: Int = 2, module: String = module, targets: PEFTAdapter.Configuration.TargetModules = .names(["q_proj"])
  ) -> PEFTAdapter {
    PEFTAdapter(
      configuration: .init(
        r: r, loraAlpha: 16, loraDropout: 0.05, targetModules: targets, baseModelNameOrPath: "base/model"),
      tensors: [
        module + ".lora_A.weight": FloatTensor(shape: [r, 3], values: (0..<3 * r).map { Float($0) / 7 }),
        module + ".lora_B.weight": FloatTensor(shape: [5, r], values: (0..<5 * r).map { -Float($0) / 3 }),
      ])
  }

  /// What PEFT wrote, read and written again: the weights file has the same bytes.
  @Test(arguments: ["llama-tied-lora", "llama-tied-rslora", "qwen2-tied-lora", "llama-tied-qv"])
  func rewritesPEFTsOwnBytes(name: String) throws {
    let source = adapters.appendingPathComponent(name)
    let (adapter, warnings) = try PEFTAdapter.read(from: source)
    #expect(warnings.isEmpty)
    #expect(!adapter.isNoOp)
    #expect(adapter.configuration.useRSLoRA == (name == "llama-tied-rslora"))
    let folder = try TemporaryFolder()
    let copy = folder.url.appendingPathComponent("adapter")
    try adapter.write(to: copy)
    #expect(
      try Data(contentsOf: copy.appendingPathComponent("adapter_model.safetensors"))
        == Data(contentsOf: source.appendingPathComponent("adapter_model.safetensors")))
    let reread = try PEFTAdapter.read(from: copy).adapter
    #expect(reread.tensors == adapter.tensors)
    #expect(reread.configuration.r == adapter.configuration.r)
    #expect(reread.configuration.loraAlpha == adapter.configuration.loraAlpha)
  }

  @Test func configurationText() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("adapter")
    let adapter = Self.adapter()
    try adapter.write(to: url)
    let text = try String(contentsOf: url.appendingPathComponent("adapter_config.json"), encoding: .utf8)
    #expect(
      text == """
        {
          "alpha_pattern": {},
          "base_model_name_or_path": "base/model",
          "bias": "none",
          "fan_in_fan_out": false,
          "inference_mode": true,
          "init_lora_weights": true,
          "lora_alpha": 16,
          "lora_dropout": 0.05,
          "modules_to_save": null,
          "peft_type": "LORA",
          "r": 2,
          "rank_pattern": {},
          "target_modules": [
            "q_proj"
          ],
          "task_type": "CAUSAL_LM",
          "use_dora": false,
          "use_rslora": false
        }

        """)
    #expect(try PEFTAdapter.read(from: url).adapter == adapter)
  }

  @Test func replacesAnEarlierFolder() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("adapter")
    try Self.adapter(r: 2).write(to: url)
    try Self.adapter(r: 4).write(to: url)
    #expect(try PEFTAdapter.read(from: url).adapter == Self.adapter(r: 4))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["adapter"])

    var broken = Self.adapter(r: 2)
    broken.tensors[Self.module + ".lora_B.weight"]?.values[3] = .nan
    expectRefusal("lora_B.weight: holds a value that is not finite; not written") {
      try broken.write(to: url)
    }
    #expect(try PEFTAdapter.read(from: url).adapter == Self.adapter(r: 4))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["adapter"])
  }

  @Test func whatWouldNotLoadIsNotWritten() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("adapter")
    expectRefusal("target_modules: does not name model.layers.0.self_attn.q_proj; PEFT would ignore it") {
      try Self.adapter(targets: .names(["k_proj"])).write(to: url)
    }
    var lonely = Self.adapter()
    lonely.tensors[Self.module + ".lora_A.weight"] = nil
    expectRefusal("tensor \(Self.module).lora_A.weight is missing") { try lonely.write(to: url) }
    var wrongRank = Self.adapter()
    wrongRank.configuration.r = 3
    expectRefusal("has shape [2, 3], expected [3, 3]") { try wrongRank.write(to: url) }
    expectRefusal("there are no tensors") {
      try PEFTAdapter(configuration: Self.adapter().configuration, tensors: [:]).write(to: url)
    }
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func anUntrainedAdapterIsANoOp() {
    var adapter = Self.adapter()
    #expect(!adapter.isNoOp)
    adapter.tensors[Self.module + ".lora_B.weight"] = FloatTensor(
      shape: [5, 2], values: Array(repeating: 0, count: 10))
    #expect(adapter.isNoOp)
  }

  /// Writes a folder with the given configuration text and the adapter's tensors under other names.
  private static func write(
    _ config: String, rename: (String) -> String = { "base_model.model." + $0 }, to folder: TemporaryFolder
  ) throws {
    try folder.write("adapter_config.json", config)
    let tensors = Dictionary(uniqueKeysWithValues: adapter().tensors.map { (rename($0.key), $0.value) })
    try SafetensorsWriter.write(tensors, to: folder.url.appendingPathComponent("adapter_model.safetensors"))
  }

  @Test(arguments: [
    #"["q_proj"]"#, #"["self_attn.q_proj"]"#, #"["model.layers.0.self_attn.q_proj","lm_head"]"#,
    #"".*\\.self_attn\\.(q|v)_proj""#, #""all-linear""#, "null",
  ])
  func spellingsOfTargetModules(targets: String) throws {
    let folder = try TemporaryFolder()
    try Self.write(#"{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":\#(targets)}"#, to: folder)
    let (adapter, warnings) = try PEFTAdapter.read(from: folder.url)
    #expect(adapter.modules == [Self.module])
    #expect(adapter.factorA(of: Self.module) == Self.adapter().factorA(of: Self.module))
    #expect(warnings.isEmpty)
    #expect(try adapter.configuration.scaling(of: Self.module) == 2)
  }

  @Test func warnings() throws {
    let folder = try TemporaryFolder()
    let config = #"{"peft_type":"LORA","r":2,"target_modules":["q_proj"]}"#
    try Self.write(config, rename: { $0 }, to: folder)
    let plain = try PEFTAdapter.read(from: folder.url)
    #expect(plain.adapter.modules == [Self.module])
    #expect(plain.warnings.count == 1)
    #expect(plain.warnings[0].contains("2 tensors lack the prefix base_model.model.; PEFT would ignore them"))

    try Self.write(
      config,
      rename: { "base_model.model." + $0.replacingOccurrences(of: ".weight", with: ".default.weight") },
      to: folder)
    let named = try PEFTAdapter.read(from: folder.url)
    #expect(named.adapter.modules == [Self.module])
    #expect(named.warnings.count == 1)
    #expect(named.warnings[0].contains("2 tensors carry an adapter's name"))
  }

  @Test func patternsOverrideRankAndAlpha() throws {
    let configuration = PEFTAdapter.Configuration(
      r: 8, loraAlpha: 16, useRSLoRA: true, targetModules: .names(["q_proj", "v_proj"]),
      rankPattern: [.init(pattern: #"layers\.[01]\.self_attn\.q_proj"#, value: 4)],
      alphaPattern: [
        .init(pattern: "^model.layers.0.self_attn.q_proj", value: 32), .init(pattern: "q_proj", value: 6),
      ])
    #expect(try configuration.scaling(of: "model.layers.0.self_attn.q_proj") == 16)
    #expect(try configuration.scaling(of: "model.layers.1.self_attn.q_proj") == 3)
    #expect(try configuration.scaling(of: "model.layers.2.self_attn.v_proj") == 16 / 8.0.squareRoot())

    let folder = try TemporaryFolder()
    try Self.write(
      #"{"peft_type":"LORA","r":8,"target_modules":["q_proj"],"rank_pattern":{"q_proj":2}}"#, to: folder)
    let adapter = try PEFTAdapter.read(from: folder.url).adapter
    #expect(adapter.configuration.rankPattern == [.init(pattern: "q_proj", value: 2)])
    #expect(try adapter.configuration.scaling(of: Self.module) == 4)
  }

  @Test(arguments: [
    (#""use_dora":true"#, "use_dora: adapters with DoRA are not supported"),
    (#""modules_to_save":["lm_head"]"#, "modules_to_save: adapters with fully trained modules"),
    (#""bias":"all""#, "bias: adapters with trained biases (all)"),
    (#""lora_bias":true"#, "lora_bias"), (#""fan_in_fan_out":true"#, "fan_in_fan_out"),
    (#""init_lora_weights":"pissa_niter_4""#, "init_lora_weights: pissa_niter_4 changes the base"),
    (#""init_lora_weights":"olora""#, "olora changes"), (#""init_lora_weights":"corda""#, "corda changes"),
    (#""trainable_token_indices":[5]"#, "trainable_token_indices"),
    (#""layer_replication":[[0,1]]"#, "layer_replication"),
    (#""rank_pattern":{"(":4}"#, "rank_pattern: \"(\" has a parenthesis that is not closed"),
    (#""rank_pattern":{"q_proj":0}"#, "rank_pattern.q_proj: 0 is not between"),
    (#""lora_dropout":1"#, "lora_dropout: 1.0 is not in 0..<1"),
    (#""target_modules":[1]"#, "target_modules: expected a list of strings"),
    (#""target_modules":"(""#, "target_modules: \"(\" has a parenthesis that is not closed"),
  ])
  func refusedByName(member: String, message: String) throws {
    let folder = try TemporaryFolder()
    try Self.write(#"{"peft_type":"LORA","r":2,\#(member)}"#, to: folder)
    expectRefusal(message) { try PEFTAdapter.read(from: folder.url) }
  }

  @Test func brokenFolders() throws {
    let config = #"{"peft_type":"LORA","r":2,"target_modules":["q_proj"]}"#
    let folder = try TemporaryFolder()
    expectRefusal("adapter_config.json: no such file") { try PEFTAdapter.read(from: folder.url) }
    try Self.write("{}", to: folder)
    expectRefusal("peft_type: is missing") { try PEFTAdapter.read(from: folder.url) }
    try Self.write(#"{"peft_type":"IA3"}"#, to: folder)
    expectRefusal("peft_type: IA3 adapters are not supported") { try PEFTAdapter.read(from: folder.url) }
    try Self.write(#"{"peft_type":"LORA","target_modules":["q_proj"]}"#, to: folder)
    expectRefusal("has shape [2, 3], expected [8, 3]") { try PEFTAdapter.read(from: folder.url) }
    for (suffix, message) in [
      ("lora_magnitude_vector", "DoRA adapters are not supported"),
      ("lora_embedding_A", "adapted embeddings are not supported"),
      ("base_layer.weight", "only lora_A and lora_B weights are supported"),
    ] {
      try Self.write(
        config, rename: { $0.replacingOccurrences(of: "lora_B.weight", with: suffix) }, to: folder)
      expectRefusal(message) { try PEFTAdapter.read(from: folder.url) }
    }
    try FileManager.default.removeItem(atPath: folder.path("adapter_model.safetensors"))
    expectRefusal("adapter_model.safetensors: no such file") { try PEFTAdapter.read(from: folder.url) }
    try folder.write("adapter_model.bin", "x")
    expectRefusal("PyTorch pickles are not read") { try PEFTAdapter.read(from: folder.url) }
  }
}
