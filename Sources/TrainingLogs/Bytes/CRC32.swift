/// Cyclic redundancy checks of 32 bits, reflected: Castagnoli's polynomial (TensorBoard) and IEEE's (zlib, W&B).
struct CRC32: Sendable {
  static let castagnoli = CRC32(polynomial: 0x82f6_3b78)
  static let ieee = CRC32(polynomial: 0xedb8_8320)

  /// Four tables of 256: the effect of a byte with 0, 1, 2 and 3 bytes behind it.
  private let tables: [UInt32]

  init(polynomial: UInt32) {
    var tables = [UInt32](repeating: 0, count: 1024)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<1024 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xff)]
    }
    self.tables = tables
  }

  /// - Parameter start: the check of the bytes before, to go on from.
  func check(_ bytes: ArraySlice<UInt8>, from start: UInt32 = 0) -> UInt32 {
    let tables = tables
    var value = ~start
    var index = bytes.startIndex
    while index + 4 <= bytes.endIndex {
      value ^=
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
        | UInt32(bytes[index + 3]) << 24
      value =
        tables[768 + Int(value & 0xff)] ^ tables[512 + Int(value >> 8 & 0xff)]
        ^ tables[256 + Int(value >> 16 & 0xff)] ^ tables[Int(value >> 24)]
      index += 4
    }
    while index < bytes.endIndex {
      value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[index])) & 0xff)]
      index += 1
    }
    return ~value
  }

  /// TensorFlow's and LevelDB's form of a check that is itself stored among checked bytes.
  static func masked(_ check: UInt32) -> UInt32 {
    (check >> 15 | check << 17) &+ 0xa282_ead8
  }
}

extension [UInt8] {
  /// A little-endian number at an index; the bytes must be there.
  func littleEndian<Number: FixedWidthInteger>(_: Number.Type, at index: Int) -> Number {
    self[index..<index + MemoryLayout<Number>.size].reversed().reduce(0) {
      $0 << 8 | Number(truncatingIfNeeded: $1)
    }
  }
}
