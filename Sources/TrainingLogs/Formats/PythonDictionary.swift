/// A flat Python dictionary as `print` shows it, with numbers or strings of numbers for values.
struct PythonDictionary {
  private(set) var values: [LogValue] = []
  /// Of the last digit that `epoch` was printed with: 0.01 of `0.25`.
  private(set) var epochPrecision = 0.0

  var epoch: Double? { values.first { $0.name == "epoch" }?.value }

  /// Whether it is what the Trainer logs: it has a place in the training, and measurements.
  var isLogEntry: Bool {
    values.count >= 2 && values.contains { ["epoch", "step", "train_runtime"].contains($0.name) }
      && values.contains {
        $0.name.hasSuffix("loss") || $0.name.hasSuffix("_runtime") || $0.name == "learning_rate"
      }
  }

  /// Nil where the text, but for white space around it, is anything else.
  init?(_ text: ArraySlice<UInt8>) {
    var scanner = Scanner(text)
    guard scanner.take("{") else { return nil }
    if scanner.take("}") { return nil }
    repeat {
      guard let key = scanner.string(), scanner.take(":") else { return nil }
      guard let text = scanner.string() ?? scanner.word() else { return nil }
      guard let value = NumberText.double(text) else { continue }
      values.append(LogValue(String(decoding: key, as: UTF8.self), value))
      if key.elementsEqual("epoch".utf8) { epochPrecision = Self.precision(text) }
    } while scanner.take(",")
    guard scanner.take("}"), scanner.isAtEnd else { return nil }
  }

  private static func precision(_ text: ArraySlice<UInt8>) -> Double {
    guard let point = text.firstIndex(of: UInt8(ascii: ".")) else { return 1 }
    let digits = text[(point + 1)...].prefix { $0 &- UInt8(ascii: "0") < 10 }.count
    // Python drops zeros at the end: "0.1" may stand for 0.10; Trainer 4 rounds to two digits, Trainer 5 to four.
    return (0..<max(digits, 2)).reduce(1) { value, _ in value / 10 }
  }

  private struct Scanner {
    let text: ArraySlice<UInt8>
    var index: Int

    init(_ text: ArraySlice<UInt8>) {
      self.text = text
      index = text.startIndex
    }

    mutating func skipSpace() {
      while index < text.endIndex, text[index] <= 0x20 { index += 1 }
    }

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return index == text.endIndex
      }
    }

    mutating func take(_ byte: Character) -> Bool {
      skipSpace()
      guard index < text.endIndex, text[index] == byte.asciiValue else { return false }
      index += 1
      return true
    }

    /// What stands between quotes, of either kind; names of metrics have no escapes.
    mutating func string() -> ArraySlice<UInt8>? {
      skipSpace()
      guard index < text.endIndex, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"")
      else {
        return nil
      }
      guard let end = text[(index + 1)...].firstIndex(of: text[index]) else { return nil }
      defer { index = end + 1 }
      return text[(index + 1)..<end]
    }

    mutating func word() -> ArraySlice<UInt8>? {
      skipSpace()
      let word = text[index...].prefix {
        $0 > 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: "{")
          && $0 != UInt8(ascii: "[")
      }
      guard !word.isEmpty else { return nil }
      index = word.endIndex
      return word
    }
  }
}
