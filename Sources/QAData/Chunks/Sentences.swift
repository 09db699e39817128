/// Sentences of a text, by its marks: good enough to cut at, for languages with them.
enum Sentences {
  private static let abbreviations: Set<String> = [
    "e.g", "i.e", "etc", "vs", "cf", "dr", "mr", "mrs", "ms", "prof", "st", "no", "fig", "eq", "sec",
    "approx", "ca", "al", "inc",
    "ltd", "co", "jr", "sr", "vol", "pp", "ed", "est", "max", "min", "resp",
  ]

  /// In UTF-8 bytes: each sentence with the white space behind it left out. Together they are all of the text but that.
  static func ranges(of text: String) -> [Range<Int>] {
    let bytes = Array(text.utf8)
    var ranges: [Range<Int>] = []
    var start = 0
    var index = 0
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    func close(at end: Int) {
      var from = start
      while from < end, isSpace(bytes[from]) { from += 1 }
      var to = end
      while to > from, isSpace(bytes[to - 1]) { to -= 1 }
      if to > from { ranges.append(from..<to) }
      start = end
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
        // Quotes and brackets behind a mark belong to the sentence.
        while index < bytes.count, "\"')]”’»".utf8.contains(bytes[index]) { index += 1 }
        guard index >= bytes.count || isSpace(bytes[index]) else { continue }
        if byte == UInt8(ascii: "."), isAbbreviation(bytes, dot: index - 1, from: start) { continue }
        close(at: index)
      case UInt8(ascii: "\n") where index < bytes.count && bytes[index] == UInt8(ascii: "\n"):
        close(at: index)
      // 。！？ in UTF-8.
      case 0xE3 where index + 1 < bytes.count && bytes[index] == 0x80 && bytes[index + 1] == 0x82:
        index += 2
        close(at: index)
      case 0xEF
      where index + 1 < bytes.count && bytes[index] == 0xBC
        && (bytes[index + 1] == 0x81 || bytes[index + 1] == 0x9F):
        index += 2
        close(at: index)
      default: break
      }
    }
    close(at: bytes.count)
    return ranges
  }

  /// A word before a dot that does not end a sentence: short forms, initials, numbers of lists.
  private static func isAbbreviation(_ bytes: [UInt8], dot: Int, from start: Int) -> Bool {
    var first = dot
    while first > start, bytes[first - 1] > 0x20, dot - first < 12 { first -= 1 }
    let word = String(decoding: bytes[first..<dot], as: UTF8.self).lowercased().trimmed(of: "(\"'[.")
    if abbreviations.contains(word) { return true }
    if word.count == 1, word.first?.isLetter == true { return true }
    let isFirst = bytes[start..<first].allSatisfy { $0 <= 0x20 }
    return isFirst && !word.isEmpty && word.allSatisfy(\.isNumber)
  }

  /// Lines that are not blank.
  static func lines(of text: String) -> [Range<Int>] {
    TextLines(text).lines.filter { !$0.isBlank }.map(\.range)
  }
}
