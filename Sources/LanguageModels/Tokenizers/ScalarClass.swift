/// The classes of Unicode scalars that the pre-tokenizers' regular expressions tell apart.
enum ScalarClass {
  /// `\p{L}`.
  case letter
  /// `\p{N}`.
  case number
  /// `\r` or `\n`.
  case lineBreak
  /// `\s` other than a line break.
  case space
  /// `[^\s\p{L}\p{N}]`.
  case other

  @inline(__always)
  var isWhitespace: Bool { self == .space || self == .lineBreak }

  init(_ scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = scalar.properties.isWhitespace ? .space : .other
    }
  }

  @inline(__always)
  init(ascii byte: UInt8) {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .letter
    case UInt8(ascii: " "): self = .space
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
    case 0x0A, 0x0D: self = .lineBreak
    case 0x09, 0x0B, 0x0C: self = .space
    default: self = .other
    }
  }
}

/// Reads Unicode scalars out of valid UTF-8.
enum UTF8Reader {
  /// The number of bytes of the scalar that starts with `lead`.
  @inline(__always)
  static func length(ofScalarWithLead lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// The scalar at `index` of valid UTF-8, and the index behind it.
  @inline(__always)
  static func scalar(in bytes: [UInt8], at index: Int) -> (scalar: Unicode.Scalar, end: Int) {
    let lead = UInt32(bytes[index])
    let length = length(ofScalarWithLead: bytes[index])
    var value: UInt32
    switch length {
    case 1: return (Unicode.Scalar(bytes[index]), index + 1)
    case 2: value = lead & 0x1F
    case 3: value = lead & 0x0F
    default: value = lead & 0x07
    }
    for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", index + length)
  }

  /// The class of the scalar at `index` of valid UTF-8, and the index behind it.
  @inline(__always)
  static func scalarClass(in bytes: [UInt8], at index: Int) -> (class: ScalarClass, end: Int) {
    let lead = bytes[index]
    if lead < 0x80 { return (ScalarClass(ascii: lead), index + 1) }
    let (scalar, end) = scalar(in: bytes, at: index)
    return (ScalarClass(scalar), end)
  }

  /// The start of the scalar that ends just before `end`.
  @inline(__always)
  static func start(ofScalarEndingAt end: Int, in bytes: [UInt8]) -> Int {
    var start = end - 1
    while bytes[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }
}
