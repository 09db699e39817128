import CKernels
import Compute
import Testing

/// Products of random tables, compared with their twin on every kernel.
enum ProductCheck {
  /// One term as it stands in memory.
  struct Term {
    let a: Table
    let b: Table
    let transposeA: Bool
    let transposeB: Bool
    let elementA: Element
    let elementB: Element
    let compute: Element

    init(_ dice: inout Dice, m: Int, n: Int, k: Int, choice: Int, whole: Bool) {
      transposeA = choice & 1 != 0
      transposeB = choice & 2 != 0
      elementA = choice & 4 != 0 ? .bf16 : .f32
      elementB = choice & 8 != 0 ? .bf16 : .f32
      compute = choice & 16 != 0 ? .bf16 : .f32
      a = (whole ? dice.wholeTable(m, k) : dice.table(m, k)).rounded(to: elementA)
      b = (whole ? dice.wholeTable(k, n) : dice.table(k, n)).rounded(to: elementB)
    }

    var factors: (a: Table, b: Table) { (a.rounded(to: compute), b.rounded(to: compute)) }

    func product(margins: Bool) throws -> Product {
      let margin = margins ? 3 : 0
      return Product(
        try Window(transposeA ? a.transposed : a, elementA, margin: margin).matrix,
        try Window(transposeB ? b.transposed : b, elementB, margin: margin).matrix,
        transposeA: transposeA, transposeB: transposeB, compute: compute)
    }
  }

  static let choices = 32

  /// Runs one product on every kernel.
  ///
  /// - Parameter bound: what the error may be for a sum of magnitudes Σ|a·b|; nil asks for equality.
  static func run(
    _ dice: inout Dice, m: Int, n: Int, k: Int, k2: Int?, choice: Int, accumulate: Bool, bound: Double?
  ) throws {
    var terms = [Term(&dice, m: m, n: n, k: k, choice: choice, whole: bound == nil)]
    if let k2 {
      let other = Int(dice.next() >> 32) % choices
      terms.append(Term(&dice, m: m, n: n, k: k2, choice: other, whole: bound == nil))
    }
    let start = dice.wholeTable(m, n)
    let margins = dice.bool()
    let expected = Reference.product(terms.map(\.factors), adding: accumulate ? start : nil).values
    let sizes = bound.map { bound in
      Reference.product(
        terms.map { ($0.a.map { abs($0) }, $0.b.map { abs($0) }) }, adding: start.map { abs($0) }
      ).values.map { bound * $0 }
    }
    let products = try terms.map { try $0.product(margins: margins) }
    try InstructionSet.withEach { set in
      let c = try Window(start, around: Window.mark, margin: 2)
      c.matrix.setProduct(products[0], products.count > 1 ? products[1] : nil, accumulate: accumulate)
      let result = c.matrix.values
      let wrong = result.indices.first { i in
        guard let sizes else { return Double(result[i]) != expected[i] }
        return !(abs(Double(result[i]) - expected[i]) <= sizes[i])
      }
      #expect(
        wrong == nil,
        "\(set), \(m) × \(n) × \(k) + \(k2 ?? 0), choice \(choice), accumulate \(accumulate), element \(wrong ?? 0)"
      )
      #expect(c.isUntouchedAround, "\(set), \(m) × \(n)")
    }
  }

  /// Around the heights and widths of the tiles: 6 and 12 rows, 8, 16 and 32 columns.
  static func size(_ dice: inout Dice) -> Int {
    [1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33].randomElement(using: &dice) ?? 1
  }
}

@Suite("Matrix product")
struct MatrixProductTests {
  @Test("setProduct: every transposition, element, term and accumulation, exactly, on every kernel")
  func smallShapes() async {
    await #expect(processExitsWith: .success) {
      var dice = Dice(1)
      for choice in 0..<ProductCheck.choices {
        for accumulate in [false, true] {
          for terms in 1...2 {
            try ProductCheck.run(
              &dice, m: ProductCheck.size(&dice), n: ProductCheck.size(&dice),
              k: ProductCheck.size(&dice), k2: terms == 2 ? ProductCheck.size(&dice) : nil,
              choice: choice, accumulate: accumulate, bound: nil)
          }
        }
      }
    }
  }

  @Test("setProduct: across the edges of the packed blocks, exactly, on every kernel")
  func blockEdges() async {
    await #expect(processExitsWith: .success) {
      var dice = Dice(2)
      // Packed at a time: 768 of k (1536 in pairs of bf16), 512 columns of B, 96 rows of A at that depth.
      let shapes = [
        (1, 1, 1), (1, 1, 2000), (1, 1100, 3), (300, 1, 2), (2, 3, 767), (3, 2, 769), (5, 2, 1535),
        (2, 7, 1537),
        (13, 4, 1541), (2, 511, 5), (3, 513, 6), (2, 530, 801), (97, 2, 769), (110, 3, 770), (200, 17, 40),
        (1030, 2, 64),
      ]
      for (m, n, k) in shapes {
        for _ in 0..<2 {
          try ProductCheck.run(
            &dice, m: m, n: n, k: k, k2: dice.bool() ? 8 : nil,
            choice: Int(dice.next() >> 32) % ProductCheck.choices,
            accumulate: dice.bool(), bound: nil)
        }
      }
    }
  }

  @Test(
    "setProduct: real numbers to rounding, factors rounded to bf16 where that is asked for, on every kernel")
  func realNumbers() async {
    await #expect(processExitsWith: .success) {
      var dice = Dice(3)
      for choice in 0..<ProductCheck.choices {
        try ProductCheck.run(
          &dice, m: ProductCheck.size(&dice), n: ProductCheck.size(&dice),
          k: ProductCheck.size(&dice), k2: dice.bool() ? 9 : nil, choice: choice, accumulate: dice.bool(),
          bound: 0x1p-22)
      }
      for (m, n, k) in [(3, 40, 900), (14, 5, 1600)] {
        for choice in [0, 16, 28] {
          try ProductCheck.run(
            &dice, m: m, n: n, k: k, k2: nil, choice: choice, accumulate: false, bound: 0x1p-22)
        }
      }
    }
  }

  @Test("setProduct: bf16 by default where the second factor is stored so")
  func computeDefault() async {
    await #expect(processExitsWith: .success) {
      try #require(InstructionSet.wideCheck.use())
      let a = try Matrix([1 + 0x1p-10], rows: 1, columns: 1)
      let one = try Matrix([1], rows: 1, columns: 1, element: .bf16)
      let c = try Matrix(rows: 1, columns: 1)
      c.setProduct(Product(a, one))
      #expect(c.values == [1])
      c.setProduct(Product(a, one, compute: .f32))
      #expect(c.values == [1 + 0x1p-10])
    }
  }

  @Test("setProduct: no inner dimension gives zeros, or what was there")
  func emptyInnerDimension() throws {
    let (a, b) = (try Matrix(rows: 3, columns: 0), try Matrix(rows: 0, columns: 5))
    let c = try Window(rows: 3, columns: 5)
    c.matrix.setProduct(Product(a, b), accumulate: true)
    #expect(c.matrix.values.allSatisfy { $0 == Window.mark })
    c.matrix.setProduct(Product(a, b))
    #expect(c.matrix.values.allSatisfy { $0 == 0 })
    #expect(c.isUntouchedAround)
  }
}
