/// Everything that makes up a tokenizer, as read from one of the two file formats.
struct TokenizerDefinition: Sendable {
  var model: BytePairModel
  var normalizer = Normalizer(stages: [])
  var preTokenizer = PreTokenizer(stages: [])
  var addedTokens: [AddedToken] = []
  var decoding: TokenDecoding
  /// What a text's special tokens are when it is encoded with them: ids before and behind it.
  var prefix: [Int] = []
  var suffix: [Int] = []
  var bosID: Int?
  var eosID: Int?
  var padID: Int?
  /// The model's chat template, in Jinja, if the files have one.
  var chatTemplate: String?

  /// Keeps the words of text without word boundaries short, where that cannot change an id.
  mutating func cutAtSpaces() {
    guard let spelling = decoding.spaceSpelling, case .scalars = model.alphabet,
      model.wordsEnd(before: spelling)
    else { return }
    preTokenizer.stages.append(.spaceRuns(spelling: spelling))
  }
}

/// How tokens become text again.
struct TokenDecoding: Sendable, Equatable {
  enum LeadingSpace: Sendable, Equatable {
    case kept
    /// One space is dropped from the front of the text.
    case oneDropped
    /// All spaces that the first token begins with are dropped.
    case firstTokenTrimmed
  }

  /// The scalar that spells a space; nil in byte-level vocabularies, which hold real spaces.
  var spaceSpelling: [UInt8]?
  /// Byte-fallback tokens.
  var byteOfToken: [Int: UInt8] = [:]
  var leadingSpace: LeadingSpace = .kept
}

/// Collects a vocabulary and checks it while it is built.
struct VocabularyBuilder {
  private(set) var table: TokenTable
  let isByteLevel: Bool
  private var scratch: [UInt8] = []

  init(capacity: Int, isByteLevel: Bool) {
    table = TokenTable(capacity: capacity)
    self.isByteLevel = isByteLevel
  }

  /// - Parameters:
  ///   - spelling: the token as the file spells it.
  ///   - field: names the entry in errors.
  ///   - isWord: text may become this token; false for control tokens and the like.
  mutating func add(
    spelling: some Collection<UInt8>, id: Int, field: @autoclosure () -> String, isWord: Bool = true
  ) throws(TokenizerError) {
    scratch.removeAll(keepingCapacity: true)
    var isWord = isWord
    if !isWord || !isByteLevel || !ByteAlphabet.appendBytes(spelledBy: spelling, to: &scratch) {
      // A token that is not spelled in the byte alphabet stands for its own text, and no merge makes it.
      isWord = isWord && !isByteLevel
      scratch.append(contentsOf: spelling)
    }
    switch table.insert(scratch, id: id, lookup: isWord) {
    case .done: return
    case .tokenExists:
      throw .duplicateToken(field: field(), token: String(decoding: Array(spelling), as: UTF8.self))
    case .idExists: throw .duplicateID(field: field(), id: id)
    case .idOutOfRange: throw .idOutOfRange(field: field(), id: id, limit: TokenTable.largestCount)
    }
  }

  /// Adds the merge of two spelled tokens to a table.
  mutating func addMerge(
    _ left: some Collection<UInt8>, _ right: some Collection<UInt8>, rank: Int, to merges: inout MergeTable,
    field: @autoclosure () -> String
  ) throws(TokenizerError) {
    scratch.removeAll(keepingCapacity: true)
    var leftCount = 0
    var isSpelled = true
    if isByteLevel {
      isSpelled = ByteAlphabet.appendBytes(spelledBy: left, to: &scratch)
      leftCount = scratch.count
      isSpelled = isSpelled && ByteAlphabet.appendBytes(spelledBy: right, to: &scratch)
    } else {
      scratch.append(contentsOf: left)
      leftCount = scratch.count
      scratch.append(contentsOf: right)
    }
    guard isSpelled, let leftID = table.id(of: scratch, in: 0..<leftCount) else {
      throw .unknownToken(field: field(), token: String(decoding: Array(left), as: UTF8.self))
    }
    guard let rightID = table.id(of: scratch, in: leftCount..<scratch.count) else {
      throw .unknownToken(field: field(), token: String(decoding: Array(right), as: UTF8.self))
    }
    guard let merged = table.id(of: scratch) else {
      throw .unknownToken(
        field: field(), token: String(decoding: Array(left) + Array(right), as: UTF8.self))
    }
    merges.insert(left: leftID, right: rightID, rank: rank, merged: merged)
  }

  /// The ids of the 256 single bytes in a byte-level vocabulary; -1 where one is missing.
  func byteTokens() -> [Int32] {
    (0...255).map { table.id(of: [UInt8($0)]) ?? -1 }
  }
}
