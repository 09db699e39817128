/// A JSON document that keeps what a vocabulary needs and Foundation's parsers lose: keys are compared as
/// bytes (canonically equivalent spellings stay apart), keep their order, and may be counted twice.
enum JSONNode: Sendable, Equatable {
  struct Member: Sendable, Equatable {
    var key: [UInt8]
    var value: JSONNode
  }

  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string([UInt8])
  case array([JSONNode])
  case object([Member])

  /// - Throws: `TokenizerError.malformedJSON`.
  init(parsing text: [UInt8]) throws(TokenizerError) {
    guard String(validating: text, as: UTF8.self) != nil else {
      throw .malformedJSON(offset: 0, expected: "UTF-8 text")
    }
    var parser = JSONParser(text: text)
    self = try parser.document()
  }

  /// The value of a key; nil where it is absent or null, or where this is not an object.
  subscript(key: String) -> JSONNode? {
    guard case .object(let members) = self else { return nil }
    let value = members.last { $0.key.elementsEqual(key.utf8) }?.value
    return value == .null ? nil : value
  }

  /// A member that is true or false; nil where it is absent or null.
  ///
  /// - Parameter field: the path of this node, for errors.
  func flag(_ key: String, of field: String) throws(TokenizerError) -> Bool? {
    guard let node = self[key] else { return nil }
    guard let value = node.bool else {
      throw .wrongType(field: "\(field).\(key)", expected: "true or false")
    }
    return value
  }

  /// A member that is a string; nil where it is absent or null.
  ///
  /// - Parameter field: the path of this node, for errors.
  func text(_ key: String, of field: String) throws(TokenizerError) -> [UInt8]? {
    guard let node = self[key] else { return nil }
    guard let value = node.bytes else { throw .wrongType(field: "\(field).\(key)", expected: "a string") }
    return value
  }

  var string: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  var bytes: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }
  var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [JSONNode]? { if case .array(let values) = self { values } else { nil } }
  var object: [Member]? { if case .object(let members) = self { members } else { nil } }
}

/// A recursive-descent parser of RFC 8259 over validated UTF-8.
private struct JSONParser {
  /// Deeper documents are refused before they exhaust the stack; tokenizers nest about eight deep.
  static let deepestNesting = 64

  /// Four times as many as in the largest tokenizer known; each takes up to a hundred bytes.
  static let mostValues = 1 << 23

  let text: [UInt8]
  var index = 0
  var depth = 0
  var count = 0

  init(text: [UInt8]) { self.text = text }

  mutating func document() throws(TokenizerError) -> JSONNode {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    let value = try value()
    skipWhitespace()
    guard index == text.count else { throw expected("the end of the document") }
    return value
  }

  private func expected(_ what: String) -> TokenizerError { .malformedJSON(offset: index, expected: what) }

  private mutating func skipWhitespace() {
    while index < text.count {
      switch text[index] {
      case 0x20, 0x0A, 0x0D, 0x09: index += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard index < text.count, text[index] == UInt8(ascii: byte) else { return false }
    index += 1
    return true
  }

  private mutating func value() throws(TokenizerError) -> JSONNode {
    count += 1
    guard count <= JSONParser.mostValues else { throw expected("at most \(JSONParser.mostValues) values") }
    skipWhitespace()
    guard index < text.count else { throw expected("a value") }
    switch text[index] {
    case UInt8(ascii: "{"): return try nested { parser throws(TokenizerError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(TokenizerError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(TokenizerError) -> JSONNode
  ) throws(TokenizerError) -> JSONNode {
    guard depth < JSONParser.deepestNesting else { throw expected("at most 64 levels of nesting") }
    depth += 1
    index += 1
    let node = try body(&self)
    depth -= 1
    return node
  }

  private mutating func object() throws(TokenizerError) -> JSONNode {
    var members: [JSONNode.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipWhitespace()
      guard index < text.count, text[index] == UInt8(ascii: "\"") else { throw expected("a key") }
      let key = try string()
      guard take(":") else { throw expected("':'") }
      members.append(JSONNode.Member(key: key, value: try value()))
    } while take(",")
    guard take("}") else { throw expected("',' or '}'") }
    return .object(members)
  }

  private mutating func array() throws(TokenizerError) -> JSONNode {
    var values: [JSONNode] = []
    if take("]") { return .array(values) }
    repeat { values.append(try value()) } while take(",")
    guard take("]") else { throw expected("',' or ']'") }
    return .array(values)
  }

  private mutating func literal(
    _ word: StaticString, _ node: JSONNode
  ) throws(TokenizerError) -> JSONNode {
    let bytes = Array(word.description.utf8)
    guard text[index...].starts(with: bytes) else { throw expected("'\(word)'") }
    index += bytes.count
    return node
  }

  private mutating func number() throws(TokenizerError) -> JSONNode {
    let start = index
    if let integer = plainInteger() { return .integer(integer) }
    index = start
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        index += 1
        continue
      default: break
      }
      break
    }
    let spelling = String(decoding: text[start..<index], as: UTF8.self)
    if let integer = Int(spelling) { return .integer(integer) }
    if let number = Double(spelling) { return .number(number) }
    index = start
    throw expected("a value")
  }

  /// The fast path for ids: up to nine digits that nothing of a number follows.
  private mutating func plainInteger() -> Int? {
    let start = index
    var value = 0
    while index < text.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = text[index] {
      guard index - start < 9 else { return nil }
      value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
      index += 1
    }
    guard index > start else { return nil }
    guard index < text.count else { return value }
    switch text[index] {
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
      return nil
    default: return value
    }
  }

  private mutating func string() throws(TokenizerError) -> [UInt8] {
    index += 1
    var bytes: [UInt8] = []
    var start = index
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\""):
        bytes.append(contentsOf: text[start..<index])
        index += 1
        return bytes
      case UInt8(ascii: "\\"):
        bytes.append(contentsOf: text[start..<index])
        index += 1
        try escape(into: &bytes)
        start = index
      case 0..<0x20: throw expected("an escaped control character")
      default: index += 1
      }
    }
    throw expected("'\"'")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(TokenizerError) {
    guard index < text.count else { throw expected("an escape") }
    let kind = text[index]
    index += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if 0xD800..<0xDC00 ~= value {
        guard text[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
          throw expected("the second half of a surrogate pair")
        }
        index += 2
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw expected("the second half of a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw expected("a Unicode scalar") }
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default:
      index -= 1
      throw expected("an escape")
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
    guard index + 4 <= text.count,
      text[index..<index + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(String(decoding: text[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw expected("four hexadecimal digits") }
    index += 4
    return value
  }
}
