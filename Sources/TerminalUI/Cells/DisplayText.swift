/// Text made safe for a terminal.
///
/// Text of data sets and models is hostile until proven otherwise: it may hold sequences that move the cursor, set the
/// title, write the clipboard or turn the reading order around. Every string that reaches a cell comes through here.
public enum DisplayText {
  /// The text without anything that a terminal would obey.
  ///
  /// - Escape sequences (CSI, OSC, DCS, APC, PM, SOS, two-character ones; by ESC or by C1) are removed whole. One that
  ///   never ends loses only its introducer, so that it cannot hide the rest.
  /// - Line breaks become `↵`, tabs a space, other control characters their picture (`␀`, `␡`), C1 ones `�`.
  /// - What reorders or tags text without being seen is written out: `<U+202E>`.
  /// - Other invisible characters (zero-width space, soft hyphen, byte order mark, …) are removed; a joiner stays
  ///   where it joins, between two visible characters, and is dropped when cells are made.
  public static func sanitised(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    let scalars = Array(text.unicodeScalars)
    let lastTerminator = scalars.lastIndex { $0 == "\u{7}" || $0 == "\u{9C}" || $0 == "\\" } ?? -1
    var result = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      switch scalar.value {
      case 0x1B, 0x80...0x9F:
        let end = endOfSequence(scalars, at: index, lastTerminator: lastTerminator)
        if end == index + 1, scalar.value != 0x1B { result.append("\u{FFFD}") }
        index = end
        continue
      case 0x0D where index + 1 < scalars.count && scalars[index + 1] == "\n":
        break
      case 0x0A, 0x0B, 0x0C, 0x0D, 0x2028, 0x2029:
        result.append("\u{21B5}")
      case 0x09:
        result.append(" ")
      case 0..<0x20:
        if let picture = Unicode.Scalar(0x2400 + scalar.value) { result.append(picture) }
      case 0x7F:
        result.append("\u{2421}")
      default:
        append(scalar, after: result.last, to: &result)
      }
      index += 1
    }
    return String(result)
  }

  private static func append(
    _ scalar: Unicode.Scalar, after previous: Unicode.Scalar?, to result: inout String.UnicodeScalarView
  ) {
    switch scalar.value {
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xE0000...0xE007F, 0xFFF9...0xFFFB:
      let hex = String(scalar.value, radix: 16, uppercase: true)
      let padding = String(repeating: "0", count: max(0, 4 - hex.count))
      result.append(contentsOf: "<U+\(padding)\(hex)>".unicodeScalars)
    case 0x200D:
      if let previous, !previous.properties.isWhitespace { result.append(scalar) }
    case 0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x200B, 0x200C, 0x2060...0x2065,
      0x206A...0x206F, 0x3164, 0xFEFF, 0xFFA0, 0xFFF0...0xFFF8, 0x1D173...0x1D17A, 0xE0080...0xE0FFF:
      break
    default:
      let properties = scalar.properties
      if properties.isNoncharacterCodePoint {
        result.append("\u{FFFD}")
      } else if properties.generalCategory == .spaceSeparator {
        result.append(scalar.value == 0x3000 ? scalar : " ")
      } else {
        result.append(scalar)
      }
    }
  }

  /// The index after the escape sequence that begins at `start`, `start + 1` if there is none (ECMA-48, 5.4 and 5.6).
  private static func endOfSequence(_ scalars: [Unicode.Scalar], at start: Int, lastTerminator: Int) -> Int {
    var index = start + 1
    var introducer = scalars[start].value
    if introducer == 0x1B {
      guard index < scalars.count else { return index }
      let next = scalars[index].value
      switch next {
      case 0x5B, 0x50, 0x58, 0x5D, 0x5E, 0x5F:
        introducer = next + 0x40
        index += 1
      case 0x20...0x2F:
        while index < scalars.count, (0x20...0x2F).contains(scalars[index].value) { index += 1 }
        return index < scalars.count && (0x30...0x7E).contains(scalars[index].value) ? index + 1 : start + 1
      case 0x30...0x7E:
        return index + 1
      default:
        return index
      }
    }
    switch introducer {
    case 0x9B:
      var end = index
      while end < scalars.count, (0x30...0x3F).contains(scalars[end].value) { end += 1 }
      while end < scalars.count, (0x20...0x2F).contains(scalars[end].value) { end += 1 }
      return end < scalars.count && (0x40...0x7E).contains(scalars[end].value) ? end + 1 : index
    case 0x90, 0x98, 0x9D, 0x9E, 0x9F:
      var end = index
      while end <= lastTerminator {
        let value = scalars[end].value
        if value == 0x07 || value == 0x9C { return end + 1 }
        if value == 0x5C, end > index, scalars[end - 1].value == 0x1B { return end + 1 }
        end += 1
      }
      return index
    default:
      return start + 1
    }
  }
}
