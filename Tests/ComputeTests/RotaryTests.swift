import Compute
import Foundation
import Testing

@Suite("Rotary position embedding")
struct RotaryTests {
  struct Case: Sendable {
    let heads: Int
    let size: Int
    let positions: [Int32]

    var frequencies: [Double] { (0..<size / 2).map { pow(10000, -2 * Double($0) / Double(size)) } }
    func table() throws -> RotaryTable { try RotaryTable(frequencies: frequencies, positions: 600) }
  }

  static let cases = [
    Case(heads: 1, size: 2, positions: [0]), Case(heads: 3, size: 6, positions: [5, 0, 599, 17]),
    Case(heads: 2, size: 64, positions: [1, 2, 3, 300]), Case(heads: 5, size: 18, positions: [9]),
  ]

  @Test("rotate", arguments: cases)
  func forward(test: Case) throws {
    var dice = Dice(31)
    let x = dice.table(test.positions.count, test.heads * test.size)
    let fast = try Window(x, around: Window.mark)
    fast.matrix.rotate(heads: test.heads, positions: test.positions[...], table: try test.table())
    let twin = Reference.rotate(
      x, heads: test.heads, positions: test.positions, frequencies: test.frequencies)
    #expect(relativeError(fast.matrix, twin) < 2e-7)
    #expect(fast.isUntouchedAround)
  }

  @Test("rotate(inverse:) is the backward, turns back, and is the transpose", arguments: cases)
  func inverse(test: Case) throws {
    var dice = Dice(32)
    let (x, dy) = (
      dice.table(test.positions.count, test.heads * test.size),
      dice.table(test.positions.count, test.heads * test.size)
    )
    let table = try test.table()
    let backward = try Matrix(dy)
    backward.rotate(heads: test.heads, positions: test.positions[...], table: table, inverse: true)
    // Linear in x: any step gives the derivative.
    let expected = FiniteDifferences.gradient(at: x, step: 0.5) {
      Reference.rotate($0, heads: test.heads, positions: test.positions, frequencies: test.frequencies).dot(
        dy)
    }
    #expect(relativeError(backward, expected) < 2e-7)

    let there = try Matrix(x)
    there.rotate(heads: test.heads, positions: test.positions[...], table: table)
    // ⟨R·x, dy⟩ = ⟨x, Rᵀ·dy⟩
    #expect(abs(Table(there).dot(dy) - x.dot(Table(backward))) < 1e-6 * Double(x.values.count))
    there.rotate(heads: test.heads, positions: test.positions[...], table: table, inverse: true)
    #expect(relativeError(there, x) < 5e-7)
  }

  @Test("rotate: a position has its angle wherever its row stands")
  func positionsNotRows() throws {
    var dice = Dice(33)
    let test = Self.cases[1]
    let line = dice.table(1, test.heads * test.size)
    let x = try Matrix(Table(rows: 3, columns: line.columns, line.values + line.values + line.values))
    let positions: [Int32] = [99, 7, 8, 7, 99]
    x.rotate(heads: test.heads, positions: positions[1..<4], table: try test.table())
    #expect(x.rows(0..<1).values == x.rows(2..<3).values)
    #expect(x.rows(0..<1).values != x.rows(1..<2).values)
  }
}
