/// The steps of a `tokenizer.json` around its model: what happens to text before, and to tokens behind it.
struct HuggingFacePipeline {
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let decoding: TokenDecoding
  /// The vocabulary is spelled in the byte alphabet.
  let isByteLevel: Bool

  init(root: JSONNode) throws(TokenizerError) {
    normalizer = try HuggingFacePipeline.normalizer(root["normalizer"])
    (preTokenizer, isByteLevel) = try HuggingFacePipeline.preTokenizer(root["pre_tokenizer"])
    decoding = try HuggingFacePipeline.decoding(root["decoder"], isByteLevel: isByteLevel)
  }

  /// Bounds far beyond those of real tokenizers, so that no definition makes a short text huge or its encoding
  /// endless.
  static let mostSteps = 16
  static let longestText = 64

  /// The steps of a component, those of a `Sequence` in its order.
  private static func steps(
    _ node: JSONNode?, _ field: String, _ members: String, depth: Int = 0
  ) throws(TokenizerError) -> [(field: String, node: JSONNode)] {
    guard let node else { return [] }
    guard node["type"]?.string == "Sequence" else { return [(field, node)] }
    guard let list = node[members]?.array, depth < 8 else {
      throw .wrongType(field: "\(field).\(members)", expected: "an array")
    }
    var all: [(field: String, node: JSONNode)] = []
    for (index, step) in list.enumerated() {
      all += try steps(step, "\(field).\(members)[\(index)]", members, depth: depth + 1)
      guard all.count <= mostSteps else {
        throw .tooMuch(field: "\(field).\(members)", limit: "\(mostSteps) steps")
      }
    }
    return all
  }

  private static func type(_ node: JSONNode, _ field: String) throws(TokenizerError) -> String {
    guard let type = node["type"]?.string else { throw .missingField(field + ".type") }
    return type
  }

  private static func bytes(
    _ node: JSONNode, _ key: String, _ field: String
  ) throws(TokenizerError) -> [UInt8] {
    guard let bytes = node[key]?.bytes else {
      throw .wrongType(field: "\(field).\(key)", expected: "a string")
    }
    guard bytes.count <= longestText else {
      throw .tooMuch(field: "\(field).\(key)", limit: "\(longestText) bytes")
    }
    return bytes
  }

  // MARK: Normalizers

  private static func normalizer(_ node: JSONNode?) throws(TokenizerError) -> Normalizer {
    var stages: [Normalizer.Stage] = []
    // By how much the replacements together can lengthen a text: each works on what the one before it wrote.
    var growth = 1
    for (field, step) in try steps(node, "normalizer", "normalizers") {
      let stage = try normalizerStage(step, field)
      if case .replace(let pattern, let content) = stage {
        growth *= max(1, (content.count + pattern.count - 1) / pattern.count)
      }
      guard growth <= longestText else {
        throw .tooMuch(field: field, limit: "a text \(longestText) times as long")
      }
      stages.append(stage)
    }
    return Normalizer(stages: stages)
  }

  private static func normalizerStage(
    _ node: JSONNode, _ field: String
  ) throws(TokenizerError) -> Normalizer.Stage {
    switch try type(node, field) {
    case "NFC": return .nfc
    case "Prepend": return .prepend(try bytes(node, "prepend", field))
    case "Replace":
      let (pattern, content) = try replacement(node, field)
      return .replace(pattern: pattern, content: content)
    case let name: throw .unsupported(field: field, name: name)
    }
  }

  private static func replacement(
    _ node: JSONNode, _ field: String
  ) throws(TokenizerError) -> (pattern: [UInt8], content: [UInt8]) {
    let content = try bytes(node, "content", field)
    if let expression = node["pattern"]?["Regex"]?.string {
      throw .unsupported(field: field + ".pattern", name: "Regex " + expression)
    }
    guard let pattern = node["pattern"]?["String"]?.bytes, !pattern.isEmpty else {
      throw .wrongType(field: field + ".pattern", expected: "a string that is not empty")
    }
    guard pattern.count <= longestText else {
      throw .tooMuch(field: field + ".pattern", limit: "\(longestText) bytes")
    }
    return (pattern, content)
  }

  // MARK: Pre-tokenizers

  private static func preTokenizer(
    _ node: JSONNode?
  ) throws(TokenizerError) -> (preTokenizer: PreTokenizer, isByteLevel: Bool) {
    var stages: [PreTokenizer.Stage] = []
    var isByteLevel = false
    for (field, step) in try steps(node, "pre_tokenizer", "pretokenizers") {
      // Behind ByteLevel the text is spelled in another alphabet, which no known tokenizer cuts further.
      guard !isByteLevel else {
        throw .unsupported(field: field, name: "\(try type(step, field)) after ByteLevel")
      }
      switch try type(step, field) {
      case "Digits":
        stages.append(.digits(individual: try step.flag("individual_digits", of: field) ?? false))
      case "ByteLevel":
        isByteLevel = true
        if try step.flag("add_prefix_space", of: field) ?? true { stages.append(.prefixSpace) }
        if try step.flag("use_regex", of: field) ?? true { stages.append(.words(.gpt2)) }
      case "Split": stages.append(.words(try pattern(of: step, field)))
      case "Metaspace": stages.append(try metaspace(step, field))
      case let name: throw .unsupported(field: field, name: name)
      }
    }
    return (PreTokenizer(stages: stages), isByteLevel)
  }

  private static func pattern(of step: JSONNode, _ field: String) throws(TokenizerError) -> WordPattern {
    guard let expression = step["pattern"]?["Regex"]?.string else {
      throw .unsupported(field: field + ".pattern", name: step["pattern"]?["String"]?.string ?? "no Regex")
    }
    guard let pattern = WordPattern.named(byExpression: expression) else {
      throw .unsupported(field: field + ".pattern", name: expression)
    }
    let behavior =
      try step.text("behavior", of: field).map { String(decoding: $0, as: UTF8.self) } ?? "Isolated"
    // These patterns cover all text, so what lies between matches, and with it inversion, is empty.
    let inverts = try step.flag("invert", of: field) ?? false
    let isKnown = behavior == "Isolated" || behavior == "Removed" && inverts
    guard isKnown else { throw .unsupported(field: field + ".behavior", name: behavior) }
    return pattern
  }

  private static func metaspace(
    _ step: JSONNode, _ field: String
  ) throws(TokenizerError) -> PreTokenizer.Stage {
    let prefix: PreTokenizer.Prefix
    switch try step.text("prepend_scheme", of: field).map({ String(decoding: $0, as: UTF8.self) }) {
    case "always": prefix = .always
    case "first": prefix = .first
    case "never": prefix = .never
    case nil: prefix = try step.flag("add_prefix_space", of: field) ?? true ? .always : .never
    case let name?: throw .unsupported(field: field + ".prepend_scheme", name: name)
    }
    let replacement = try bytes(step, "replacement", field)
    guard String(decoding: replacement, as: UTF8.self).unicodeScalars.count == 1 else {
      throw .wrongType(field: field + ".replacement", expected: "one character")
    }
    return .metaspace(
      replacement: replacement, prefix: prefix, splits: try step.flag("split", of: field) ?? true)
  }

  // MARK: Decoders

  private static func decoding(
    _ node: JSONNode?, isByteLevel: Bool
  ) throws(TokenizerError) -> TokenDecoding {
    var decoding = TokenDecoding()
    var decodesBytes = false
    let space = UInt8(ascii: " ")
    for (field, step) in try steps(node, "decoder", "decoders") {
      switch try type(step, field) {
      case "ByteLevel": decodesBytes = true
      case "ByteFallback", "Fuse": break
      case "Replace":
        let (pattern, content) = try replacement(step, field)
        guard content == [space] else {
          throw .unsupported(field: field, name: String(decoding: content, as: UTF8.self))
        }
        decoding.spaceSpelling = pattern
      case "Strip":
        guard step["content"]?.bytes == [space], step["start"] == .integer(1), step["stop"] == .integer(0)
        else { throw .unsupported(field: field, name: "Strip of other than one leading space") }
        decoding.leadingSpace = .oneDropped
      case "Metaspace":
        guard case .metaspace(let replacement, let prefix, _) = try metaspace(step, field) else { break }
        decoding.spaceSpelling = replacement
        decoding.leadingSpace = prefix == .never ? .kept : .firstTokenTrimmed
      case let name: throw .unsupported(field: field, name: name)
      }
    }
    guard decodesBytes == isByteLevel else {
      throw .unsupported(
        field: "decoder", name: isByteLevel ? "no ByteLevel decoder" : "ByteLevel for text tokens")
    }
    return decoding
  }
}

/// The ids that a `post_processor` puts around one text.
enum TextEnds {
  static func read(
    _ node: JSONNode?, isKnown: (Int) -> Bool, field: String = "post_processor", depth: Int = 0
  ) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
    guard let node else { return ([], []) }
    switch node["type"]?.string {
    case nil: throw .missingField(field + ".type")
    // It moves offsets, which nothing here has.
    case "ByteLevel": return ([], [])
    case "Sequence":
      guard let list = node["processors"]?.array, depth < 8 else {
        throw .wrongType(field: field + ".processors", expected: "an array")
      }
      try checkCount(list, field + ".processors")
      var ends: (prefix: [Int], suffix: [Int]) = ([], [])
      for (index, step) in list.enumerated() {
        let inner = try read(
          step, isKnown: isKnown, field: "\(field).processors[\(index)]", depth: depth + 1)
        ends = (inner.prefix + ends.prefix, ends.suffix + inner.suffix)
      }
      return ends
    case "TemplateProcessing": return try template(node, isKnown, field)
    case let name?: throw .unsupported(field: field, name: name)
    }
  }

  private static func checkCount(_ list: [JSONNode], _ field: String) throws(TokenizerError) {
    let most = HuggingFacePipeline.mostSteps
    guard list.count <= most else { throw .tooMuch(field: field, limit: "\(most) entries") }
  }

  private static func template(
    _ node: JSONNode, _ isKnown: (Int) -> Bool, _ field: String
  ) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
    guard let pieces = node["single"]?.array else {
      throw .wrongType(field: field + ".single", expected: "an array")
    }
    try checkCount(pieces, field + ".single")
    var prefix: [Int] = []
    var suffix: [Int] = []
    var sawText = false
    for (index, piece) in pieces.enumerated() {
      let name = "\(field).single[\(index)]"
      if piece["Sequence"] != nil {
        guard !sawText else { throw .unsupported(field: name, name: "a text used twice") }
        sawText = true
      } else if let token = piece["SpecialToken"]?["id"]?.string {
        guard let list = node["special_tokens"]?[token]?["ids"]?.array else {
          throw .unknownToken(field: name, token: token)
        }
        try checkCount(list, field + ".special_tokens")
        let ids = list.compactMap(\.integer)
        guard ids.count == list.count, ids.allSatisfy(isKnown) else {
          throw .unknownToken(field: "\(field).special_tokens", token: token)
        }
        if sawText { suffix += ids } else { prefix += ids }
      } else {
        throw .wrongType(field: name, expected: "a Sequence or a SpecialToken")
      }
    }
    guard sawText else { throw .unsupported(field: field + ".single", name: "a template without text") }
    return (prefix, suffix)
  }
}
