import ModelFiles

extension Tokenizer {
  /// The tokenizer in a GGUF file's metadata (`tokenizer.ggml.*`).
  ///
  /// - Throws: `TokenizerError` naming the metadata key.
  public convenience init(ggufMetadata metadata: [String: GGUFValue]) throws {
    self.init(definition: try GGUFTokenizer(metadata: metadata).definition())
  }
}

/// Reads a tokenizer from GGUF metadata. Keys and token types: the GGUF specification; what the names in
/// `tokenizer.ggml.pre` stand for: llama.cpp.
struct GGUFTokenizer {
  /// `tokenizer.ggml.token_type`.
  private enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  private let metadata: [String: GGUFValue]
  private let tokens: [String]
  private let types: [TokenType]

  init(metadata: [String: GGUFValue]) throws(TokenizerError) {
    self.metadata = metadata
    let tokensKey = "tokenizer.ggml.tokens"
    guard let value = metadata[tokensKey] else { throw .missingField(tokensKey) }
    guard case .strings(let tokens) = value else {
      throw .wrongType(field: tokensKey, expected: "an array of strings")
    }
    self.tokens = tokens
    types = try GGUFTokenizer.types(in: metadata, count: tokens.count)
  }

  func definition() throws(TokenizerError) -> TokenizerDefinition {
    let modelKey = "tokenizer.ggml.model"
    var definition: TokenizerDefinition
    switch try string(modelKey) {
    case "gpt2": definition = try byteLevel()
    case "llama": definition = try sentencePiece()
    case let name?: throw .unsupported(field: modelKey, name: name)
    case nil: throw .missingField(modelKey)
    }
    var room = AddedToken.longestTotal
    for (id, type) in types.enumerated() where !tokens[id].isEmpty {
      guard type == .control || type == .unknown || type == .userDefined else { continue }
      let content = Array(tokens[id].utf8)
      room -= content.count
      guard content.count <= AddedToken.longestContent, room >= 0 else {
        throw AddedToken.tooLong(field: "tokenizer.ggml.tokens[\(id)]")
      }
      definition.addedTokens.append(AddedToken(id: id, content: content, isSpecial: type != .userDefined))
    }
    definition.padID = try tokenID("tokenizer.ggml.padding_token_id")
    definition.chatTemplate = try string("tokenizer.chat_template")
    return definition
  }

  // MARK: The two families

  private func byteLevel() throws(TokenizerError) -> TokenizerDefinition {
    let mergesKey = "tokenizer.ggml.merges"
    guard let value = metadata[mergesKey] else { throw .missingField(mergesKey) }
    guard case .strings(let lines) = value else {
      throw .wrongType(field: mergesKey, expected: "an array of strings")
    }
    var vocabulary = try self.vocabulary(isByteLevel: true)
    var merges = MergeTable(capacity: lines.count)
    for (rank, line) in lines.enumerated() {
      let pair = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        throw .wrongType(field: "\(mergesKey)[\(rank)]", expected: "two tokens with one space between")
      }
      try vocabulary.addMerge(pair[0], pair[1], rank: rank, to: &merges, field: "\(mergesKey)[\(rank)]")
    }

    let preKey = "tokenizer.ggml.pre"
    guard let pre = try string(preKey) else { throw .missingField(preKey) }
    let style = try GGUFTokenizer.style(named: pre, field: preKey)
    let model = BytePairModel(
      vocabulary: vocabulary.table, merges: merges, alphabet: .bytes(vocabulary.byteTokens()),
      unknown: nil, fusesUnknown: false, ignoresMerges: style.ignoresMerges)
    var definition = TokenizerDefinition(model: model, decoding: TokenDecoding())
    definition.normalizer = Normalizer(stages: style.composes ? [.nfc] : [])
    let addsPrefix = try bool("tokenizer.ggml.add_space_prefix") ?? false
    definition.preTokenizer = PreTokenizer(stages: (addsPrefix ? [.prefixSpace] : []) + style.stages)
    try addTextEnds(to: &definition, addsBOS: style.addsBOS, defaultBOS: nil, defaultEOS: nil)
    return definition
  }

  /// SentencePiece's byte-pair encoding has scores instead of merges: any two neighbours whose joined text
  /// is a token may merge, the highest score first, among equals the leftmost.
  private func sentencePiece() throws(TokenizerError) -> TokenizerDefinition {
    let scoresKey = "tokenizer.ggml.scores"
    guard let value = metadata[scoresKey] else { throw .missingField(scoresKey) }
    guard case .numbers(let scores) = value else {
      throw .wrongType(field: scoresKey, expected: "an array of floats")
    }
    guard scores.count == tokens.count else {
      throw .lengthMismatch(field: scoresKey, expected: tokens.count, found: scores.count)
    }
    guard !scores.contains(where: \.isNaN) else {
      throw .wrongType(field: scoresKey, expected: "free of NaN")
    }
    let vocabulary = try self.vocabulary(isByteLevel: false)
    var byteTokens = [Int32](repeating: -1, count: 256)
    var byteOfToken: [Int: UInt8] = [:]
    for (id, type) in types.enumerated() where type == .byte {
      guard let byte = GGUFTokenizer.byte(spelledBy: tokens[id]) else {
        throw .wrongType(field: "tokenizer.ggml.tokens[\(id)]", expected: "a byte token such as <0x0A>")
      }
      byteTokens[Int(byte)] = Int32(id)
      byteOfToken[id] = byte
    }
    let unknown = try tokenID("tokenizer.ggml.unknown_token_id") ?? types.firstIndex(of: .unknown)
    let model = BytePairModel(
      vocabulary: vocabulary.table, merges: merges(of: vocabulary.table, scores: scores),
      alphabet: .scalars(byteFallback: byteTokens), unknown: unknown.map(Int32.init), fusesUnknown: true,
      ignoresMerges: false)
    let space: [UInt8] = Array("\u{2581}".utf8)
    let addsSpace = try bool("tokenizer.ggml.add_space_prefix") ?? true
    var definition = TokenizerDefinition(
      model: model,
      decoding: TokenDecoding(
        spaceSpelling: space, byteOfToken: byteOfToken, leadingSpace: addsSpace ? .oneDropped : .kept))
    definition.normalizer = Normalizer(
      stages: (addsSpace ? [.prepend(space)] : []) + [.replace(pattern: [UInt8(ascii: " ")], content: space)])
    definition.cutAtSpaces()
    try addTextEnds(
      to: &definition, addsBOS: true, defaultBOS: tokens.count > 2 ? 1 : nil,
      defaultEOS: tokens.count > 2 ? 2 : nil)
    return definition
  }

  private func merges(of table: TokenTable, scores: [Float]) -> MergeTable {
    // Equal scores share a rank, so that position decides between them.
    var rankOfScore: [Float: Int] = [:]
    for score in Set(scores).sorted(by: >) { rankOfScore[score] = rankOfScore.count }
    var merges = MergeTable(capacity: tokens.count * 2)
    for (id, type) in types.enumerated() where type == .normal || type == .userDefined {
      let token = Array(tokens[id].utf8)
      // Splits inside a longer text than any real piece cost a quadratic amount of memory traffic.
      guard token.count <= 512 else { continue }
      for split in token.indices.dropFirst() where token[split] & 0xC0 != 0x80 {
        guard let left = table.id(of: token, in: 0..<split),
          let right = table.id(of: token, in: split..<token.count)
        else { continue }
        merges.insert(left: left, right: right, rank: rankOfScore[scores[id]] ?? 0, merged: Int32(id))
      }
    }
    return merges
  }

  private func vocabulary(isByteLevel: Bool) throws(TokenizerError) -> VocabularyBuilder {
    var vocabulary = VocabularyBuilder(capacity: tokens.count, isByteLevel: isByteLevel)
    for (id, token) in tokens.enumerated() {
      try vocabulary.add(
        spelling: token.utf8, id: id, field: "tokenizer.ggml.tokens[\(id)]",
        isWord: types[id] == .normal || types[id] == .userDefined)
    }
    return vocabulary
  }

  private func addTextEnds(
    to definition: inout TokenizerDefinition, addsBOS: Bool, defaultBOS: Int?, defaultEOS: Int?
  ) throws(TokenizerError) {
    definition.bosID = try tokenID("tokenizer.ggml.bos_token_id") ?? defaultBOS
    definition.eosID = try tokenID("tokenizer.ggml.eos_token_id") ?? defaultEOS
    if try bool("tokenizer.ggml.add_bos_token") ?? addsBOS, let bos = definition.bosID {
      definition.prefix = [bos]
    }
    if try bool("tokenizer.ggml.add_eos_token") ?? false, let eos = definition.eosID {
      definition.suffix = [eos]
    }
  }

  // MARK: Pre-tokenizers by name

  private struct Style {
    var stages: [PreTokenizer.Stage]
    var composes = false
    var ignoresMerges = false
    var addsBOS = false
  }

  private static func style(named name: String, field: String) throws(TokenizerError) -> Style {
    switch name {
    case "gpt-2": Style(stages: [.words(.gpt2)])
    case "smollm": Style(stages: [.digits(individual: true), .words(.gpt2)])
    case "llama-bpe", "llama3", "llama-v3":
      Style(stages: [.words(.llama3)], ignoresMerges: true, addsBOS: true)
    case "qwen2", "deepseek-r1-qwen": Style(stages: [.words(.qwen2)], composes: true)
    default: throw .unsupported(field: field, name: name)
    }
  }

  // MARK: Metadata

  private static func types(
    in metadata: [String: GGUFValue], count: Int
  ) throws(TokenizerError) -> [TokenType] {
    let key = "tokenizer.ggml.token_type"
    guard let value = metadata[key] else { return [TokenType](repeating: .normal, count: count) }
    guard case .integers(let raw) = value else {
      throw .wrongType(field: key, expected: "an array of integers")
    }
    guard raw.count == count else { throw .lengthMismatch(field: key, expected: count, found: raw.count) }
    var types: [TokenType] = []
    types.reserveCapacity(count)
    for (id, rawType) in raw.enumerated() {
      guard let type = TokenType(rawValue: rawType) else {
        throw .wrongType(field: "\(key)[\(id)]", expected: "a token type from 1 to 6")
      }
      types.append(type)
    }
    return types
  }

  private static func byte(spelledBy token: String) -> UInt8? {
    guard token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">") else { return nil }
    return UInt8(token.dropFirst(3).dropLast(), radix: 16)
  }

  private func string(_ key: String) throws(TokenizerError) -> String? {
    guard let value = metadata[key] else { return nil }
    guard case .string(let string) = value else { throw .wrongType(field: key, expected: "a string") }
    return string
  }

  private func bool(_ key: String) throws(TokenizerError) -> Bool? {
    guard let value = metadata[key] else { return nil }
    guard case .bool(let bool) = value else { throw .wrongType(field: key, expected: "true or false") }
    return bool
  }

  private func tokenID(_ key: String) throws(TokenizerError) -> Int? {
    guard let value = metadata[key] else { return nil }
    guard case .integer(let id) = value else { throw .wrongType(field: key, expected: "an integer") }
    guard tokens.indices.contains(id) else { throw .idOutOfRange(field: key, id: id, limit: tokens.count) }
    return id
  }
}
