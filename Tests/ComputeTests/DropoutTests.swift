import Compute
import Testing

@Suite("Dropout")
struct DropoutTests {
  static func mask(_ keys: [UInt64], columns: Int, probability: Float) throws -> [Float] {
    let ones = try Matrix(
      [Float](repeating: 1, count: keys.count * columns), rows: keys.count, columns: columns)
    let result = try Matrix(rows: keys.count, columns: columns)
    result.setDropout(of: ones, keys: keys[...], probability: probability)
    return result.values
  }

  @Test(
    "setDropout: drops the share it says, independently along rows and columns",
    arguments: [0.05, 0.1, 0.5, 0.9])
  func statistics(probability: Double) throws {
    var dice = Dice(61)
    let (rows, columns) = (128, 384)
    let keys = (0..<rows).map { _ in dice.next() }
    let values = try Self.mask(keys, columns: columns, probability: Float(probability))
    let keep = 1 / (1 - Float(probability))
    #expect(values.allSatisfy { $0 == 0 || $0 == keep })
    let dropped = values.map { $0 == 0 }
    /// Four and a half standard deviations of a binomial share.
    func expectShare(_ count: Int, of trials: Int, _ p: Double, _ what: String) {
      let deviation = (p * (1 - p) / Double(trials)).squareRoot()
      let share = Double(count) / Double(trials)
      #expect(abs(share - p) < 4.5 * deviation, "\(what): \(share), expected \(p)")
    }
    expectShare(dropped.count { $0 }, of: dropped.count, probability, "all")
    var perColumn = [Int](repeating: 0, count: columns)
    var (beside, below, twoBelow) = (0, 0, 0)
    for i in 0..<dropped.count where dropped[i] {
      perColumn[i % columns] += 1
      if (i + 1) % columns != 0, dropped[i + 1] { beside += 1 }
      if i + columns < dropped.count, dropped[i + columns] { below += 1 }
      if i + 2 * columns < dropped.count, dropped[i + 2 * columns] { twoBelow += 1 }
    }
    for (column, count) in perColumn.enumerated() {
      expectShare(count, of: rows, probability, "column \(column)")
    }
    let both = probability * probability
    expectShare(beside, of: rows * (columns - 1), both, "neighbours in a row")
    expectShare(below, of: (rows - 1) * columns, both, "neighbours in a column")
    expectShare(twoBelow, of: (rows - 2) * columns, both, "next but one in a column")
  }

  @Test("setDropout: a row's mask depends on its key and column alone")
  func keys() throws {
    let values = try Self.mask([7, 8, 7, 7 << 32, 7], columns: 64, probability: 0.5)
    let rows = (0..<5).map { Array(values[$0 * 64..<($0 + 1) * 64]) }
    #expect(rows[0] == rows[2] && rows[0] == rows[4])
    // Both halves of a key count.
    #expect(rows[0] != rows[1] && rows[0] != rows[3])
    let narrower = try Self.mask([7], columns: 17, probability: 0.5)
    #expect(narrower == Array(rows[0][..<17]))
  }

  @Test("setDropout: nothing is dropped with probability 0, and windows are respected")
  func identity() throws {
    var dice = Dice(62)
    let x = dice.table(3, 21)
    let output = try Window(rows: 3, columns: 21)
    output.matrix.setDropout(of: try Window(x).matrix, keys: [1, 2, 3], probability: 0)
    #expect(Table(output.matrix) == x)
    #expect(output.isUntouchedAround)
  }

  @Test(
    "setDropout is its own backward: linear, symmetric, added where asked", arguments: [1, 5, 16, 33, 100])
  func backward(columns: Int) throws {
    var dice = Dice(63)
    let rows = 6
    let keys = (0..<rows).map { _ in dice.next() }
    let (x, y, start) = (dice.table(rows, columns), dice.table(rows, columns), dice.table(rows, columns))
    func dropout(_ table: Table) throws -> Table {
      let output = try Window(rows: rows, columns: columns)
      output.matrix.setDropout(of: try Window(table).matrix, keys: keys[...], probability: 0.3)
      #expect(output.isUntouchedAround)
      return Table(output.matrix)
    }
    let (dx, dy) = (try dropout(x), try dropout(y))
    // The mask that the forward used, element by element.
    let mask = try Self.mask(keys, columns: columns, probability: 0.3).map(Double.init)
    for i in mask.indices {
      #expect(abs(dx.values[i] - mask[i] * x.values[i]) < 1e-6)
      #expect(abs(dy.values[i] - mask[i] * y.values[i]) < 1e-6)
    }
    // ⟨D·x, y⟩ = ⟨x, Dᵀ·y⟩ with Dᵀ = D; D(x + 2y) = D·x + 2·D·y.
    #expect(abs(dx.dot(y) - x.dot(dy)) < 1e-5)
    #expect(relativeError(try dropout(x.adding(2, y)).values, dx.adding(2, dy).values) < 1e-6)

    let sum = try Matrix(start)
    sum.setDropout(of: try Matrix(x), keys: keys[...], probability: 0.3, accumulate: true)
    #expect(relativeError(sum, start.adding(1, dx)) < 1e-6)
  }
}
