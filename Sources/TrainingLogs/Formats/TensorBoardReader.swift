/// TensorBoard's event files: a TFRecord file of `Event` messages.
///
/// A record is its length (8 bytes, little-endian), the masked CRC32C of these (4), the data, and the data's masked
/// CRC32C (4) (tensorflow/core/lib/io/record_writer.h). Scalars are `Event.summary.value` with a `simple_value`, or
/// with a tensor of one element (tensorflow/core/framework/summary.proto, tensor.proto). Other plug-ins' values —
/// histograms, images, text — are passed over.
struct TensorBoardReader: LogReader {
  static let headerSize = 12
  static let footerSize = 4
  /// A larger record holds images or a graph: it is skipped unread.
  static let largestRecord = 4 << 20

  private var recordNumber = 0

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    let bytes = window.bytes
    var start = 0
    while bytes.count - start >= Self.headerSize {
      guard let length = Self.length(bytes, at: start) else {
        output.obstacle =
          "record \(recordNumber + 1) at byte \(window.offset + start): the checksum of its length is wrong; "
          + "what follows is not read"
        return start
      }
      let size = Self.headerSize + length + Self.footerSize
      if length > Self.largestRecord {
        // The caller waits until the file has all of it.
        guard start == 0 else { return start }
        recordNumber += 1
        output.notes.count(.longRecords, at: "record \(recordNumber)")
        return size
      }
      guard bytes.count - start >= size else { return start }
      recordNumber += 1
      let data = start + Self.headerSize..<start + Self.headerSize + length
      let check = CRC32.masked(CRC32.castagnoli.check(bytes[data]))
      if check == bytes.littleEndian(UInt32.self, at: data.upperBound) {
        event(ProtobufMessage(bytes, data), into: &output)
      } else {
        output.notes.count(.badRecords, at: "record \(recordNumber) at byte \(window.offset + start)")
      }
      start += size
    }
    return start
  }

  /// The length of the record that begins at an index; nil where its checksum is wrong or it is absurd.
  static func length(_ bytes: [UInt8], at start: Int) -> Int? {
    let check = CRC32.masked(CRC32.castagnoli.check(bytes[start..<start + 8]))
    guard check == bytes.littleEndian(UInt32.self, at: start + 8) else { return nil }
    let length = bytes.littleEndian(UInt64.self, at: start)
    return length < 1 << 40 ? Int(length) : nil
  }

  /// Whether the first record says that events follow; nil while it is not all there.
  static func recognises(_ beginning: [UInt8]) -> Bool? {
    guard beginning.count >= headerSize else { return nil }
    guard let length = length(beginning, at: 0) else { return false }
    guard length <= 4096 else { return false }
    guard beginning.count >= headerSize + length else { return nil }
    var message = ProtobufMessage(beginning, headerSize..<headerSize + length)
    while let field = message.next() {
      // Event.file_version
      if field.number == 3, let version = field.value.text(in: beginning) {
        return version.hasPrefix("brain.Event:")
      }
    }
    return false
  }

  // MARK: - Messages

  private func event(_ message: ProtobufMessage, into output: inout LogOutput) {
    var message = message
    var time: Double?
    var step = 0
    var summaries: [Range<Int>] = []
    while let field = message.next() {
      switch field.number {
      case 1: time = field.value.double
      case 2: step = field.value.integer ?? 0
      case 5: if let range = field.value.range { summaries.append(range) }
      default: break
      }
    }
    for summary in summaries {
      var values: [LogValue] = []
      var message = ProtobufMessage(message.bytes, summary)
      while let field = message.next() {
        guard field.number == 1, let range = field.value.range else { continue }
        if let value = scalar(ProtobufMessage(message.bytes, range)) { values.append(value) }
      }
      if !values.isEmpty { output.entries.append(LogEntry(step: step, time: time, values: values)) }
    }
  }

  /// `Summary.Value`: 1 tag, 2 simple_value, 8 tensor, 9 metadata.
  private func scalar(_ message: ProtobufMessage) -> LogValue? {
    var message = message
    var tag: String?
    var number: Double?
    var plugin: String?
    while let field = message.next() {
      switch field.number {
      case 1: tag = field.value.text(in: message.bytes)
      case 2: number = field.value.float
      case 8: number = field.value.range.flatMap { TensorScalar.value(ProtobufMessage(message.bytes, $0)) }
      case 9: plugin = field.value.range.flatMap { Self.plugin(ProtobufMessage(message.bytes, $0)) }
      default: break
      }
    }
    guard let tag, let number, plugin ?? "scalars" == "scalars" || plugin == "" else { return nil }
    return LogValue(tag, number)
  }

  /// `SummaryMetadata.plugin_data.plugin_name`, which only the first value of a tag has.
  private static func plugin(_ message: ProtobufMessage) -> String? {
    guard let data = message.last(1)?.range else { return nil }
    return ProtobufMessage(message.bytes, data).last(1)?.text(in: message.bytes)
  }
}

/// The number in a `TensorProto` of one element.
enum TensorScalar {
  /// Of tensorflow/core/framework/types.proto.
  private enum ElementType: Int {
    case float = 1
    case double, int32, uint8, int16, int8
    case int64 = 9
    case bool
    case bfloat16 = 14
    case half = 19
    case uint32 = 22
    case uint64
  }

  static func value(_ message: ProtobufMessage) -> Double? {
    var message = message
    let bytes = message.bytes
    var type: ElementType?
    var content: Range<Int>?
    var elements: [Double] = []
    while let field = message.next() {
      switch (field.number, field.value) {
      case (1, let value): type = value.integer.flatMap(ElementType.init)
      case (2, .bytes(let range)): if !isOneElement(ProtobufMessage(bytes, range)) { return nil }
      case (4, .bytes(let range)): if !range.isEmpty { content = range }
      // The lists of numbers, packed or not: half, float, double, int, int64, bool, uint32, uint64.
      case (5, .fixed32(let bits)): elements.append(Double(Float(bitPattern: bits)))
      case (6, .fixed64(let bits)): elements.append(Double(bitPattern: bits))
      case (5, .bytes(let range)) where range.count == 4:
        elements.append(Double(Float(bitPattern: bytes.littleEndian(UInt32.self, at: range.lowerBound))))
      case (6, .bytes(let range)) where range.count == 8:
        elements.append(Double(bitPattern: bytes.littleEndian(UInt64.self, at: range.lowerBound)))
      case (7, let value), (10, let value), (11, let value), (16, let value), (17, let value),
        (13, let value):
        guard let bits = varint(value, in: bytes) else { return nil }
        guard let number = number(bits, of: type) else { return nil }
        elements.append(number)
      default: break
      }
    }
    if let content { return number(Array(bytes[content]), of: type) }
    return elements.count == 1 ? elements[0] : nil
  }

  /// `TensorShapeProto`: 2 dim {1 size}, 3 unknown_rank. No dimensions are a scalar's shape.
  private static func isOneElement(_ message: ProtobufMessage) -> Bool {
    var shape = message
    while let field = shape.next() {
      guard field.number == 2, let range = field.value.range else { continue }
      if ProtobufMessage(shape.bytes, range).last(1)?.integer != 1 { return false }
    }
    return true
  }

  private static func varint(_ value: ProtobufMessage.Value, in bytes: [UInt8]) -> UInt64? {
    switch value {
    case .varint(let bits): return bits
    case .bytes(let range)
    where !range.isEmpty && range.count <= 10 && bytes[range].dropLast().allSatisfy { $0 >= 0x80 }:
      // One packed number.
      return bytes[range].reversed().reduce(0) { $0 << 7 | UInt64($1 & 0x7f) }
    default: return nil
    }
  }

  private static func number(_ bits: UInt64, of type: ElementType?) -> Double? {
    switch type {
    case .half: return Self.half(UInt16(truncatingIfNeeded: bits))
    case .bfloat16: return Double(Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: bits)) << 16))
    case .uint32, .uint64, .bool: return Double(bits)
    case .int32, .uint8, .int16, .int8, .int64: return Double(Int64(bitPattern: bits))
    case .float, .double, nil: return nil
    }
  }

  /// `tensor_content`: the element's own bytes, little-endian.
  private static func number(_ content: [UInt8], of type: ElementType?) -> Double? {
    func bits<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
      content.count == MemoryLayout<Number>.size ? content.littleEndian(Number.self, at: 0) : nil
    }
    switch type {
    case .float: return bits(UInt32.self).map { Double(Float(bitPattern: $0)) }
    case .double: return bits(UInt64.self).map { Double(bitPattern: $0) }
    case .int32: return bits(UInt32.self).map { Double(Int32(bitPattern: $0)) }
    case .int64: return bits(UInt64.self).map { Double(Int64(bitPattern: $0)) }
    case .int16: return bits(UInt16.self).map { Double(Int16(bitPattern: $0)) }
    case .int8: return bits(UInt8.self).map { Double(Int8(bitPattern: $0)) }
    case .uint8, .bool: return bits(UInt8.self).map(Double.init)
    case .uint32: return bits(UInt32.self).map(Double.init)
    case .uint64: return bits(UInt64.self).map(Double.init)
    case .bfloat16: return bits(UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .half: return bits(UInt16.self).map(half)
    case nil: return nil
    }
  }

  /// IEEE 754 half precision; Swift's Float16 is not on every platform.
  private static func half(_ bits: UInt16) -> Double {
    let sign = bits >> 15 == 0 ? 1.0 : -1.0
    let (exponent, fraction) = (Int(bits >> 10 & 0x1f), Double(bits & 0x3ff) / 1024)
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    }
  }
}
