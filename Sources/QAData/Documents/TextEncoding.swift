import Foundation

/// How the bytes of a text are to be read.
public enum TextEncoding: String, Sendable {
  case utf8 = "UTF-8"
  case utf16LittleEndian = "UTF-16LE"
  case utf16BigEndian = "UTF-16BE"
  case windows1252 = "Windows-1252"

  /// A text, and how it was encoded. Line ends stay as they are; a byte order mark goes.
  ///
  /// Bytes that are valid UTF-8 are that. Without a mark UTF-16 is known by the zeros that Western letters have in it;
  /// everything else is read as Windows-1252, of which every byte is a character. Data that is no text — with zeros or
  /// mostly control characters — is nil.
  public static func decode(_ data: Data) -> (text: String, encoding: TextEncoding)? {
    if data.starts(with: [0xEF, 0xBB, 0xBF]) { return utf8(data.dropFirst(3)) }
    if data.starts(with: [0xFF, 0xFE]) { return utf16(data.dropFirst(2), isBig: false) }
    if data.starts(with: [0xFE, 0xFF]) { return utf16(data.dropFirst(2), isBig: true) }
    let beginning = data.prefix(4096)
    let zeros = beginning.enumerated().filter { $0.element == 0 }.map(\.offset)
    if zeros.count * 3 > beginning.count, beginning.count >= 4 {
      let odd = zeros.count { $0 % 2 == 1 }
      if odd * 20 > zeros.count * 19 { return utf16(data, isBig: false) }
      if odd * 20 < zeros.count { return utf16(data, isBig: true) }
    }
    guard zeros.isEmpty else { return nil }
    if let result = utf8(data) { return result }
    let controls = beginning.count { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D && $0 != 0x0C }
    guard controls * 20 <= beginning.count else { return nil }
    return (windows1252Text(data), .windows1252)
  }

  static func windows1252Text(_ bytes: some Sequence<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map(windows1252Scalar)))
  }

  private static func utf8(_ data: Data) -> (String, TextEncoding)? {
    String(validating: data, as: UTF8.self).map { ($0, .utf8) }
  }

  private static func utf16(_ data: Data, isBig: Bool) -> (String, TextEncoding) {
    let bytes = Array(data)
    let units = stride(from: 0, to: bytes.count - 1, by: 2).map { index -> UInt16 in
      let (high, low) = isBig ? (bytes[index], bytes[index + 1]) : (bytes[index + 1], bytes[index])
      return UInt16(high) << 8 | UInt16(low)
    }
    return (String(decoding: units, as: UTF16.self), isBig ? .utf16BigEndian : .utf16LittleEndian)
  }

  /// The characters of 0x80…0x9F, as the WHATWG Encoding Standard has them.
  private static let windows1252High: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8D, 0x017D,
    0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
    0x0153, 0x9D,
    0x017E, 0x0178,
  ]

  private static func windows1252Scalar(_ byte: UInt8) -> Unicode.Scalar {
    guard (0x80..<0xA0).contains(byte) else { return Unicode.Scalar(byte) }
    return Unicode.Scalar(windows1252High[Int(byte) - 0x80]) ?? "\u{FFFD}"
  }
}
