/// Reads JSON (RFC 8259) off bytes, value by value, so that a document of many records is never held as a whole.
struct JSONScanner {
  enum Failure: Error {
    case malformed
    case notUTF8
    /// Deeper than anything that people nest; the parser calls itself once a level.
    case tooDeep
  }

  private static let deepest = 256

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position: Int
  private let end: Int
  /// The bytes are only the beginning: what is open at their end counts as closed there.
  private let isCut: Bool

  init(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0, to end: Int? = nil, isCut: Bool = false) {
    self.bytes = bytes
    position = start
    self.end = end ?? bytes.count
    self.isCut = isCut
  }

  var isAtEnd: Bool { position >= end }

  /// The byte that comes next, if any.
  var next: UInt8? { position < end ? bytes[position] : nil }

  mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  /// Takes a byte if it comes next after white space.
  mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int = 0) throws(Failure) -> JSONValue {
    guard depth < Self.deepest else { throw .tooDeep }
    skipSpace()
    guard let first = next else { throw .malformed }
    switch first {
    case UInt8(ascii: "{"): return .object(try object(depth))
    case UInt8(ascii: "["): return .array(try array(depth))
    case UInt8(ascii: "\""): return .string(try string())
    default: return try word()
    }
  }

  private mutating func object(_ depth: Int) throws(Failure) -> [JSONValue.Member] {
    position += 1
    var members: [JSONValue.Member] = []
    if take(UInt8(ascii: "}")) { return members }
    while true {
      skipSpace()
      if isCut, isAtEnd { return members }
      guard next == UInt8(ascii: "\"") else { throw .malformed }
      let name = try string()
      guard take(UInt8(ascii: ":")) else {
        if isCut, isAtEnd { return members }
        throw .malformed
      }
      skipSpace()
      if isCut, isAtEnd { return members }
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "}")) || isCut && isAtEnd { return members }
      throw .malformed
    }
  }

  private mutating func array(_ depth: Int) throws(Failure) -> [JSONValue] {
    position += 1
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return values }
    while true {
      skipSpace()
      if isCut, isAtEnd { return values }
      values.append(try value(depth: depth + 1))
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "]")) || isCut && isAtEnd { return values }
      throw .malformed
    }
  }

  mutating func string() throws(Failure) -> String {
    position += 1
    let start = position
    while position < end {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        return try text(start..<position)
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      guard byte >= 0x20 else { throw .malformed }
      position += 1
    }
    guard isCut else { throw .malformed }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private func text(_ range: Range<Int>) throws(Failure) -> String {
    guard let text = String(validating: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
      throw .notUTF8
    }
    return text
  }

  private mutating func escapedString(from start: Int) throws(Failure) -> String {
    var result: [UInt8] = Array(bytes[start..<position])
    while position < end {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: result, as: UTF8.self) else { throw .notUTF8 }
        return text
      case UInt8(ascii: "\\"):
        guard position < end else { break }
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "u"):
          if isCut, end - position < 10 {
            position = end
            break
          }
          result += Array(String(Character(try escapedScalar())).utf8)
        default: throw .malformed
        }
      default:
        guard byte >= 0x20 else { throw .malformed }
        result.append(byte)
      }
    }
    guard isCut else { throw .malformed }
    return String(decoding: result, as: UTF8.self)
  }

  /// After `\u`. Half of a surrogate pair is no character, so the text would not be what was written.
  private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
    var unit = try hexadecimal()
    if 0xD800..<0xDC00 ~= unit, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 2
      let low = try hexadecimal()
      guard 0xDC00..<0xE000 ~= low else { throw .malformed }
      unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(unit) else { throw .malformed }
    return scalar
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    guard position + 4 <= end else { throw .malformed }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { throw .malformed }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func word() throws(Failure) -> JSONValue {
    let start = position
    while position < end {
      switch bytes[position] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: position += 1
      default: return try word(start..<position)
      }
    }
    return try word(start..<position)
  }

  private func word(_ range: Range<Int>) throws(Failure) -> JSONValue {
    let text = String(decoding: bytes[range], as: UTF8.self)
    switch text {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "NaN", "Infinity", "-Infinity": return .number(text)
    default:
      if Self.isNumber(bytes[range]) { return .number(text) }
      if isCut, isAtEnd { return .null }
      throw .malformed
    }
  }

  private static func isNumber(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    var rest = bytes
    func digits(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Int {
      let count = rest.prefix { 0x30...0x39 ~= $0 }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let leading = rest.first
    let whole = digits(&rest)
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits(&rest) > 0 else { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits(&rest) > 0 else { return false }
    }
    return rest.isEmpty
  }

  // MARK: - Passing over

  /// Passes over a value without making it. Only its brackets and quotes are looked at: whoever reads it looks closer.
  mutating func skipValue() throws(Failure) {
    skipSpace()
    guard let first = next else { throw .malformed }
    if first == UInt8(ascii: "\"") { return try skipString() }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
      _ = try word()
      return
    }
    var depth = 0
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        try skipString()
        continue
      default: break
      }
      position += 1
      if depth == 0 { return }
    }
    throw .malformed
  }

  private mutating func skipString() throws(Failure) {
    position += 1
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    throw .malformed
  }

  /// The members of the object that comes next, each with where its value begins. The last may have no end.
  mutating func memberStarts() throws(Failure) -> [(name: String, start: Int)] {
    guard take(UInt8(ascii: "{")) else { throw .malformed }
    var result: [(String, Int)] = []
    if take(UInt8(ascii: "}")) { return result }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\""), let name = try? string(), take(UInt8(ascii: ":")) else {
        return result
      }
      skipSpace()
      result.append((name, position))
      guard (try? skipValue()) != nil, take(UInt8(ascii: ",")) else {
        _ = take(UInt8(ascii: "}"))
        return result
      }
    }
  }
}
