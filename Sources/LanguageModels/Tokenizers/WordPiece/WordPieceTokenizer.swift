import Foundation
import ModelFiles

/// BERT's tokenizer: text becomes words, and a word the longest pieces of it that the vocabulary has, from the left
/// (Wu et al. 2016; Devlin et al. 2018).
public struct WordPieceTokenizer: Sendable {
  var normalizer = BERTNormalizer()
  /// A word of more scalars is unknown as a whole.
  var longestWord = 100
  private let table: TokenTable
  /// Bytes of the longest token: no longer piece needs a look-up.
  private let longestToken: Int
  private let matcher: AddedTokenMatcher
  private let specialIDs: Set<Int>
  private let unknownID: Int32
  private let classID: Int32
  private let separatorID: Int32
  private static let continuation = UInt8(ascii: "#")

  init(table: TokenTable, addedTokens: [AddedToken]) throws(TokenizerError) {
    func id(_ token: String) throws(TokenizerError) -> Int32 {
      guard let id = table.id(of: Array(token.utf8)) else {
        throw .unknownToken(field: "model.vocab", token: token)
      }
      return id
    }
    self.table = table
    longestToken = (0..<table.count).reduce(0) { max($0, table.bytes(of: $1).count) }
    matcher = AddedTokenMatcher(addedTokens)
    specialIDs = Set(addedTokens.filter(\.isSpecial).map(\.id))
    unknownID = try id("[UNK]")
    classID = try id("[CLS]")
    separatorID = try id("[SEP]")
  }

  public var vocabularySize: Int { table.count }

  /// The token of an id as the vocabulary spells it; nil for an id without one.
  public func token(_ id: Int32) -> String? {
    table.contains(id: Int(id)) ? String(decoding: table.bytes(of: Int(id)), as: UTF8.self) : nil
  }

  /// [CLS] text [SEP], or [CLS] text [SEP] pair [SEP]. What is too long loses tokens from the end, a pair those of
  /// its longer text first.
  ///
  /// - Parameters:
  ///   - limit: tokens of the result, at least as many as there are special ones; at most the model's positions.
  ///   - parseSpecial: whether "[SEP]" in a text becomes the token; never for text that a user wrote.
  public func encode(
    _ text: String, pair: String? = nil, limit: Int = 512, parseSpecial: Bool = false
  ) -> EncoderInput {
    let room = max(0, limit - (pair == nil ? 2 : 3))
    guard let pair else {
      var first = pieces(of: text, atMost: room, parseSpecial: parseSpecial)
      first.removeLast(max(0, first.count - room))
      let tokens = [classID] + first + [separatorID]
      return EncoderInput(tokens: tokens, tokenTypes: tokens.map { _ in 0 })
    }
    // All of both: which one is longer decides.
    var first = pieces(of: text, parseSpecial: parseSpecial)
    var second = pieces(of: pair, parseSpecial: parseSpecial)
    let kept = Self.longestFirst(first.count, second.count, room: room)
    first.removeLast(first.count - kept.first)
    second.removeLast(second.count - kept.second)
    return EncoderInput(
      tokens: [classID] + first + [separatorID] + second + [separatorID],
      tokenTypes: [Int32](repeating: 0, count: first.count + 2)
        + [Int32](repeating: 1, count: second.count + 1))
  }

  /// How much of each of two texts is kept, as the reference's LongestFirst has it.
  static func longestFirst(_ first: Int, _ second: Int, room: Int) -> (first: Int, second: Int) {
    guard first + second > room else { return (first, second) }
    var (short, long) = (min(first, second), max(first, second))
    long = short > room ? short : max(short, room - short)
    if short + long > room {
      short = room / 2
      long = room - short
    }
    return first > second ? (long, short) : (short, long)
  }

  /// The ids of a text without [CLS] and [SEP].
  ///
  /// - Parameter limit: where a long text may stop; a few more may come.
  func pieces(of text: String, atMost limit: Int = .max, parseSpecial: Bool = false) -> [Int32] {
    var ids: [Int32] = []
    // Native UTF-8, whatever the string was bridged from.
    let bytes = Array(text.utf8)
    for segment in matcher.segments(of: bytes, ignoring: parseSpecial ? [] : specialIDs) {
      if let id = segment.id {
        ids.append(Int32(id))
      } else {
        normalizer.words(of: bytes[segment.range]) { word, scalars in
          appendPieces(of: word, scalars: scalars, to: &ids)
          return ids.count < limit
        }
      }
      if ids.count >= limit { break }
    }
    return ids
  }

  private func appendPieces(of word: [UInt8], scalars: Int, to ids: inout [Int32]) {
    guard scalars <= longestWord else {
      ids.append(unknownID)
      return
    }
    if let id = table.id(of: word) {
      ids.append(id)
      return
    }
    let before = ids.count
    // A piece after the first is looked up with ## before it: written over what has been consumed.
    var key = [Self.continuation, Self.continuation] + word
    var start = 2
    while start < key.count {
      var from = start
      if start > 2 {
        from = start - 2
        key[from] = Self.continuation
        key[from + 1] = Self.continuation
      }
      var end = min(key.count, from + longestToken)
      var found: Int32?
      while end > start {
        // Pieces end where a scalar does.
        if end == key.count || key[end] & 0xC0 != 0x80 {
          found = table.id(of: key, in: from..<end)
          if found != nil { break }
        }
        end -= 1
      }
      guard let found else {
        ids.removeLast(ids.count - before)
        ids.append(unknownID)
        return
      }
      ids.append(found)
      start = end
    }
  }
}
