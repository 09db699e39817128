/// Decodes ids one by one into text that is valid UTF-8 at every moment.
///
/// A token may end inside a scalar; the bytes of such a scalar are held back until the rest arrives, or
/// until they prove invalid. All pieces joined equal `Tokenizer.decode` of all ids.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecialTokens: Bool
  private var pending: [UInt8] = []
  private var isAtStart = true

  /// - Parameter continuesText: the ids continue a text, so the space that begins the first of them is kept
  ///   where the tokenizer would drop it from the front of a text.
  public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true, continuesText: Bool = false) {
    self.tokenizer = tokenizer
    self.skipSpecialTokens = skipSpecialTokens
    isAtStart = !continuesText
  }

  /// Takes one more id.
  ///
  /// - Returns: the text that became certain with it, which may be empty.
  public mutating func push(_ id: Int) -> String {
    if skipSpecialTokens && tokenizer.isSpecial(id) { return "" }
    var bytes = tokenizer.bytes(of: id)
    guard !bytes.isEmpty else { return "" }
    if isAtStart {
      isAtStart = false
      let space = UInt8(ascii: " ")
      switch tokenizer.definition.decoding.leadingSpace {
      case .kept: break
      case .oneDropped: if bytes.first == space { bytes.removeFirst() }
      case .firstTokenTrimmed: bytes = Array(bytes.drop { $0 == space })
      }
    }
    pending.append(contentsOf: bytes)
    let complete = pending.count - StreamDecoder.incompleteSuffix(of: pending)
    let text = String(decoding: pending[..<complete], as: UTF8.self)
    pending.removeFirst(complete)
    return text
  }

  /// Ends the stream: bytes still held back are an incomplete scalar and become U+FFFD.
  public mutating func flush() -> String {
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }

  /// How many bytes at the end begin a scalar that later bytes could complete (0 to 3).
  private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let lead = bytes[bytes.count - length]
      if lead & 0xC0 == 0x80 { continue }
      let needed = lead < 0xC2 || lead > 0xF4 ? 1 : UTF8Reader.length(ofScalarWithLead: lead)
      guard length < needed else { return 0 }
      // The second byte of E0, ED, F0 and F4 is restricted (Unicode, table 3-7).
      if length > 1 {
        let second = bytes[bytes.count - length + 1]
        let allowed: ClosedRange<UInt8> =
          switch lead {
          case 0xE0: 0xA0...0xBF
          case 0xED: 0x80...0x9F
          case 0xF0: 0x90...0xBF
          case 0xF4: 0x80...0x8F
          default: 0x80...0xBF
          }
        if !allowed.contains(second) { return 0 }
      }
      return length
    }
    return 0
  }
}
