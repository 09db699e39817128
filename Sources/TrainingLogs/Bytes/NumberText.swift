/// Numbers as logs write them: decimal, or the words for not-a-number and the infinities.
enum NumberText {
  /// The number that a text is, all of it; nil for anything else. White space is none of it.
  static func double(_ text: ArraySlice<UInt8>) -> Double? {
    var index = text.startIndex
    var isNegative = false
    if index < text.endIndex, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < text.endIndex else { return nil }
    if text[index] > UInt8(ascii: "9") {
      guard let value = word(text[index...]) else { return nil }
      return isNegative ? -value : value
    }

    var mantissa: UInt64 = 0
    // Of the mantissa; leading zeros do not count.
    var digits = 0
    var scale = 0
    var hasDigits = false
    var isFraction = false
    while index < text.endIndex {
      let byte = text[index]
      if byte &- UInt8(ascii: "0") < 10 {
        hasDigits = true
        digits += mantissa == 0 && byte == UInt8(ascii: "0") ? 0 : 1
        if digits <= 18 { mantissa = mantissa * 10 + UInt64(byte - UInt8(ascii: "0")) }
        if isFraction { scale -= 1 }
      } else if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else {
        break
      }
      index += 1
    }
    guard hasDigits else { return nil }
    if index < text.endIndex {
      guard text[index] | 0x20 == UInt8(ascii: "e"), let exponent = exponent(text[(index + 1)...]) else {
        return nil
      }
      scale += exponent
    }
    // Exact: both the mantissa and the power are doubles without rounding, so that one rounding is left.
    if digits <= 18, mantissa <= 1 << 53, abs(scale) < powers.count {
      let value = scale < 0 ? Double(mantissa) / powers[-scale] : Double(mantissa) * powers[scale]
      return isNegative ? -value : value
    }
    return Double(String(decoding: text, as: UTF8.self))
  }

  private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
    var digits = text
    var isNegative = false
    if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      digits = digits.dropFirst()
    }
    guard !digits.isEmpty, digits.count <= 6 else { return nil }
    var value = 0
    for digit in digits {
      guard digit &- UInt8(ascii: "0") < 10 else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return isNegative ? -value : value
  }

  private static func word(_ text: ArraySlice<UInt8>) -> Double? {
    guard text.count <= 8 else { return nil }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "nan": return .nan
    case "inf", "infinity": return .infinity
    default: return nil
    }
  }

  /// 10 to the powers that a double holds exactly.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]

  static func double(_ text: some StringProtocol) -> Double? { double(ArraySlice(Array(text.utf8))) }
}

extension Int {
  /// A step: a whole number, also when it is written as one with a fraction of zero.
  init?(step: Double) {
    self.init(exactly: step)
  }
}
