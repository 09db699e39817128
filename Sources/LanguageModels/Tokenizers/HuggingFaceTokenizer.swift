import Foundation

extension Tokenizer {
  /// The tokenizer in a `tokenizer.json`, with the names of its BOS, EOS and padding tokens and the chat
  /// template from `tokenizer_config.json` where there is one.
  ///
  /// - Throws: `TokenizerError` naming the field.
  public convenience init(tokenizerJSON: Data, tokenizerConfig: Data? = nil) throws {
    let root = try JSONNode(parsing: Array(tokenizerJSON))
    let config = try tokenizerConfig.map { try JSONNode(parsing: Array($0)) }
    self.init(definition: try HuggingFaceTokenizer(root: root, config: config).definition())
  }
}

/// Reads a tokenizer from `tokenizer.json`, the format of the `tokenizers` package.
struct HuggingFaceTokenizer {
  let root: JSONNode
  let config: JSONNode?

  func definition() throws(TokenizerError) -> TokenizerDefinition {
    let pipeline = try HuggingFacePipeline(root: root)
    var vocabulary = try vocabulary(isByteLevel: pipeline.isByteLevel)
    let model = try model(&vocabulary)
    let added = try addedTokens(vocabulary.table)
    var decoding = pipeline.decoding
    if case .scalars(let fallback?) = model.alphabet {
      for (byte, id) in fallback.enumerated() where id >= 0 { decoding.byteOfToken[Int(id)] = UInt8(byte) }
    }
    var definition = TokenizerDefinition(model: model, decoding: decoding)
    definition.normalizer = pipeline.normalizer
    definition.preTokenizer = pipeline.preTokenizer
    definition.cutAtSpaces()
    definition.addedTokens = added
    let addedIDs = Set(added.map(\.id))
    (definition.prefix, definition.suffix) = try TextEnds.read(
      root["post_processor"], isKnown: { vocabulary.table.contains(id: $0) || addedIDs.contains($0) })

    let idOfContent = Dictionary(added.map { ($0.content, $0.id) }) { first, _ in first }
    func id(_ key: String) throws(TokenizerError) -> Int? {
      guard let node = config?[key] else { return nil }
      guard let name = node.bytes ?? node["content"]?.bytes else {
        throw .wrongType(field: "tokenizer_config.\(key)", expected: "a token")
      }
      guard let id = idOfContent[name] ?? vocabulary.table.id(of: name).map(Int.init) else {
        throw .unknownToken(
          field: "tokenizer_config.\(key)", token: String(decoding: name, as: UTF8.self))
      }
      return id
    }
    definition.bosID = try id("bos_token") ?? definition.prefix.first
    definition.eosID = try id("eos_token")
    if config == nil {
      // Without a configuration nothing says which token ends a text: take the one of that name.
      definition.eosID =
        ["<|end_of_text|>", "<|endoftext|>", "</s>"].lazy
        .compactMap { idOfContent[Array($0.utf8)] }.first
    }
    definition.padID = try id("pad_token")
    definition.chatTemplate = chatTemplate
    return definition
  }

  /// One template, or several by name of which "default" is meant.
  private var chatTemplate: String? {
    guard let node = config?["chat_template"] else { return nil }
    let named = node.array?.first { $0["name"]?.string == "default" }
    return node.string ?? named?["template"]?.string
  }

  // MARK: Model

  private func vocabulary(isByteLevel: Bool) throws(TokenizerError) -> VocabularyBuilder {
    guard let model = root["model"] else { throw .missingField("model") }
    if let type = try model.text("type", of: "model") {
      let name = String(decoding: type, as: UTF8.self)
      guard name == "BPE" else { throw .unsupported(field: "model.type", name: name) }
    } else if model["merges"] == nil {
      throw .missingField("model.type")
    }
    guard let members = model["vocab"]?.object else {
      throw .wrongType(field: "model.vocab", expected: "an object of tokens and their ids")
    }
    var vocabulary = VocabularyBuilder(capacity: members.count, isByteLevel: isByteLevel)
    for member in members {
      let name = { "model.vocab[\"\(String(decoding: member.key, as: UTF8.self))\"]" }
      guard let id = member.value.integer else {
        throw .wrongType(field: name(), expected: "an integer id")
      }
      try vocabulary.add(spelling: member.key, id: id, field: name())
    }
    return vocabulary
  }

  private func model(_ vocabulary: inout VocabularyBuilder) throws(TokenizerError) -> BytePairModel {
    guard let model = root["model"] else { throw .missingField("model") }
    switch model["dropout"] {
    case nil, .integer(0), .number(0): break
    default: throw .unsupported(field: "model.dropout", name: "random merges")
    }
    for affix in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let value = try model.text(affix, of: "model"), !value.isEmpty {
        throw .unsupported(field: "model.\(affix)", name: String(decoding: value, as: UTF8.self))
      }
    }
    guard let lines = model["merges"]?.array else {
      throw .wrongType(field: "model.merges", expected: "an array of merges")
    }
    var merges = MergeTable(capacity: lines.count)
    for (rank, line) in lines.enumerated() {
      let pair: [ArraySlice<UInt8>]
      switch line {
      case .string(let bytes):
        pair = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      case .array(let parts): pair = parts.compactMap { $0.bytes.map { $0[...] } }
      default: pair = []
      }
      guard pair.count == 2 else {
        throw .wrongType(field: "model.merges[\(rank)]", expected: "a pair of tokens")
      }
      try vocabulary.addMerge(pair[0], pair[1], rank: rank, to: &merges, field: "model.merges[\(rank)]")
    }
    let table = vocabulary.table
    var unknown: Int32?
    if let name = try model.text("unk_token", of: "model") {
      unknown = table.id(of: name)
      if unknown == nil {
        throw .unknownToken(field: "model.unk_token", token: String(decoding: name, as: UTF8.self))
      }
    }
    let alphabet: BytePairModel.Alphabet
    if vocabulary.isByteLevel {
      alphabet = .bytes(vocabulary.byteTokens())
    } else if try model.flag("byte_fallback", of: "model") == true {
      let hexadecimal = Array("0123456789ABCDEF".utf8)
      alphabet = .scalars(
        byteFallback: (0...255).map { byte in
          let spelling =
            Array("<0x".utf8) + [hexadecimal[byte >> 4], hexadecimal[byte & 15], UInt8(ascii: ">")]
          return table.id(of: spelling) ?? -1
        })
    } else {
      alphabet = .scalars(byteFallback: nil)
    }
    return BytePairModel(
      vocabulary: table, merges: merges, alphabet: alphabet, unknown: unknown,
      fusesUnknown: try model.flag("fuse_unk", of: "model") ?? false,
      ignoresMerges: try model.flag("ignore_merges", of: "model") ?? false)
  }

  // MARK: Added tokens

  private func addedTokens(_ vocabulary: TokenTable) throws(TokenizerError) -> [AddedToken] {
    guard let nodes = root["added_tokens"] else { return [] }
    guard let list = nodes.array else { throw .wrongType(field: "added_tokens", expected: "an array") }
    var tokens: [AddedToken] = []
    var room = AddedToken.longestTotal
    var contentOfID: [Int: [UInt8]] = [:]
    var contents: Set<[UInt8]> = []
    for (index, node) in list.enumerated() {
      let field = "added_tokens[\(index)]"
      guard let content = node["content"]?.bytes, !content.isEmpty else {
        throw .wrongType(field: field + ".content", expected: "a string that is not empty")
      }
      room -= content.count
      guard content.count <= AddedToken.longestContent, room >= 0 else {
        throw AddedToken.tooLong(field: field + ".content")
      }
      guard let id = node["id"]?.integer else {
        throw .wrongType(field: field + ".id", expected: "an integer")
      }
      guard (0..<TokenTable.largestCount).contains(id) else {
        throw .idOutOfRange(field: field + ".id", id: id, limit: TokenTable.largestCount)
      }
      guard contents.insert(content).inserted else {
        throw .duplicateToken(field: field, token: String(decoding: content, as: UTF8.self))
      }
      // A token of the model's vocabulary may be listed again, under its own id and spelling.
      let spelled = vocabulary.contains(id: id) ? Array(vocabulary.bytes(of: id)) : content
      guard contentOfID.updateValue(content, forKey: id) == nil, spelled == content else {
        throw .duplicateID(field: field + ".id", id: id)
      }
      if let other = vocabulary.id(of: content), Int(other) != id {
        throw .duplicateToken(field: field, token: String(decoding: content, as: UTF8.self))
      }
      let isSpecial = try node.flag("special", of: field) ?? false
      tokens.append(
        AddedToken(
          id: id, content: content, isSpecial: isSpecial,
          stripsLeft: try node.flag("lstrip", of: field) ?? false,
          stripsRight: try node.flag("rstrip", of: field) ?? false,
          isSingleWord: try node.flag("single_word", of: field) ?? false,
          isNormalized: try node.flag("normalized", of: field) ?? !isSpecial))
    }
    return tokens
  }
}
