import Foundation

/// Numbers as people of the field write them, in few columns.
public enum NumberText {
  /// Three or four significant digits: `1.62`, `0.034`, `12.4k`, `3.1e-5`, `NaN`, `−∞`.
  public static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "∞" : "−∞" }
    let size = abs(value)
    if size == 0 { return "0" }
    if size < 1e-2 || size >= 1e15 { return scientific(value, digits: 1) }
    let (divisor, suffix) = si(size)
    let scaled = value / divisor
    let decimals = abs(scaled) < 1 ? 3 : abs(scaled) < 10 ? 2 : abs(scaled) < 100 ? 1 : 0
    let text = String(format: "%.\(decimals)f", scaled)
    return (suffix.isEmpty && value == value.rounded() ? trimmed(text) : text) + suffix
  }

  /// A count with separators: `1,284`.
  public static func count(_ value: Int) -> String {
    var digits = Array(String(value.magnitude))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }

  /// A length of time in two units at most: `41 s`, `3 min 20 s`, `2 h 5 min`, `4 d`.
  public static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9, seconds > -1e9 else { return seconds.isNaN ? "–" : "∞" }
    let sign = seconds < 0 ? "−" : ""
    let size = abs(seconds)
    if size > 0, size < 9.95 { return sign + trimmed(String(format: "%.1f", size)) + " s" }
    let total = Int(size.rounded())
    let parts = [(total / 86400, "d"), (total / 3600 % 24, "h"), (total / 60 % 60, "min"), (total % 60, "s")]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
    return sign
      + parts[first..<min(first + 2, 4)].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  /// `1.5e-4`, with at most `digits` decimals and no needless zeros.
  static func scientific(_ value: Double, digits: Int) -> String {
    let parts = String(format: "%.\(digits)e", value).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return String(value) }
    return trimmed(String(parts[0])) + "e\(exponent)"
  }

  static func si(_ size: Double) -> (divisor: Double, suffix: String) {
    switch size {
    case 1e12...: return (1e12, "T")
    case 1e9...: return (1e9, "G")
    case 1e6...: return (1e6, "M")
    case 1e4...: return (1e3, "k")
    default: return (1, "")
    }
  }

  static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var result = Substring(text)
    while result.last == "0" { result.removeLast() }
    if result.last == "." { result.removeLast() }
    return String(result)
  }
}
