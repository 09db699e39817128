/// A JSON value that keeps what it was read from: the order of an object's members, and how a number was spelled.
indirect enum JSONValue: Equatable, Sendable {
  struct Member: Equatable, Sendable {
    var name: String
    var value: JSONValue
  }

  case null
  case bool(Bool)
  /// As written; Python's `NaN` and `Infinity` too.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A member of an object: the last of its name, as everywhere.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }

  var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  var array: [JSONValue]? {
    if case .array(let values) = self { return values }
    return nil
  }

  var members: [Member]? {
    if case .object(let members) = self { return members }
    return nil
  }

  /// The text of a string, a number or a truth value: what stands in a cell.
  var scalarText: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): value ? "true" : "false"
    case .null, .array, .object: nil
    }
  }

  /// The member at a path of names with dots between them, if no member has the whole as its name.
  func at(_ path: String) -> JSONValue? {
    if let value = self[path] { return value }
    guard path.contains(".") else { return nil }
    var value = self
    for name in path.split(separator: ".") {
      guard let next = value[String(name)] else { return nil }
      value = next
    }
    return value
  }
}

// MARK: - Writing

extension JSONValue {
  /// On one line, without spaces.
  var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .number(let text): result += text
    case .string(let text): Self.write(text, to: &result)
    case .array(let values):
      result += "["
      for (index, value) in values.enumerated() {
        if index > 0 { result += "," }
        value.write(to: &result)
      }
      result += "]"
    case .object(let members):
      result += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { result += "," }
        Self.write(member.name, to: &result)
        result += ":"
        member.value.write(to: &result)
      }
      result += "}"
    }
  }

  /// A string in quotes. What a terminal obeys and what some readers take for a line break is escaped, too.
  private static func write(_ text: String, to result: inout String) {
    result += "\""
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
      result += text
    } else {
      for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x22: result += "\\\""
        case 0x5C: result += "\\\\"
        case 0x0A: result += "\\n"
        case 0x0D: result += "\\r"
        case 0x09: result += "\\t"
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    result += "\""
  }
}
