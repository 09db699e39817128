/// Reads JSON value by value from a piece of a file, and takes out the numbers.
///
/// Unlike a document reader it knows a text that only ends early, accepts Python's bare `NaN`, `Infinity` and
/// `-Infinity`, and makes no values of what nobody asks for.
struct JSONScanner {
  enum Failure: Error, Equatable {
    /// What is there is fine, but more must follow.
    case endsEarly
    case malformed(String)
  }

  static let maximumDepth = 64

  let bytes: [UInt8]
  private(set) var position: Int
  let end: Int

  init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
    self.bytes = bytes
    position = start
    self.end = end ?? bytes.count
  }

  // MARK: - Tokens

  mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  /// The next byte after white space.
  mutating func next() throws(Failure) -> UInt8 {
    skipSpace()
    guard position < end else { throw .endsEarly }
    return bytes[position]
  }

  /// Consumes `byte` if it is next after white space.
  mutating func take(_ byte: Character) throws(Failure) -> Bool {
    guard try next() == byte.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func demand(_ byte: Character) throws(Failure) {
    guard try take(byte) else { throw .malformed("“\(byte)” was expected") }
  }

  /// The bytes of a string between its quotes, and whether they hold escapes.
  mutating func rawString() throws(Failure) -> (text: ArraySlice<UInt8>, hasEscapes: Bool) {
    guard try next() == UInt8(ascii: "\"") else { throw .malformed("a string was expected") }
    position += 1
    let start = position
    var hasEscapes = false
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return (bytes[start..<position - 1], hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        position += 2
      case 0..<0x20: throw .malformed("a control character in a string")
      default: position += 1
      }
    }
    position = end
    throw .endsEarly
  }

  /// A string's text. Of an unknown escape the letter is kept, and U+FFFD stands for a lone surrogate.
  mutating func string() throws(Failure) -> String {
    let (text, hasEscapes) = try rawString()
    return hasEscapes ? Self.unescaped(text) : String(decoding: text, as: UTF8.self)
  }

  static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    var units: [UInt16] = []
    var plain: [UInt8] = []
    func flushed() -> [UInt16] { Array(String(decoding: plain, as: UTF8.self).utf16) }
    var index = text.startIndex
    while index < text.endIndex {
      guard text[index] == UInt8(ascii: "\\"), index + 1 < text.endIndex else {
        plain.append(text[index])
        index += 1
        continue
      }
      units += flushed()
      plain = []
      let letter = text[index + 1]
      index += 2
      switch letter {
      case UInt8(ascii: "b"): units.append(8)
      case UInt8(ascii: "f"): units.append(12)
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "u"):
        let digits = String(decoding: text[index..<min(index + 4, text.endIndex)], as: UTF8.self)
        units.append(UInt16(digits, radix: 16) ?? 0xfffd)
        index = min(index + 4, text.endIndex)
      default: plain.append(letter)
      }
    }
    units += flushed()
    return String(decoding: units, as: UTF16.self)
  }

  /// The bytes of a number or word, up to what may follow a value.
  mutating func rawScalar() throws(Failure) -> ArraySlice<UInt8> {
    skipSpace()
    let start = position
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0a, 0x0d, 0x09:
        guard position > start else { throw .malformed("a value was expected") }
        return bytes[start..<position]
      case UInt8(ascii: "\""), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "["):
        throw .malformed("not a JSON value")
      default: position += 1
      }
    }
    throw .endsEarly
  }

  // MARK: - Values

  /// Passes over a value of any kind.
  mutating func skipValue(depth: Int = 0) throws(Failure) {
    guard depth < Self.maximumDepth else { throw .malformed("nested too deeply") }
    switch try next() {
    case UInt8(ascii: "\""): _ = try rawString()
    case UInt8(ascii: "{"):
      position += 1
      if try take("}") { return }
      repeat {
        _ = try rawString()
        try demand(":")
        try skipValue(depth: depth + 1)
      } while try take(",")
      try demand("}")
    case UInt8(ascii: "["):
      position += 1
      if try take("]") { return }
      repeat { try skipValue(depth: depth + 1) } while try take(",")
      try demand("]")
    default:
      let scalar = try rawScalar()
      guard Self.isScalar(scalar) else { throw .malformed("not a JSON value") }
    }
  }

  static func isScalar(_ text: ArraySlice<UInt8>) -> Bool {
    isWord(text) || NumberText.double(text) != nil
  }

  private static func isWord(_ text: ArraySlice<UInt8>) -> Bool {
    text.elementsEqual("null".utf8) || text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
  }

  /// Takes an object's numbers and short strings, those of objects in it under `outer.inner`. Lists are passed over.
  mutating func object(keys: inout KeyTable, into row: inout JSONRow) throws(Failure) {
    row.removeAll()
    keys.beginRow()
    try object(keys: &keys, into: &row, prefix: "", depth: 0)
  }

  private mutating func object(
    keys: inout KeyTable, into row: inout JSONRow, prefix: String, depth: Int
  ) throws(Failure) {
    guard depth < Self.maximumDepth else { throw .malformed("nested too deeply") }
    try demand("{")
    if try take("}") { return }
    repeat {
      let (raw, hasEscapes) = try rawString()
      try demand(":")
      let kind = try next()
      switch kind {
      case UInt8(ascii: "["): try skipValue(depth: depth)
      case UInt8(ascii: "{"):
        let name = hasEscapes ? Self.unescaped(raw) : String(decoding: raw, as: UTF8.self)
        try object(keys: &keys, into: &row, prefix: prefix + name + ".", depth: depth + 1)
      default:
        let key: Int?
        if prefix.isEmpty, !hasEscapes {
          key = keys.number(of: raw)
        } else {
          let name = hasEscapes ? Self.unescaped(raw) : String(decoding: raw, as: UTF8.self)
          key = keys.number(of: ArraySlice(Array((prefix + name).utf8)))
        }
        if kind == UInt8(ascii: "\"") {
          let (text, hasEscapes) = try rawString()
          guard text.count <= JSONRow.longestString else { continue }
          guard let key else { break }
          row.strings.append((key, hasEscapes ? Self.unescaped(text) : String(decoding: text, as: UTF8.self)))
        } else {
          let scalar = try rawScalar()
          if let number = NumberText.double(scalar) {
            if let key { row.numbers.append((key, number)) } else { row.leftOut += 1 }
          } else if !Self.isWord(scalar) {
            throw .malformed("not a JSON value")
          }
        }
      }
    } while try take(",")
    try demand("}")
  }
}

/// What an object holds that a log may need. Kept from row to row, so that its memory is taken once.
struct JSONRow {
  /// Longer strings are texts, not numbers, times or names.
  static let longestString = 256

  /// By the key's number in the table.
  var numbers: [(key: Int, value: Double)] = []
  var strings: [(key: Int, text: String)] = []
  /// Numbers whose key found no room in the table.
  var leftOut = 0

  mutating func removeAll() {
    numbers.removeAll(keepingCapacity: true)
    strings.removeAll(keepingCapacity: true)
    leftOut = 0
  }
}
