/// Writes protocol buffer messages, field by field.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  static func message(_ fields: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    fields(&writer)
    return writer.bytes
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ number: Int, _ value: Int) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ number: Int, _ value: Double) {
    varint(UInt64(number) << 3 | 1)
    bytes += littleEndianBytes(value.bitPattern)
  }

  mutating func float(_ number: Int, _ value: Float) {
    varint(UInt64(number) << 3 | 5)
    bytes += littleEndianBytes(value.bitPattern)
  }

  mutating func bytes(_ number: Int, _ value: [UInt8]) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ number: Int, _ value: String) { bytes(number, Array(value.utf8)) }
}

func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<(type(of: value).bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// The check bit by bit, as its definition says: the slow twin of the tables.
func slowCRC(_ bytes: [UInt8], polynomial: UInt32) -> UInt32 {
  var value = ~UInt32(0)
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
  }
  return ~value
}
