extension JSONValue {
  /// One line without spaces; keys in the order of the object.
  var compactText: String {
    var text = ""
    write(to: &text, indent: nil, sortedKeys: false)
    return text
  }

  /// As Python's `json.dumps(…, indent=2, sort_keys=True)` lays it out, but with letters beyond ASCII as
  /// they are; ends with a line break.
  var prettyText: String {
    var text = ""
    write(to: &text, indent: 0, sortedKeys: true)
    return text + "\n"
  }

  private func write(to text: inout String, indent: Int?, sortedKeys: Bool) {
    switch self {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let integer): text += "\(integer)"
    case .number(let number):
      precondition(number.isFinite, "JSON has no \(number)")
      text += "\(number)"
    case .string(let string): text += Self.quoted(string)
    case .array(let elements):
      Self.writeList(elements, brackets: ("[", "]"), to: &text, indent: indent) { element, text, indent in
        element.write(to: &text, indent: indent, sortedKeys: sortedKeys)
      }
    case .object(let object):
      let keys = sortedKeys ? object.keys.sorted() : object.keys
      Self.writeList(keys, brackets: ("{", "}"), to: &text, indent: indent) { key, text, indent in
        text += Self.quoted(key) + (indent == nil ? ":" : ": ")
        (object[key] ?? .null).write(to: &text, indent: indent, sortedKeys: sortedKeys)
      }
    }
  }

  private static func writeList<Element>(
    _ elements: [Element], brackets: (String, String), to text: inout String, indent: Int?,
    body: (Element, inout String, Int?) -> Void
  ) {
    text += brackets.0
    let inner = indent.map { $0 + 2 }
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      if let inner { text += "\n" + String(repeating: " ", count: inner) }
      body(element, &text, inner)
    }
    if let indent, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
    text += brackets.1
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
