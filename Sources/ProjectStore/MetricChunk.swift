import Foundation

/// Consecutive points of a series as the bytes of one row.
///
/// A point takes 44 bytes, little-endian, one after the other: step and trained tokens (Int64), epoch, wall
/// time and value (IEEE 754 binary64, so that NaN and infinities need no care), segment (UInt32). A row for
/// each point would take five times as long to write and ten times as long to read; a live run, which commits
/// every few steps, has such rows all the same.
enum MetricChunk {
  static let pointSize = 44

  /// Points in a row: SQLite keeps up to 1002 bytes of a row in the page of such a table, and the rest
  /// elsewhere (https://www.sqlite.org/fileformat.html, with pages of 4096 bytes).
  static let capacity = 22

  static func encode(_ points: ArraySlice<MetricPoint>) -> Data {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(points.count * pointSize)
    func append<Bits: FixedWidthInteger>(_ bits: Bits) {
      for shift in stride(from: 0, to: Bits.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
      }
    }
    for point in points {
      append(Int64(point.step))
      append(Int64(point.trainedTokens))
      append(point.epoch.bitPattern)
      append(point.wallTime.bitPattern)
      append(point.value.bitPattern)
      append(UInt32(truncatingIfNeeded: point.segment))
    }
    return Data(bytes)
  }

  /// Hands over some points of a row. Bytes that are not whole points are left out.
  static func decode(_ data: Data, _ range: Range<Int>, _ body: (MetricPoint) -> Void) {
    let bytes = data.bytes
    for index in range.clamped(to: 0..<bytes.byteCount / pointSize) {
      func load<Bits: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Bits.Type) -> Bits {
        Bits(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * pointSize + offset, as: type))
      }
      body(
        MetricPoint(
          step: Int(load(0, as: Int64.self)), trainedTokens: Int(load(8, as: Int64.self)),
          epoch: Double(bitPattern: load(16, as: UInt64.self)),
          wallTime: Double(bitPattern: load(24, as: UInt64.self)),
          value: Double(bitPattern: load(32, as: UInt64.self)), segment: Int(load(40, as: UInt32.self))))
    }
  }
}
