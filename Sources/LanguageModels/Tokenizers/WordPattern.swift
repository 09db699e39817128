/// The regular expressions by which byte-level tokenizers cut text into words, as hand-written scanners:
/// one pass, no backtracking, no allocation.
enum WordPattern: Sendable, Equatable {
  /// GPT-2, and SmolLM after its digits are split off.
  case gpt2
  /// Llama 3: case-blind contractions, up to three digits together, line breaks kept with punctuation.
  case llama3
  /// Qwen 2: as Llama 3 with single digits.
  case qwen2

  /// The expression as `tokenizer.json` files spell it.
  var expression: String {
    switch self {
    case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3: WordPattern.modernExpression(number: #"\p{N}{1,3}"#)
    case .qwen2: WordPattern.modernExpression(number: #"\p{N}"#)
    }
  }

  private static func modernExpression(number: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  static func named(byExpression expression: String) -> WordPattern? {
    [gpt2, llama3, qwen2].first { $0.expression == expression }
  }

  /// The end of the word that starts at `start`, in valid UTF-8 that is looked at only up to `limit`.
  func wordEnd(in bytes: [UInt8], from start: Int, limit: Int) -> Int {
    if bytes[start] == UInt8(ascii: "'"),
      let end = contractionEnd(bytes, start, limit, ignoringCase: self != .gpt2)
    {
      return end
    }
    return self == .gpt2 ? gpt2WordEnd(bytes, start, limit) : modernWordEnd(bytes, start, limit)
  }

  private func gpt2WordEnd(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> Int {
    var (first, end) = UTF8Reader.scalarClass(in: bytes, at: start)
    if bytes[start] == UInt8(ascii: " "), end < limit {
      let (following, after) = UTF8Reader.scalarClass(in: bytes, at: end)
      if !following.isWhitespace { (first, end) = (following, after) }
    }
    if first.isWhitespace { return whitespaceEnd(bytes, start, limit, keepsLineBreaks: false) }
    return runEnd(of: first, bytes, end, limit)
  }

  private func modernWordEnd(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> Int {
    let (first, end) = UTF8Reader.scalarClass(in: bytes, at: start)
    if first == .letter { return runEnd(of: .letter, bytes, end, limit) }
    if first == .number {
      if self == .qwen2 { return end }
      var end = end
      for _ in 1..<3 where end < limit {
        let (next, after) = UTF8Reader.scalarClass(in: bytes, at: end)
        if next != .number { break }
        end = after
      }
      return end
    }
    if end < limit {
      let (second, after) = UTF8Reader.scalarClass(in: bytes, at: end)
      if second == .letter && first != .lineBreak { return runEnd(of: .letter, bytes, after, limit) }
      if second == .other && bytes[start] == UInt8(ascii: " ") {
        return lineBreaksEnd(bytes, runEnd(of: .other, bytes, after, limit), limit)
      }
    }
    if first == .other { return lineBreaksEnd(bytes, runEnd(of: .other, bytes, end, limit), limit) }
    return whitespaceEnd(bytes, start, limit, keepsLineBreaks: true)
  }

  private func runEnd(of run: ScalarClass, _ bytes: [UInt8], _ start: Int, _ limit: Int) -> Int {
    var end = start
    while end < limit {
      let (next, after) = UTF8Reader.scalarClass(in: bytes, at: end)
      if next != run { break }
      end = after
    }
    return end
  }

  private func lineBreaksEnd(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> Int {
    var end = start
    while end < limit, bytes[end] == 0x0A || bytes[end] == 0x0D { end += 1 }
    return end
  }

  /// `\s*[\r\n]+` where line breaks are kept, then `\s+(?!\S)`, then `\s+`: up to and including the last
  /// line break of the run; else all but the last scalar when something follows, which takes that scalar
  /// as its leading space.
  private func whitespaceEnd(
    _ bytes: [UInt8], _ start: Int, _ limit: Int, keepsLineBreaks: Bool
  ) -> Int {
    var end = start
    var lineBreakEnd: Int?
    while end < limit {
      let (next, after) = UTF8Reader.scalarClass(in: bytes, at: end)
      guard next.isWhitespace else { break }
      if next == .lineBreak { lineBreakEnd = after }
      end = after
    }
    if keepsLineBreaks, let lineBreakEnd { return lineBreakEnd }
    if end == limit { return end }
    let last = UTF8Reader.start(ofScalarEndingAt: end, in: bytes)
    return last > start ? last : end
  }

  /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at an apostrophe.
  private func contractionEnd(
    _ bytes: [UInt8], _ start: Int, _ limit: Int, ignoringCase: Bool
  ) -> Int? {
    guard start + 1 < limit else { return nil }
    let fold: UInt8 = ignoringCase ? 0x20 : 0
    switch bytes[start + 1] | fold {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case 0xE5 where ignoringCase && start + 2 < limit && bytes[start + 1] == 0xC5 && bytes[start + 2] == 0xBF:
      // U+017F, the long s, is an s to a case-blind expression.
      return start + 3
    default: break
    }
    guard start + 2 < limit else { return nil }
    switch (bytes[start + 1] | fold, bytes[start + 2] | fold) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    default: return nil
    }
  }
}
