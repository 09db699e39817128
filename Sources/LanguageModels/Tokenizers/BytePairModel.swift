/// A byte-pair encoding: splits one word into the vocabulary's tokens.
struct BytePairModel: Sendable {
  /// What a word is made of before its first merge.
  enum Alphabet: Sendable {
    /// Single bytes (GPT-2 and its descendants); -1 where the vocabulary lacks a byte.
    case bytes([Int32])
    /// Unicode scalars (SentencePiece). With a fallback, a scalar that is not in the vocabulary becomes the
    /// tokens of its UTF-8 bytes, `<0x00>` … `<0xFF>`.
    case scalars(byteFallback: [Int32]?)
  }

  let vocabulary: TokenTable
  let merges: MergeTable
  let alphabet: Alphabet
  /// The token of what the vocabulary cannot spell. Without one, such bytes are dropped.
  let unknown: Int32?
  /// One unknown token for a run of unknown scalars instead of one each.
  let fusesUnknown: Bool
  /// A word that is itself a token is not built from merges.
  let ignoresMerges: Bool

  /// Whether text may be cut before each run of spelled spaces without changing an id: no token reaches over
  /// such a place, so no merge does. That holds for SentencePiece's vocabularies unless they were trained
  /// across words.
  func wordsEnd(before spaceSpelling: [UInt8]) -> Bool {
    guard !ignoresMerges, vocabulary.id(of: spaceSpelling) != nil else { return false }
    for id in 0..<vocabulary.count {
      let token = vocabulary.bytes(of: id)
      var index = token.startIndex
      var sawOther = false
      while index < token.endIndex {
        if token[index] == spaceSpelling[0], token[index...].starts(with: spaceSpelling) {
          if sawOther { return false }
          index += spaceSpelling.count
        } else {
          sawOther = true
          index += 1
        }
      }
    }
    return true
  }

  /// Appends the ids of one word of valid UTF-8.
  func encode(_ bytes: [UInt8], in range: Range<Int>, merger: inout BytePairMerger, into ids: inout [Int]) {
    if ignoresMerges, let id = vocabulary.id(of: bytes, in: range) {
      ids.append(Int(id))
      return
    }
    merger.symbols.removeAll(keepingCapacity: true)
    switch alphabet {
    case .bytes(let tokenOfByte): spell(bytes, range, tokenOfByte, into: &merger.symbols)
    case .scalars(let fallback): spell(bytes, range, fallback: fallback, into: &merger.symbols)
    }
    merger.merge(with: merges)
    for symbol in merger.symbols { ids.append(Int(symbol)) }
  }

  private func spell(
    _ bytes: [UInt8], _ range: Range<Int>, _ tokenOfByte: [Int32], into symbols: inout [Int32]
  ) {
    var pendingUnknown = false
    for index in range {
      let token = tokenOfByte[Int(bytes[index])]
      if token >= 0 {
        flush(&pendingUnknown, &symbols)
        symbols.append(token)
      } else {
        noteUnknown(&pendingUnknown, &symbols)
      }
    }
    flush(&pendingUnknown, &symbols)
  }

  private func spell(
    _ bytes: [UInt8], _ range: Range<Int>, fallback: [Int32]?, into symbols: inout [Int32]
  ) {
    var pendingUnknown = false
    var index = range.lowerBound
    while index < range.upperBound {
      let end = index + UTF8Reader.length(ofScalarWithLead: bytes[index])
      if let token = vocabulary.id(of: bytes, in: index..<end) {
        flush(&pendingUnknown, &symbols)
        symbols.append(token)
      } else if let fallback, bytes[index..<end].allSatisfy({ fallback[Int($0)] >= 0 }) {
        for byte in bytes[index..<end] { symbols.append(fallback[Int(byte)]) }
      } else {
        noteUnknown(&pendingUnknown, &symbols)
      }
      index = end
    }
    flush(&pendingUnknown, &symbols)
  }

  /// An unknown scalar's token is held back until a known one follows, so that a run can be fused. (The
  /// reference does not end a run at byte-fallback tokens; neither does this.)
  private func noteUnknown(_ pending: inout Bool, _ symbols: inout [Int32]) {
    if !fusesUnknown { flush(&pending, &symbols) }
    pending = unknown != nil
  }

  private func flush(_ pending: inout Bool, _ symbols: inout [Int32]) {
    if pending, let unknown { symbols.append(unknown) }
    pending = false
  }
}
