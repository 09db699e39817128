import Testing

@testable import TrainingLogs

struct CRC32Tests {
  @Test func checksTheStandardText() {
    let text = ArraySlice(Array("123456789".utf8))
    #expect(CRC32.castagnoli.check(text) == 0xe306_9283)
    #expect(CRC32.ieee.check(text) == 0xcbf4_3926)
  }

  /// The first record of a file that TensorFlow wrote: a length of 24.
  @Test func masksAsTensorFlowDoes() {
    #expect(CRC32.masked(CRC32.castagnoli.check([0x18, 0, 0, 0, 0, 0, 0, 0])) == 0x224b_7fa3)
  }

  @Test func agreesWithItsSlowTwinAtEveryLength() {
    let bytes = (0..<40).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    for length in 0...bytes.count {
      let part = Array(bytes.prefix(length))
      #expect(CRC32.castagnoli.check(part[...]) == slowCRC(part, polynomial: 0x82f6_3b78))
    }
  }

  @Test func goesOnFromACheck() {
    let bytes = Array("one and two".utf8)
    let whole = CRC32.ieee.check(bytes[...])
    #expect(CRC32.ieee.check(bytes[5...], from: CRC32.ieee.check(bytes[..<5])) == whole)
  }
}
