import Foundation

/// Cuts text into the words that WordPiece cuts further: BERT's cleaning, lower-casing and splitting at punctuation.
///
/// Follows `BertNormalizer` and `BertPreTokenizer` of the `tokenizers` package scalar for scalar, with the Unicode
/// tables that it has: categories of version 8.0, canonical decompositions of 9.0.
struct BERTNormalizer: Sendable, Equatable {
  /// Drops control characters, makes every kind of white space a space.
  var cleansText = true
  /// Puts each Chinese character into a word of its own.
  var separatesChinese = true
  var stripsAccents = true
  var lowercases = true

  /// Calls `body` with each word in UTF-8 and its number of scalars, until it says false.
  ///
  /// - Parameter text: valid UTF-8.
  func words(of text: ArraySlice<UInt8>, _ body: (_ word: [UInt8], _ scalars: Int) -> Bool) {
    if text.allSatisfy({ $0 < 0x80 }) { asciiWords(of: text, body) } else { anyWords(of: text, body) }
  }

  private func asciiWords(of text: ArraySlice<UInt8>, _ body: ([UInt8], Int) -> Bool) {
    var word: [UInt8] = []
    word.reserveCapacity(32)
    for byte in text {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(lowercases ? byte | 0x20 : byte)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): word.append(byte)
      case 0x09...0x0D, 0x20:
        if cleansText, byte == 0x0B || byte == 0x0C { continue }
        if !word.isEmpty, !body(word, word.count) { return }
        word.removeAll(keepingCapacity: true)
      case 0..<0x20, 0x7F: if !cleansText { word.append(byte) }
      default:
        if !word.isEmpty, !body(word, word.count) { return }
        word.removeAll(keepingCapacity: true)
        guard body([byte], 1) else { return }
      }
    }
    if !word.isEmpty { _ = body(word, word.count) }
  }

  private func anyWords(of text: ArraySlice<UInt8>, _ body: ([UInt8], Int) -> Bool) {
    var word: [UInt8] = []
    var count = 0
    func close() -> Bool {
      defer {
        word.removeAll(keepingCapacity: true)
        count = 0
      }
      return word.isEmpty || body(word, count)
    }
    // A piece at a time, so that a caller who has enough stops a long text early. Decomposition looks no further than
    // a run of marks, which a space ends.
    var rest = text
    while !rest.isEmpty {
      var end = rest.index(rest.startIndex, offsetBy: 4096, limitedBy: rest.endIndex) ?? rest.endIndex
      while end < rest.endIndex, rest[end] != UInt8(ascii: " ") { end += 1 }
      for scalar in normalized(rest[rest.startIndex..<end]) {
        if scalar.properties.isWhitespace {
          guard close() else { return }
        } else if Self.isPunctuation(scalar) {
          guard close(), body(Array(String(Character(scalar)).utf8), 1) else { return }
        } else {
          word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
          count += 1
        }
      }
      rest = rest[end...]
    }
    _ = close()
  }

  private func normalized(_ text: ArraySlice<UInt8>) -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      if cleansText, scalar == "\u{FFFD}" || Self.isControl(scalar) { continue }
      if separatesChinese, Self.isChinese(scalar) {
        scalars += [" ", scalar, " "]
      } else {
        scalars.append(scalar)
      }
    }
    if stripsAccents { scalars = Self.decomposed(scalars).filter { !Self.isNonspacingMark($0) } }
    guard lowercases else { return scalars }
    return scalars.flatMap { scalar -> [Unicode.Scalar] in
      if scalar.value < 0x80 {
        return [("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar]
      }
      return Array(scalar.properties.lowercaseMapping.unicodeScalars)
    }
  }

  // MARK: - Unicode as the reference knows it

  /// Normalisation form D by the tables of Unicode 9.0.
  private static func decomposed(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var known = String.UnicodeScalarView()
    func flush() {
      if !known.isEmpty { result += String(known).decomposedStringWithCanonicalMapping.unicodeScalars }
      known = String.UnicodeScalarView()
    }
    for scalar in scalars {
      // Nothing below U+00C0 decomposes, and nothing in ASCII moves.
      if scalar.value < 0xC0 {
        flush()
        result.append(scalar)
      } else if isKnown(scalar, since: 9) {
        known.append(scalar)
      } else {
        flush()
        result.append(scalar)
      }
    }
    flush()
    return result
  }

  private static func isKnown(_ scalar: Unicode.Scalar, since version: Int) -> Bool {
    scalar.properties.age.map { $0.major <= version } ?? false
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\t" && scalar != "\n" && scalar != "\r"
    case .format: isKnown(scalar, since: 8)
    case .privateUse: true
    default: false
    }
  }

  private static func isNonspacingMark(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0x300 else { return false }
    // Nonspacing in Unicode 8.0, spacing since.
    if scalar == "\u{1734}" || scalar == "\u{1171E}" { return true }
    return scalar.properties.generalCategory == .nonspacingMark && isKnown(scalar, since: 8)
      && !laterNonspacingMarks.contains(scalar)
  }

  /// Marks that became nonspacing after Unicode 8.0.
  private static let laterNonspacingMarks: Set<Unicode.Scalar> = [
    "\u{1885}", "\u{1886}", "\u{A9BD}", "\u{111C9}",
  ]

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    case ..<0x80: return false
    // Punctuation in Unicode 8.0, another category since.
    case 0x166D, 0x111C9: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return isKnown(scalar, since: 8)
    default: return false
    }
  }

  /// The blocks of CJK ideographs that BERT names.
  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      // 2B920, not 2B820: the reference's own bound.
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
