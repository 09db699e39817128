import Foundation
import Testing

@testable import ModelFiles

@Suite struct ElementDecodingTests {
  @Test func everyHalfEqualsTheProcessors() {
    var bytes = Data()
    for bits in UInt16.min...UInt16.max { bytes.append(littleEndian: bits) }
    let decoded = ElementType.float16.decode(bytes, at: 0, rowElements: 1 << 16, rows: 0..<1)
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let found = decoded[Int(bits)]
      #expect(found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN), "\(bits)")
    }
  }

  @Test func bfloat16IsTheUpperHalf() {
    var bytes = Data()
    let patterns: [UInt16] = [0, 0x8000, 0x3f80, 0xc2f7, 0x7f80, 0xff80, 0x0001, 0x7fc1]
    for bits in patterns { bytes.append(littleEndian: bits) }
    let decoded = ElementType.bfloat16.decode(bytes, at: 0, rowElements: patterns.count, rows: 0..<1)
    #expect(decoded.map(\.bitPattern) == patterns.map { UInt32($0) << 16 })
  }

  /// The formulas of ggml-common.h, one element at a time.
  @Test(arguments: [ElementType.q8_0, .q4_0, .q4_1])
  func blocksFollowTheirFormula(type: ElementType) {
    var generator = SeededGenerator(seed: 1)
    let blocks = 37
    var bytes = Data([0xff])  // an odd offset: blocks have no alignment
    var expected: [Float] = []
    for _ in 0..<blocks {
      let d = Float16(Float.random(in: -2...2, using: &generator))
      let m = Float16(Float.random(in: -2...2, using: &generator))
      let quants = (0..<(type == .q8_0 ? 32 : 16)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      bytes.append(littleEndian: d.bitPattern)
      if type == .q4_1 { bytes.append(littleEndian: m.bitPattern) }
      bytes.append(contentsOf: quants)
      for element in 0..<32 {
        switch type {
        case .q8_0:
          expected.append(Float(d) * Float(Int8(bitPattern: quants[element])))
        default:
          let nibble = element < 16 ? quants[element] & 15 : quants[element - 16] >> 4
          let product = Float(d) * (type == .q4_0 ? Float(nibble) - 8 : Float(nibble))
          expected.append(type == .q4_1 ? product + Float(m) : product)
        }
      }
    }
    let decoded = type.decode(bytes, at: 1, rowElements: 32 * blocks, rows: 0..<1)
    #expect(decoded.map(\.bitPattern) == expected.map(\.bitPattern))
    // Rows of one block, out of order.
    let rows = type.decode(bytes, at: 1, rowElements: 32, rows: 1..<blocks, storedRow: { blocks - $0 })
    #expect(rows.prefix(32).elementsEqual(expected.suffix(32)))
    #expect(rows.suffix(32).elementsEqual(expected[32..<64]))
  }

  @Test func sizesThatOverflowAreNoSizes() {
    #expect(elementCount([2, 3]) == 6)
    #expect(elementCount([]) == 1)
    #expect(elementCount([1 << 40, 1 << 40]) == nil)
    #expect(elementCount([0, 1 << 40, 1 << 40]) == nil)
    #expect(elementCount([-1]) == nil)
    #expect(ElementType.q4_1.byteCount(elements: 33) == nil)
    #expect(ElementType.float32.byteCount(elements: Int.max / 2) == nil)
  }
}
