import Foundation
import ModelFiles

/// Turns text into the ids that a language model reads, and back.
///
/// Two families are understood: byte-level byte-pair encoding (GPT-2, SmolLM, Llama 3, Qwen 2) and
/// SentencePiece's with byte fallback (Llama 2). Definitions come from a Hugging Face `tokenizer.json` or
/// from the metadata of a GGUF file; whatever in them is not understood is refused by name. Ids equal
/// those of the `tokenizers` package.
///
/// A tokenizer never changes, so any number of threads may use one.
public final class Tokenizer: Sendable {
  let definition: TokenizerDefinition
  /// Ids of control tokens.
  let specialIDs: Set<Int>
  private let addedTokenByID: [Int: AddedToken]
  private let addedTokenByContent: [[UInt8]: Int]
  private let matcher: AddedTokenMatcher
  private let normalizedMatcher: AddedTokenMatcher

  init(definition: TokenizerDefinition) {
    self.definition = definition
    // The reference looks for special tokens first where two have the same spelling.
    let added = definition.addedTokens.filter(\.isSpecial) + definition.addedTokens.filter { !$0.isSpecial }
    matcher = AddedTokenMatcher(added.filter { !$0.isNormalized })
    let normalizer = definition.normalizer
    normalizedMatcher = AddedTokenMatcher(added.filter(\.isNormalized)) { normalizer.normalize($0.content) }
    specialIDs = Set(added.filter(\.isSpecial).map(\.id))
    addedTokenByID = Dictionary(added.map { ($0.id, $0) }) { first, _ in first }
    addedTokenByContent = Dictionary(added.map { ($0.content, $0.id) }) { first, _ in first }
  }

  // MARK: Vocabulary

  /// One more than the largest id.
  public var vocabularySize: Int {
    max(definition.model.vocabulary.count, (definition.addedTokens.map(\.id).max() ?? -1) + 1)
  }

  /// The token that begins a text, if the model has one.
  public var bosID: Int? { definition.bosID }
  /// The token that ends a text, if it is known.
  public var eosID: Int? { definition.eosID }
  /// The padding token, if it is known. Nothing here pads; files name it.
  public var padID: Int? { definition.padID }
  /// The model's own chat template (Jinja), if its files have one.
  public var chatTemplateText: String? { definition.chatTemplate }

  /// The id of a token by its text: `<|im_end|>`, or any entry of the vocabulary (" the").
  public func id(of token: String) -> Int? {
    let bytes = Array(token.utf8)
    return addedTokenByContent[bytes] ?? definition.model.vocabulary.id(of: bytes).map(Int.init)
  }

  /// The id of a token that is found in text as a whole, unlike one that merges build.
  func controlID(of token: String) -> Int? { addedTokenByContent[Array(token.utf8)] }

  /// Whether an id is a control token, which is no part of what a text says.
  public func isSpecial(_ id: Int) -> Bool { specialIDs.contains(id) }

  /// The bytes that a token stands for inside a text. They need not be valid UTF-8: a token may hold a part
  /// of a scalar. Empty for an id that is not in the vocabulary.
  public func bytes(of id: Int) -> [UInt8] {
    if let added = addedTokenByID[id] { return added.content }
    let decoding = definition.decoding
    if let byte = decoding.byteOfToken[id] { return [byte] }
    let bytes = Array(definition.model.vocabulary.bytes(of: id))
    guard let spaceSpelling = decoding.spaceSpelling else { return bytes }
    return Normalizer(stages: [.replace(pattern: spaceSpelling, content: [UInt8(ascii: " ")])])
      .normalize(bytes)
  }

  /// The text of one token, for display: bytes that are not valid UTF-8 become U+FFFD.
  public func text(of id: Int) -> String { String(decoding: bytes(of: id), as: UTF8.self) }

  // MARK: Text to ids

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - addSpecialTokens: adds what the model expects around a text, such as its BOS token.
  ///   - parseSpecial: reads control tokens written in the text (`<|im_end|>`) as such. Leave it out for
  ///     text that comes from a user.
  public func encode(_ text: String, addSpecialTokens: Bool = false, parseSpecial: Bool = false) -> [Int] {
    encode(validUTF8: Array(text.utf8), addSpecialTokens: addSpecialTokens, parseSpecial: parseSpecial)
  }

  /// The ids of bytes that need not be valid UTF-8: each maximal invalid sequence counts as U+FFFD, as
  /// Unicode recommends (chapter 3, "U+FFFD Substitution of Maximal Subparts").
  public func encode(
    utf8 bytes: some Collection<UInt8>, addSpecialTokens: Bool = false, parseSpecial: Bool = false
  ) -> [Int] {
    encode(
      String(decoding: Array(bytes), as: UTF8.self), addSpecialTokens: addSpecialTokens,
      parseSpecial: parseSpecial)
  }

  private func encode(validUTF8 bytes: [UInt8], addSpecialTokens: Bool, parseSpecial: Bool) -> [Int] {
    let ids = encode(validUTF8: bytes, ignoring: parseSpecial ? [] : specialIDs, at: .start)
    return addSpecialTokens ? definition.prefix + ids + definition.suffix : ids
  }

  /// Where a piece of text stands. SentencePiece's tokenizers put a space before some pieces.
  enum TextPosition {
    /// At the start of everything.
    case start
    /// Behind a control token.
    case afterControl
    /// Behind other text, encoded by another call: nothing is put before it.
    case continuing
  }

  /// - Parameter ignored: added tokens that stay text where they are written.
  func encode(validUTF8 bytes: [UInt8], ignoring ignored: Set<Int>, at position: TextPosition) -> [Int] {
    var merger = BytePairMerger()
    return encode(validUTF8: bytes, ignoring: ignored, at: position, merger: &merger)
  }

  func encode(
    validUTF8 bytes: [UInt8], ignoring ignored: Set<Int>, at position: TextPosition,
    merger: inout BytePairMerger
  ) -> [Int] {
    var ids: [Int] = []
    ids.reserveCapacity(bytes.count / 3 + 2)
    for segment in matcher.segments(of: bytes, ignoring: ignored) {
      if let id = segment.id {
        ids.append(id)
        continue
      }
      let isFirst = segment.range.lowerBound == 0
      let addsPrefix = position != .continuing || !isFirst
      let piece = segment.range.count == bytes.count ? bytes : Array(bytes[segment.range])
      let normalized = definition.normalizer.normalize(piece, addsPrefix: addsPrefix)
      for part in normalizedMatcher.segments(of: normalized, ignoring: ignored) {
        if let id = part.id {
          ids.append(id)
          continue
        }
        let (text, words) = definition.preTokenizer.words(
          of: normalized, in: part.range,
          startsText: position == .start && isFirst && part.range.lowerBound == 0, addsPrefix: addsPrefix)
        for word in words { definition.model.encode(text, in: word, merger: &merger, into: &ids) }
      }
    }
    return ids
  }

  // MARK: Ids to text

  /// The text of ids. Ids outside the vocabulary and bytes that are not UTF-8 do not fail: the first are
  /// skipped, the second become U+FFFD.
  public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) -> String {
    var decoder = StreamDecoder(self, skipSpecialTokens: skipSpecialTokens)
    var text = ""
    for id in ids { text += decoder.push(id) }
    return text + decoder.flush()
  }
}
