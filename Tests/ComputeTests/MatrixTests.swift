import Compute
import Testing

@Suite("Matrix")
struct MatrixTests {
  static let shapes = [(1, 1), (3, 2), (2, 7), (5, 16), (4, 33), (1, 100)]

  @Test("rows, columns and reshaped are windows on the same numbers")
  func windows() throws {
    let m = try Matrix((0..<20).map { Float($0) }, rows: 4, columns: 5)
    let window = m.rows(1..<3).columns(2..<5)
    #expect(window.values == [7, 8, 9, 12, 13, 14])
    #expect(window.rows(1..<2).columns(1..<2).values == [13])
    #expect(!window.isContiguous && window.rows(0..<1).isContiguous && m.rows(1..<3).isContiguous)
    window[1, 0] = -1
    #expect(m[2, 2] == -1)
    window.fill(3)
    #expect(m.values.count { $0 == 3 } == 7)
    #expect(m.rows(2..<4).reshaped(rows: 3, columns: 3).values == [10, 11, 3, 3, 3, 15, 16, 17, 18])
    #expect(m.rows(4..<4).values.isEmpty)
  }

  @Test("zeros at first, and shapes without elements")
  func zeros() throws {
    let (new, noRows, noColumns) = (
      try Matrix(rows: 3, columns: 5, element: .bf16), try Matrix(rows: 0, columns: 5),
      try Matrix(rows: 5, columns: 0)
    )
    #expect(new.values == [Float](repeating: 0, count: 15))
    #expect(noRows.values.isEmpty && noColumns.values.isEmpty)
  }

  @Test("more than there is memory for is refused")
  func tooLarge() {
    let error = #expect(throws: ComputeError.self) { try Matrix(rows: .max / 2, columns: 4) }
    #expect(error?.description.contains("8796093022208 MiB") == true)
    #expect(throws: ComputeError.self) { try Matrix(rows: 1 << 28, columns: 1 << 28) }
  }

  @Test("copy(from:) to bf16 rounds to the nearest, ties to even; back it is exact")
  func narrowing() throws {
    var dice = Dice(81)
    let ties: [Float] = [
      1 + 0x1p-8, 1 + 3 * 0x1p-8, -1 - 0x1p-8, 1 + 0x1p-8 + 0x1p-20, 0, -0.0, 3.4e38, 255.5,
    ]
    let x =
      ties
      + (0..<200).map { _ in
        Float(sign: dice.bool() ? .plus : .minus, exponent: Int(dice.next() % 240) - 120, significand: 1)
          * (1 + Float(dice.next() >> 41) * 0x1p-23)
      }
    let narrow = try Matrix(rows: 8, columns: 26, element: .bf16)
    narrow.copy(from: try Matrix(x, rows: 8, columns: 26))
    let expected = x.map(Table.nearestBF16)
    #expect(narrow.values == expected)
    #expect(expected[0] == 1 && expected[1] == 1 + 0x1p-6 && expected[6] == .infinity)
    let wide = try Matrix(rows: 8, columns: 26)
    wide.copy(from: narrow)
    #expect(wide.values == expected)
    #expect(narrow[0, 1] == expected[1])
  }

  @Test(
    "copy(from:) between windows of any elements", arguments: [Element.f32, .bf16], [Element.f32, .bf16])
  func copies(from: Element, to: Element) throws {
    var dice = Dice(82)
    for (rows, columns) in Self.shapes {
      let x = dice.wholeTable(rows, columns)
      let marks = Table(rows: rows, columns: columns)
      // 12345 is no bf16; 2 to a power is.
      let target = try Window(marks, to, around: to == .f32 ? Window.mark : 4096)
      target.matrix.copy(from: try Window(x, from).matrix)
      #expect(Table(target.matrix) == x)
      #expect(to == .bf16 || target.isUntouchedAround)
      #expect(
        target.whole.values.count { $0 == (to == .f32 ? Window.mark : 4096) } == target.whole.count
          - x.values.count)
    }
  }

  @Test("gather: an embedding look-up", arguments: [Element.f32, .bf16])
  func gather(element: Element) throws {
    var dice = Dice(83)
    let table = dice.wholeTable(9, 13)
    let output = try Window(rows: 4, columns: 13)
    let ids: [Int32] = [5, 8, 0, 8, 3, 1]
    output.matrix.gather(ids[1..<5], from: try Window(table, element).matrix)
    #expect(Table(output.matrix).values == [8, 0, 8, 3].flatMap { Array(table.row($0)) })
    #expect(output.isUntouchedAround)
  }

  @Test("add, addBias, scale and sumOfSquares", arguments: shapes)
  func sums(rows: Int, columns: Int) throws {
    var dice = Dice(84)
    let (x, y, bias) = (
      dice.wholeTable(rows, columns), dice.wholeTable(rows, columns), dice.wholeTable(1, columns)
    )
    let sum = try Window(x, around: Window.mark)
    sum.matrix.add(try Window(y).matrix)
    sum.matrix.addBias(try Window(bias).matrix)
    sum.matrix.scale(by: -0.5)
    var expected = x.adding(1, y)
    for r in 0..<rows { for c in 0..<columns { expected[r, c] = -0.5 * (expected[r, c] + bias[0, c]) } }
    #expect(Table(sum.matrix) == expected.map { $0 })
    #expect(sum.matrix.sumOfSquares == expected.dot(expected))
    #expect(sum.isUntouchedAround)
    sum.matrix.scale(by: 1)
    #expect(Table(sum.matrix) == expected)
  }

  @Test("sumOfSquares does not overflow where a gradient's norm still is a number")
  func largeSumOfSquares() throws {
    let gradient = try Matrix([3e30, 4e30], rows: 1, columns: 2)
    #expect(abs(gradient.sumOfSquares.squareRoot() / 5e30 - 1) < 1e-6)
  }
}
