import Foundation
import TextPatterns

extension PEFTAdapter {
  /// What `adapter_config.json` says of a plain LoRA adapter. Names follow the file's keys.
  public struct Configuration: Sendable, Equatable {
    /// Which modules are adapted.
    public enum TargetModules: Sendable, Equatable {
      /// A module's last name (`q_proj`), the end of its path, or its whole path.
      case names([String])
      /// A regular expression for the whole path.
      case pattern(String)
      /// `"all-linear"`: every projection but the head.
      case allLinear
    }

    /// A value for the modules whose path ends in what `pattern`, a regular expression, matches.
    public struct Override<Value: Sendable & Equatable>: Sendable, Equatable {
      public var pattern: String
      public var value: Value

      public init(pattern: String, value: Value) {
        self.pattern = pattern
        self.value = value
      }
    }

    /// The rank.
    public var r: Int
    public var loraAlpha: Double
    /// Probability with which an input element is dropped in training.
    public var loraDropout: Double
    /// Scale by alpha/√r instead of alpha/r.
    public var useRSLoRA: Bool
    public var targetModules: TargetModules
    public var baseModelNameOrPath: String?
    /// The first that matches a module counts.
    public var rankPattern: [Override<Int>]
    public var alphaPattern: [Override<Double>]

    public init(
      r: Int, loraAlpha: Double, loraDropout: Double = 0, useRSLoRA: Bool = false,
      targetModules: TargetModules, baseModelNameOrPath: String? = nil,
      rankPattern: [Override<Int>] = [], alphaPattern: [Override<Double>] = []
    ) {
      self.r = r
      self.loraAlpha = loraAlpha
      self.loraDropout = loraDropout
      self.useRSLoRA = useRSLoRA
      self.targetModules = targetModules
      self.baseModelNameOrPath = baseModelNameOrPath
      self.rankPattern = rankPattern
      self.alphaPattern = alphaPattern
    }

    /// The factor of `B A x` for a module.
    ///
    /// - Throws: `ModelFileError.malformed` when a pattern is not understood.
    public func scaling(of module: String) throws -> Double {
      try resolved(path: PEFTAdapter.configurationFile).scaling(of: module)
    }
  }
}

// MARK: - Matching modules

extension PEFTAdapter.Configuration {
  /// The configuration with its patterns compiled.
  struct Resolved {
    let configuration: PEFTAdapter.Configuration
    let targets: TextPattern?
    let ranks: [(TextPattern, Int)]
    let alphas: [(TextPattern, Double)]

    func rank(of module: String) -> Int {
      ranks.first { $0.0.matches(module) }?.1 ?? configuration.r
    }

    func scaling(of module: String) -> Double {
      let alpha = alphas.first { $0.0.matches(module) }?.1 ?? configuration.loraAlpha
      let rank = Double(rank(of: module))
      return configuration.useRSLoRA ? alpha / rank.squareRoot() : alpha / rank
    }

    /// Whether PEFT would adapt the module.
    func isTarget(_ module: String) -> Bool {
      switch configuration.targetModules {
      case .names(let names): names.contains { module == $0 || module.hasSuffix("." + $0) }
      case .pattern: targets?.matches(module) ?? false
      case .allLinear: module != "lm_head"
      }
    }
  }

  /// More than one pattern for each projection of any model.
  static let maximumPatterns = 4096

  /// - Parameter path: the file that an error about a pattern names.
  func resolved(path: String) throws(ModelFileError) -> Resolved {
    func compiled(_ pattern: String, _ field: String, prefix: String = "", suffix: String = "")
      throws(ModelFileError) -> TextPattern
    {
      do {
        return try TextPattern(prefix + pattern + suffix)
      } catch {
        throw .malformed(path: path, field: field, problem: "\"\(pattern.prefix(80))\" \(error.problem)")
      }
    }
    // As PEFT's get_pattern_key matches: a whole path, or its end after a dot.
    func overrides<Value>(_ list: [PEFTAdapter.Configuration.Override<Value>], _ field: String)
      throws(ModelFileError) -> [(TextPattern, Value)]
    {
      guard list.count <= Self.maximumPatterns else {
        throw .malformed(path: path, field: field, problem: "\(list.count) patterns are too many")
      }
      var patterns: [(TextPattern, Value)] = []
      for item in list {
        patterns.append(
          (try compiled(item.pattern, field, prefix: "(?:.*\\.)?(?:", suffix: ")"), item.value))
      }
      return patterns
    }
    var targets: TextPattern?
    if case .pattern(let pattern) = targetModules { targets = try compiled(pattern, "target_modules") }
    return Resolved(
      configuration: self, targets: targets, ranks: try overrides(rankPattern, "rank_pattern"),
      alphas: try overrides(alphaPattern, "alpha_pattern"))
  }
}

// MARK: - adapter_config.json

extension PEFTAdapter.Configuration {
  /// The keys PEFT needs to load the adapter; PEFT fills in the rest.
  var json: JSONValue {
    func whole(_ number: Double) -> JSONValue { Int(exactly: number).map { .integer($0) } ?? .number(number) }
    let targets: JSONValue =
      switch targetModules {
      case .names(let names): .array(names.sorted().map { .string($0) })
      case .pattern(let pattern): .string(pattern)
      case .allLinear: .string("all-linear")
      }
    return .object(
      JSONObject([
        ("peft_type", .string("LORA")),
        ("task_type", .string("CAUSAL_LM")),
        ("base_model_name_or_path", baseModelNameOrPath.map { .string($0) } ?? .null),
        ("r", .integer(r)),
        ("lora_alpha", whole(loraAlpha)),
        ("lora_dropout", .number(loraDropout)),
        ("bias", .string("none")),
        ("target_modules", targets),
        ("fan_in_fan_out", .bool(false)),
        ("inference_mode", .bool(true)),
        ("use_rslora", .bool(useRSLoRA)),
        ("use_dora", .bool(false)),
        ("init_lora_weights", .bool(true)),
        ("modules_to_save", .null),
        ("rank_pattern", .object(JSONObject(rankPattern.map { ($0.pattern, .integer($0.value)) }))),
        ("alpha_pattern", .object(JSONObject(alphaPattern.map { ($0.pattern, whole($0.value)) }))),
      ]))
  }

  /// Reads `adapter_config.json`; whatever is not plain LoRA is refused by name.
  init(_ document: JSONDocument) throws {
    guard let type = try document.string("peft_type") else { throw document.missing("peft_type") }
    guard type == "LORA" else {
      throw document.unsupported("peft_type", "\(type) adapters are not supported (LORA is)")
    }
    try Self.refuseVariants(document)

    let ranks = 1...(1 << 20)
    self.init(
      r: try document.integer("r", in: ranks) ?? 8,
      loraAlpha: try document.number("lora_alpha") ?? 8,
      loraDropout: try document.number("lora_dropout") ?? 0,
      useRSLoRA: try document.bool("use_rslora") ?? false,
      targetModules: try Self.targetModules(document),
      baseModelNameOrPath: try document.string("base_model_name_or_path"))
    guard (0..<1).contains(loraDropout) else {
      throw ModelFileError.malformed(
        path: document.path, field: "lora_dropout", problem: "\(loraDropout) is not in 0..<1")
    }
    if let pattern = try document.document("rank_pattern") {
      rankPattern = try pattern.object.keys.map { key in
        guard let rank = try pattern.integer(key, in: ranks) else { throw pattern.missing(key) }
        return Override(pattern: key, value: rank)
      }
    }
    if let pattern = try document.document("alpha_pattern") {
      alphaPattern = try pattern.object.keys.map { key in
        guard let alpha = try pattern.number(key) else { throw pattern.missing(key) }
        return Override(pattern: key, value: alpha)
      }
    }
  }

  private static func targetModules(_ document: JSONDocument) throws -> TargetModules {
    switch document.value("target_modules") {
    // PEFT's default for llama, mistral and qwen2.
    case nil: .names(["q_proj", "v_proj"])
    case .string("all-linear"): .allLinear
    case .string(let pattern): .pattern(pattern)
    default: .names(try document.strings("target_modules") ?? [])
    }
  }

  /// Keys that are absent, null, false or empty in the configuration of a plain LoRA adapter, and why an
  /// adapter that has them cannot be computed as one.
  private static let variants: KeyValuePairs = [
    "use_dora": "DoRA",
    "modules_to_save": "fully trained modules",
    "lora_bias": "biases of the LoRA factors",
    "fan_in_fan_out": "transposed weights",
    "trainable_token_indices": "trained token embeddings",
    "target_parameters": "adapted bare parameters",
    "layer_replication": "replicated layers",
    "alora_invocation_tokens": "activated LoRA",
    "arrow_config": "Arrow routing",
    "kasa_config": "KaSA",
    "use_qalora": "QA-LoRA",
    "use_bdlora": "BD-LoRA",
    "monteclora_config": "MonteCLoRA",
    "velora_config": "VeLoRA",
    "megatron_config": "Megatron layers",
  ]

  /// Initialisations that leave the base model's weights as they are.
  private static let plainInitialisations = ["gaussian", "eva", "orthogonal"]

  private static func refuseVariants(_ document: JSONDocument) throws {
    for (key, what) in variants {
      switch document.value(key) {
      case nil, .bool(false), .array([]): continue
      case .object(let object) where object.count == 0: continue
      default: throw document.unsupported(key, "adapters with \(what) are not supported")
      }
    }
    if let bias = try document.string("bias"), bias != "none" {
      throw document.unsupported("bias", "adapters with trained biases (\(bias)) are not supported")
    }
    if case .string(let name) = document.value("init_lora_weights"), !plainInitialisations.contains(name) {
      throw document.unsupported(
        "init_lora_weights",
        "\(name) changes the base model's weights; the adapter does not fit the plain base")
    }
  }
}
