import Foundation

/// Rewrites text before it is cut into words.
struct Normalizer: Sendable, Equatable {
  enum Stage: Sendable, Equatable {
    /// Unicode normalisation form C.
    case nfc
    /// Puts bytes before every piece of text that is not empty.
    case prepend([UInt8])
    /// Replaces one string by another.
    case replace(pattern: [UInt8], content: [UInt8])
  }

  var stages: [Stage]

  /// - Parameter addsPrefix: false for text that continues what another call has encoded.
  func normalize(_ bytes: [UInt8], addsPrefix: Bool = true) -> [UInt8] {
    var bytes = bytes
    for stage in stages where !bytes.isEmpty {
      switch stage {
      case .nfc: bytes = Normalizer.composed(bytes)
      case .prepend(let prefix): if addsPrefix { bytes.insert(contentsOf: prefix, at: 0) }
      case .replace(let pattern, let content):
        bytes = Normalizer.replacing(pattern, by: content, in: bytes)
      }
    }
    return bytes
  }

  static func composed(_ bytes: [UInt8]) -> [UInt8] {
    // Every scalar below U+0300 is already composed: UTF-8 leads below CC.
    if bytes.allSatisfy({ $0 < 0xCC }) { return bytes }
    var composed: [UInt8] = []
    var known = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if isKnownToReference(scalar) {
        known.append(scalar)
      } else {
        composed += String(known).precomposedStringWithCanonicalMapping.utf8
        composed += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        known = String.UnicodeScalarView()
      }
    }
    composed += String(known).precomposedStringWithCanonicalMapping.utf8
    return closingHangulSyllables(composed)
  }

  /// The reference composes by the tables of Unicode 9.0; later scalars, which models have met uncomposed and
  /// unordered, stay where they are and keep others apart.
  private static func isKnownToReference(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0x300, let age = scalar.properties.age else { return scalar.value < 0x300 }
    return age.major <= 9
  }

  /// Joins a Hangul syllable without a final consonant to a final that follows it (Unicode, section 3.12),
  /// which Foundation leaves apart when they come as two scalars.
  private static func closingHangulSyllables(_ bytes: [UInt8]) -> [UInt8] {
    // Finals are U+11A8 to U+11C2: E1 86 A8 … E1 87 82.
    guard bytes.contains(0xE1) else { return bytes }
    let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    let finals: Range<UInt32> = 0x11A8..<0x11C3
    var scalars = String.UnicodeScalarView()
    var open: UInt32?
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if let syllable = open, finals.contains(scalar.value),
        let closed = Unicode.Scalar(syllable + scalar.value - finals.lowerBound + 1)
      {
        scalars.removeLast()
        scalars.append(closed)
        open = nil
      } else {
        scalars.append(scalar)
        let isOpen = syllables.contains(scalar.value) && (scalar.value - syllables.lowerBound) % 28 == 0
        open = isOpen ? scalar.value : nil
      }
    }
    return Array(String(scalars).utf8)
  }

  private static func replacing(_ pattern: [UInt8], by content: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard let first = pattern.first, bytes.contains(first) else { return bytes }
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count * 2)
    var index = 0
    while index < bytes.count {
      if bytes[index] == first, bytes[index...].starts(with: pattern) {
        output.append(contentsOf: content)
        index += pattern.count
      } else {
        output.append(bytes[index])
        index += 1
      }
    }
    return output
  }
}
