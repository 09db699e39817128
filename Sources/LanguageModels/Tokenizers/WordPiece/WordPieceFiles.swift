import Foundation
import ModelFiles

extension WordPieceTokenizer {
  /// The tokenizer of a BERT folder: `tokenizer.json` where there is one, else `vocab.txt` with what
  /// `tokenizer_config.json` says of lower-casing.
  ///
  /// - Throws: `TokenizerError` naming the field, or `ModelFileError`.
  public init(_ stored: StoredBERT) throws {
    let limit = 64 << 20
    if let file = stored.tokenizerJSON {
      try self.init(tokenizerJSON: Data(regularFile: file.path, upTo: limit))
    } else if let file = stored.vocabulary {
      try self.init(
        vocabulary: Data(regularFile: file.path, upTo: limit),
        tokenizerConfig: stored.tokenizerConfig.map { try Data(regularFile: $0.path, upTo: limit) })
    } else {
      throw ModelFileError.inaccessible(
        path: stored.path, reason: "no tokenizer.json and no vocab.txt in this folder")
    }
    // More embeddings than tokens are harmless; the reverse would end in a look-up past the last.
    guard vocabularySize <= stored.configuration.vocabularySize else {
      throw ModelFileError.malformed(
        path: stored.path, field: "vocabulary size",
        problem: "the tokenizer has \(vocabularySize) tokens, but the model only "
          + "\(stored.configuration.vocabularySize) embeddings")
    }
  }

  /// A `tokenizer.json` with a WordPiece model. Its padding and truncation are not part of a tokenizer here.
  public init(tokenizerJSON: Data) throws {
    let root = try JSONNode(parsing: Array(tokenizerJSON))
    guard let model = root["model"] else { throw TokenizerError.missingField("model") }
    func require(_ node: JSONNode?, _ field: String, is expected: String) throws {
      guard let name = node?.string else { throw TokenizerError.missingField(field) }
      guard name == expected else { throw TokenizerError.unsupported(field: field, name: name) }
    }
    // Files of before 2020 name no type.
    if let type = model["type"] { try require(type, "model.type", is: "WordPiece") }
    try require(model["unk_token"], "model.unk_token", is: "[UNK]")
    try require(model["continuing_subword_prefix"], "model.continuing_subword_prefix", is: "##")
    guard let vocabulary = model["vocab"]?.object else { throw TokenizerError.missingField("model.vocab") }
    var table = TokenTable(capacity: vocabulary.count)
    for member in vocabulary {
      guard let id = member.value.integer else {
        throw TokenizerError.wrongType(field: "model.vocab", expected: "ids by token")
      }
      try Self.insert(member.key, id, into: &table, field: "model.vocab")
    }
    try self.init(table: table, addedTokens: Self.addedTokens(root["added_tokens"], table))

    guard let longest = model["max_input_chars_per_word"]?.integer else {
      throw TokenizerError.missingField("model.max_input_chars_per_word")
    }
    longestWord = longest
    guard let rules = root["normalizer"] else { throw TokenizerError.missingField("normalizer") }
    try require(rules["type"], "normalizer.type", is: "BertNormalizer")
    try require(root["pre_tokenizer"]?["type"], "pre_tokenizer.type", is: "BertPreTokenizer")
    let lowercases = try rules.flag("lowercase", of: "normalizer") ?? true
    normalizer = BERTNormalizer(
      cleansText: try rules.flag("clean_text", of: "normalizer") ?? true,
      separatesChinese: try rules.flag("handle_chinese_chars", of: "normalizer") ?? true,
      stripsAccents: try rules.flag("strip_accents", of: "normalizer") ?? lowercases,
      lowercases: lowercases)
  }

  /// A `vocab.txt`: a token a line, the first with id 0.
  public init(vocabulary: Data, tokenizerConfig: Data? = nil) throws {
    var lines = vocabulary.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var table = TokenTable(capacity: lines.count)
    for (id, line) in lines.enumerated() {
      let token = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      try Self.insert(token, id, into: &table, field: "vocab.txt line \(id + 1)")
    }
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].compactMap { token -> AddedToken? in
      let content = Array(token.utf8)
      return table.id(of: content).map { AddedToken(id: Int($0), content: content, isSpecial: true) }
    }
    try self.init(table: table, addedTokens: special)
    guard let tokenizerConfig else { return }
    let config = try JSONNode(parsing: Array(tokenizerConfig))
    let lowercases = try config.flag("do_lower_case", of: "tokenizer_config") ?? true
    normalizer.lowercases = lowercases
    normalizer.stripsAccents = try config.flag("strip_accents", of: "tokenizer_config") ?? lowercases
    normalizer.separatesChinese = try config.flag("tokenize_chinese_chars", of: "tokenizer_config") ?? true
  }

  private static func insert(
    _ token: some Collection<UInt8>, _ id: Int, into table: inout TokenTable, field: String
  ) throws(TokenizerError) {
    switch table.insert(token, id: id, lookup: true) {
    case .done: return
    case .tokenExists:
      throw .duplicateToken(field: field, token: String(decoding: Array(token), as: UTF8.self))
    case .idExists: throw .duplicateID(field: field, id: id)
    case .idOutOfRange: throw .idOutOfRange(field: field, id: id, limit: TokenTable.largestCount)
    }
  }

  private static func addedTokens(_ node: JSONNode?, _ table: TokenTable) throws -> [AddedToken] {
    var total = 0
    return try (node?.array ?? []).enumerated().map { index, node in
      let field = "added_tokens[\(index)]"
      guard let id = node["id"]?.integer, let content = node["content"]?.bytes else {
        throw TokenizerError.wrongType(field: field, expected: "an object with id and content")
      }
      total += content.count
      guard content.count <= AddedToken.longestContent, total <= AddedToken.longestTotal else {
        throw AddedToken.tooLong(field: field)
      }
      guard table.id(of: content).map(Int.init) == id else {
        throw TokenizerError.unknownToken(field: field, token: String(decoding: content, as: UTF8.self))
      }
      for flag in ["single_word", "lstrip", "rstrip", "normalized"]
      where try node.flag(flag, of: field) == true {
        throw TokenizerError.unsupported(field: "\(field).\(flag)", name: "true")
      }
      return AddedToken(
        id: id, content: content, isSpecial: try node.flag("special", of: field) ?? false)
    }
  }
}
