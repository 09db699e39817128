/// GPT-2's printable spelling of bytes: each of the 256 bytes is written as one Unicode scalar, so that a
/// vocabulary of byte strings can be stored as text ("Ġthe" is " the").
///
/// Source: `bytes_to_unicode` of the GPT-2 release. Bytes that are printable in Latin-1 stand for
/// themselves; the other 68 become U+0100, U+0101, … in byte order.
enum ByteAlphabet {
  /// The byte that each scalar below U+0144 spells; -1 where it spells none.
  private static let byteOfScalar: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    var next = 0x100
    for byte in 0...255 {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: table[byte] = Int16(byte)
      default:
        table[next] = Int16(byte)
        next += 1
      }
    }
    return table
  }()

  /// Appends the bytes that a token spells.
  ///
  /// - Returns: false, with `bytes` as it was, when a scalar is not of the alphabet.
  static func appendBytes(spelledBy token: some Sequence<UInt8>, to bytes: inout [UInt8]) -> Bool {
    let before = bytes.count
    let table = byteOfScalar
    var lead: UInt8 = 0
    for unit in token {
      var scalar = Int(unit)
      if unit >= 0x80 {
        // The alphabet ends at U+0143: two UTF-8 bytes, the first of them C2…C5.
        if lead == 0, (0xC2...0xC5).contains(unit) {
          lead = unit
          continue
        }
        scalar = lead != 0 && unit < 0xC0 ? Int(lead & 0x1F) << 6 | Int(unit & 0x3F) : table.count
        lead = 0
      }
      guard scalar < table.count, table[scalar] >= 0 else {
        bytes.removeSubrange(before...)
        return false
      }
      bytes.append(UInt8(table[scalar]))
    }
    return true
  }
}
