import Testing

@testable import TerminalUI

@Suite struct SplitTests {
  @Test func fixedPartsKeepTheirSizeAndSharesTakeTheRest() {
    #expect(Extent.resolve([.fixed(10), .share(), .share(2), .fixed(5)], total: 75) == [10, 20, 40, 5])
    #expect(Extent.resolve([.share(), .share(), .share()], total: 100) == [33, 34, 33])
    #expect(Extent.resolve([.share(2, minimum: 40), .share(1)], total: 50) == [40, 10])
    #expect(Extent.resolve([.share(1, maximum: 10), .share(1)], total: 50) == [10, 40])
    #expect(Extent.resolve([.share(1, minimum: 30), .share(1, maximum: 10)], total: 50) == [40, 10])
    #expect(Extent.resolve([.fixed(10), .fixed(10)], total: 15) == [10, 5])
    #expect(Extent.resolve([], total: 15) == [])
  }

  @Test func partsNeverOverlapNorLeaveTheWhole() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let extents: [Extent] = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
        let minimum = Int.random(in: 0...20, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return .fixed(minimum)
        case 1: return .share(Double.random(in: 0...3, using: &generator), minimum: minimum)
        default: return .share(1, minimum: minimum / 2, maximum: minimum)
        }
      }
      let total = Int.random(in: 0...120, using: &generator)
      let sizes = Extent.resolve(extents, total: total)
      #expect(sizes.allSatisfy { $0 >= 0 })
      #expect(sizes.reduce(0, +) <= total)
      let canGrow = extents.contains { $0.maximum == .max && $0 != .share(0, minimum: $0.minimum) }
      if canGrow { #expect(sizes.reduce(0, +) == total) }
      if sizes.reduce(0, +) < total {
        #expect(zip(sizes, extents).allSatisfy { $0 >= $1.minimum })
      }
    }
  }

  @Test func columnsAndRowsLieInTheArea() {
    let area = Rectangle(x: 3, y: 2, width: 40, height: 9)
    #expect(
      area.columns([.share(2), .share()], gap: 1)
        == [Rectangle(x: 3, y: 2, width: 26, height: 9), Rectangle(x: 30, y: 2, width: 13, height: 9)])
    #expect(area.rows([.fixed(1), .share(), .fixed(1)]).map(\.height) == [1, 7, 1])
    #expect(area.rows([.fixed(1), .share(), .fixed(1)]).last?.y == 10)
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
