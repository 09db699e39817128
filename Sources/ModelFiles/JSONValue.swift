import Foundation

/// A JSON document that keeps the order of an object's keys and refuses duplicate ones.
///
/// Foundation's reader silently keeps one of two equal keys, which in a file header could hide a tensor.
enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// What an error message calls the kind of value found.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.prefix(40))\""
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// The members of a JSON object in file order.
struct JSONObject: Equatable, Sendable {
  private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]

  init() {}

  init(_ members: [(String, JSONValue)]) {
    for (key, value) in members { self[key] = value }
  }

  subscript(key: String) -> JSONValue? {
    get { values[key] }
    set {
      if values[key] == nil, newValue != nil { keys.append(key) }
      if newValue == nil { keys.removeAll { $0 == key } }
      values[key] = newValue
    }
  }

  var count: Int { keys.count }
}

/// Why a text is not JSON.
struct JSONSyntaxError: Error, Equatable {
  var byteOffset: Int
  var problem: String
}

extension JSONValue {
  /// Nesting and size beyond any real header or configuration: a guard against hostile files.
  static let maximumDepth = 64
  static let maximumNodes = 2_000_000

  /// Reads one document (RFC 8259, UTF-8) that may be surrounded by white space.
  init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0
  var nodes = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  func failure(_ problem: String) -> JSONSyntaxError {
    JSONSyntaxError(byteOffset: position, problem: problem)
  }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let value = try self.value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("text after the end of the document") }
    return value
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func consume(_ byte: Character) -> Bool {
    guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func consume(word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth < JSONValue.maximumDepth else { throw failure("nested too deeply") }
    nodes += 1
    guard nodes <= JSONValue.maximumNodes else { throw failure("too many values") }
    skipSpace()
    guard position < bytes.count else { throw failure("the text ends early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      if consume(word: "true") { return .bool(true) }
      if consume(word: "false") { return .bool(false) }
      if consume(word: "null") { return .null }
      throw failure("not a JSON value")
    }
  }

  mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONObject {
    position += 1
    var object = JSONObject()
    skipSpace()
    if consume("}") { return object }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw failure("a key was expected")
      }
      let key = try string()
      skipSpace()
      guard consume(":") else { throw failure("a colon was expected") }
      guard object[key] == nil else { throw failure("key \"\(key.prefix(80))\" appears twice") }
      object[key] = try value(depth: depth + 1)
      skipSpace()
      if consume("}") { return object }
      guard consume(",") else { throw failure("a comma or brace was expected") }
    }
  }

  mutating func array(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    position += 1
    var array: [JSONValue] = []
    skipSpace()
    if consume("]") { return array }
    while true {
      array.append(try value(depth: depth + 1))
      skipSpace()
      if consume("]") { return array }
      guard consume(",") else { throw failure("a comma or bracket was expected") }
    }
  }

  mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    var isInteger = true
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
      default:
        return try number(bytes[start..<position], isInteger: isInteger)
      }
      position += 1
    }
    return try number(bytes[start..<position], isInteger: isInteger)
  }

  private func number(_ digits: ArraySlice<UInt8>, isInteger: Bool) throws(JSONSyntaxError) -> JSONValue {
    let text = String(decoding: digits, as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw failure("\(text.prefix(40)) is no number") }
    return .number(number)
  }

  mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var scalars: [UInt8] = []
    var runStart = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        scalars += bytes[runStart..<position]
        position += 1
        guard let text = String(validating: scalars, as: UTF8.self) else { throw failure("invalid UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        scalars += bytes[runStart..<position]
        scalars += Array(String(try escape()).utf8)
        runStart = position
      case 0..<0x20:
        throw failure("a control character in a string")
      default:
        position += 1
      }
    }
    throw failure("a string does not end")
  }

  /// Reads an escape sequence, its backslash included; a surrogate pair gives one scalar.
  mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    position += 1
    guard position < bytes.count else { throw failure("a string does not end") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try hexUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // Python writes a lone surrogate where it read an invalid byte; U+FFFD stands for it here.
      guard unit < 0xdc00, bytes[position...].starts(with: [0x5c, 0x75]) else { return "\u{fffd}" }
      let afterHigh = position
      position += 2
      let low = try hexUnit()
      guard (0xdc00...0xdfff).contains(low) else {
        position = afterHigh
        return "\u{fffd}"
      }
      let code = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00)
      return Unicode.Scalar(code) ?? "\u{fffd}"
    default:
      throw failure("an unknown escape in a string")
    }
  }

  private mutating func hexUnit() throws(JSONSyntaxError) -> UInt16 {
    guard position + 4 <= bytes.count else { throw failure("a string does not end") }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
      throw failure("\\u needs four hexadecimal digits")
    }
    position += 4
    return unit
  }
}
