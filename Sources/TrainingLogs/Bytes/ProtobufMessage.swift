/// The fields of a protocol buffer message, one after the other, without its schema.
/// (Format: protobuf.dev/programming-guides/encoding.)
struct ProtobufMessage: Sequence, IteratorProtocol {
  struct Field {
    var number: Int
    var value: Value
  }

  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// Of the bytes that the message was made of.
    case bytes(Range<Int>)
  }

  let bytes: [UInt8]
  private var position: Int
  private let end: Int
  /// Whether a field was not what the format demands; nothing is read after it.
  private(set) var isMalformed = false

  init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  mutating func next() -> Field? {
    guard position < end, !isMalformed else { return nil }
    guard let tag = varint(), tag >> 3 > 0, let number = Int(exactly: tag >> 3) else { return fail() }
    switch tag & 7 {
    case 0:
      guard let value = varint() else { return fail() }
      return Field(number: number, value: .varint(value))
    case 1:
      guard end - position >= 8 else { return fail() }
      defer { position += 8 }
      return Field(number: number, value: .fixed64(bytes.littleEndian(UInt64.self, at: position)))
    case 2:
      guard let length = varint(), length <= UInt64(end - position) else { return fail() }
      let start = position
      position += Int(length)
      return Field(number: number, value: .bytes(start..<position))
    case 5:
      guard end - position >= 4 else { return fail() }
      defer { position += 4 }
      return Field(number: number, value: .fixed32(bytes.littleEndian(UInt32.self, at: position)))
    default: return fail()
    }
  }

  /// The last value of a field, which is the one that counts.
  func last(_ number: Int) -> Value? {
    var rest = self
    var value: Value?
    while let field = rest.next() { if field.number == number { value = field.value } }
    return value
  }

  private mutating func fail() -> Field? {
    isMalformed = true
    return nil
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 70 {
      let byte = bytes[position]
      position += 1
      value |= shift < 64 ? UInt64(byte & 0x7f) << shift : 0
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}

extension ProtobufMessage.Value {
  var double: Double? {
    if case .fixed64(let bits) = self { Double(bitPattern: bits) } else { nil }
  }

  var float: Double? {
    if case .fixed32(let bits) = self { Double(Float(bitPattern: bits)) } else { nil }
  }

  var integer: Int? {
    if case .varint(let value) = self { Int(truncatingIfNeeded: value) } else { nil }
  }

  var range: Range<Int>? {
    if case .bytes(let range) = self { range } else { nil }
  }

  /// Text of the message; bytes that are no UTF-8 are replaced.
  func text(in bytes: [UInt8]) -> String? {
    range.map { String(decoding: bytes[$0], as: UTF8.self) }
  }
}
