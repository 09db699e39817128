/// The fields of a run's recipe by their dotted names, such as `training.lora.rank`, in the order of the recipe.
///
/// It takes any JSON object: recipes of earlier and later versions have other fields.
public struct RecipeFields: Equatable, Sendable {
  public struct Field: Equatable, Sendable {
    public let name: String
    /// As the recipe writes it, text without its quotes; the elements of a list with commas between them.
    public let text: String
    /// The value, if it is a number.
    public var number: Double? { isNumber ? Double(text) : nil }
    let isNumber: Bool
    /// As ``RecipeFields/normalised(_:)`` makes it of the name.
    fileprivate let key: String
  }

  public private(set) var fields: [Field] = []

  /// Empty where the text is no JSON object.
  public init(json: String) {
    var reader = FlatReader(bytes: Array(json.utf8))
    guard reader.readDocument() else { return }
    fields = reader.fields
  }

  /// The field of that name, or the one whose name ends so: `rank` and `lora.rank` are `training.lora.rank`.
  public subscript(name: String) -> Field? {
    let key = Self.normalised(name)
    if let exact = fields.first(where: { $0.key == key }) { return exact }
    return fields.filter { $0.key.hasSuffix("_" + key) }.min { $0.key.utf8.count < $1.key.utf8.count }
  }

  /// Names as people and other tools spell them: `lora_r`, `lora.rank` and `LoRA-rank` are one.
  private static func normalised(_ name: String) -> String {
    let key = String(name.lowercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    return aliases[key] ?? key
  }

  private static let aliases = ["lora_r": "lora_rank", "r": "lora_rank", "max_steps": "total_steps"]

  /// Reads JSON into fields, without making a tree of it.
  private struct FlatReader {
    let bytes: [UInt8]
    var fields: [Field] = []
    private var position = 0
    private static let maximumDepth = 32

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func readDocument() -> Bool {
      guard next() == UInt8(ascii: "{") else { return false }
      return readObject(under: "", depth: 0) && next() == nil
    }

    /// The next byte that is no space, not taken.
    private mutating func next() -> UInt8? {
      while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
      return position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
      guard next() == UInt8(ascii: byte) else { return false }
      position += 1
      return true
    }

    private mutating func readObject(under path: String, depth: Int) -> Bool {
      guard depth < Self.maximumDepth, take("{") else { return false }
      if take("}") { return true }
      repeat {
        guard let name = readString(), take(":") else { return false }
        let path = path.isEmpty ? name : path + "." + name
        if next() == UInt8(ascii: "{") {
          guard readObject(under: path, depth: depth + 1) else { return false }
        } else {
          guard let (text, isNumber) = readValue(depth: depth) else { return false }
          fields.append(
            Field(name: path, text: text, isNumber: isNumber, key: RecipeFields.normalised(path)))
        }
      } while take(",")
      return take("}")
    }

    private mutating func readValue(depth: Int) -> (text: String, isNumber: Bool)? {
      switch next() {
      case UInt8(ascii: "\""): return readString().map { ($0, false) }
      case UInt8(ascii: "["): return readList(depth: depth + 1).map { ($0, false) }
      case UInt8(ascii: "{"):
        // Within a list; its fields have no names of their own.
        let before = fields
        guard readObject(under: "", depth: depth + 1) else { return nil }
        let inner = fields.dropFirst(before.count).map { "\($0.name) \($0.text)" }
        fields = before
        return (inner.joined(separator: " "), false)
      default:
        let start = position
        while position < bytes.count, !Self.ends.contains(bytes[position]) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        if Double(word) != nil { return (word, true) }
        if word == "null" { return ("none", false) }
        return ["true", "false"].contains(word) ? (word, false) : nil
      }
    }

    private static let ends = Set(",]} \t\r\n".utf8)

    private mutating func readList(depth: Int) -> String? {
      guard depth < Self.maximumDepth, take("[") else { return nil }
      if take("]") { return "" }
      var parts: [String] = []
      repeat {
        guard let (text, _) = readValue(depth: depth) else { return nil }
        parts.append(text)
      } while take(",")
      return take("]") ? parts.joined(separator: ", ") : nil
    }

    private mutating func readString() -> String? {
      guard take("\"") else { return nil }
      var scalars = String.UnicodeScalarView()
      var plain = position
      func text(_ range: Range<Int>) -> String.UnicodeScalarView {
        String(decoding: bytes[range], as: UTF8.self).unicodeScalars
      }
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          scalars += text(plain..<position)
          position += 1
          return String(scalars)
        case UInt8(ascii: "\\"):
          scalars += text(plain..<position)
          guard let escaped = readEscape() else { return nil }
          scalars.append(escaped)
          plain = position
        default: position += 1
        }
      }
      return nil
    }

    private mutating func readEscape() -> Unicode.Scalar? {
      position += 1
      guard position < bytes.count else { return nil }
      let letter = Unicode.Scalar(bytes[position])
      position += 1
      switch letter {
      case "n": return "\n"
      case "t": return "\t"
      case "r": return "\r"
      case "b": return "\u{8}"
      case "f": return "\u{C}"
      case "u":
        guard let unit = readHex() else { return nil }
        // A pair of units makes one scalar.
        if (0xD800..<0xDC00).contains(unit), position + 1 < bytes.count,
          bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        {
          position += 2
          guard let low = readHex(), (0xDC00..<0xE000).contains(low) else { return nil }
          return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
      default: return letter
      }
    }

    private mutating func readHex() -> UInt32? {
      guard position + 4 <= bytes.count else { return nil }
      defer { position += 4 }
      return UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    }
  }
}
