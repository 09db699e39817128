/// The steps of a `tokenizer.json` around its model: what happens to text before, and to tokens behind it.
struct HuggingFacePipeline {
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let decoding: TokenDecoding
  /// The vocabulary is spelled in the byte alphabet.
  let isByteLevel: Bool

  init(root: JSONNode) throws(TokenizerError) {
    var stages: [Normalizer.Stage] = []
    for (field, node) in try HuggingFacePipeline.steps(root["normalizer"], "normalizer", "normalizers") {
      stages.append(try HuggingFacePipeline.normalizerStage(node, field))
    }
    normalizer = Normalizer(stages: stages)
    (preTokenizer, isByteLevel) = try HuggingFacePipeline.preTokenizer(root["pre_tokenizer"])
    decoding = try HuggingFacePipeline.decoding(root["decoder"], isByteLevel: isByteLevel)
  }

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
    return bytes
  }

  // MARK: Normalizers

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
      case "Digits": stages.append(.digits(individual: step["individual_digits"]?.bool ?? false))
      case "ByteLevel":
        isByteLevel = true
        if step["add_prefix_space"]?.bool ?? true { stages.append(.prefixSpace) }
        if step["use_regex"]?.bool ?? true { stages.append(.words(.gpt2)) }
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
    let behavior = step["behavior"]?.string ?? "Isolated"
    // These patterns cover all text, so what lies between matches, and with it inversion, is empty.
    let isKnown = behavior == "Isolated" || behavior == "Removed" && step["invert"]?.bool == true
    guard isKnown else { throw .unsupported(field: field + ".behavior", name: behavior) }
    return pattern
  }

  private static func metaspace(
    _ step: JSONNode, _ field: String
  ) throws(TokenizerError) -> PreTokenizer.Stage {
    let prefix: PreTokenizer.Prefix
    switch step["prepend_scheme"]?.string {
    case "always": prefix = .always
    case "first": prefix = .first
    case "never": prefix = .never
    case nil: prefix = step["add_prefix_space"]?.bool ?? true ? .always : .never
    case let name?: throw .unsupported(field: field + ".prepend_scheme", name: name)
    }
    let replacement = try bytes(step, "replacement", field)
    guard !replacement.isEmpty else {
      throw .wrongType(field: field + ".replacement", expected: "one character")
    }
    return .metaspace(replacement: replacement, prefix: prefix, splits: step["split"]?.bool ?? true)
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

  private static func template(
    _ node: JSONNode, _ isKnown: (Int) -> Bool, _ field: String
  ) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
    guard let pieces = node["single"]?.array else {
      throw .wrongType(field: field + ".single", expected: "an array")
    }
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
