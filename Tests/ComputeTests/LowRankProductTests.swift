import Compute
import Testing

/// y = x·Wᵀ + scale · dropout(x)·Aᵀ·Bᵀ and its gradients, written as the products that a layer makes of them: the A
/// factors of two linear layers stacked, each B transposed, on windows of the group's columns.
enum LowRankCase {
  static let rows = 7
  static let inputs = 10
  static let rank = 3
  static let outputs = [13, 5]
  static let scale = 0.5

  struct Tables {
    var x: Table
    var w: Table
    /// [2 · rank, inputs]
    var a: Table
    /// Bᵀ [rank, outputs] of each layer.
    var b: [Table]
    /// What dropout multiplies x with.
    var mask: Table
  }

  static func twin(_ t: Tables) -> Table {
    var dropped = t.x
    for i in dropped.values.indices { dropped.values[i] *= t.mask.values[i] }
    let low = Reference.product([(dropped, t.a.transposed)]).map { scale * $0 }
    var y = Reference.product([(t.x, t.w.transposed)])
    var column = 0
    for (index, b) in t.b.enumerated() {
      for r in 0..<rows {
        for c in 0..<b.columns {
          for k in 0..<rank { y[r, column + c] += low[r, index * rank + k] * b[k, c] }
        }
      }
      column += b.columns
    }
    return y
  }

  /// Forward and gradients, on every kernel.
  static func check() throws {
    var dice = Dice(5)
    let keys = (0..<rows).map { _ in dice.next() }
    let probability: Float = 0.25
    let ones = try Matrix([Float](repeating: 1, count: rows * inputs), rows: rows, columns: inputs)
    let mask = try Matrix(rows: rows, columns: inputs)
    mask.setDropout(of: ones, keys: keys[...], probability: probability)
    let width = outputs.reduce(0, +)
    let t = Tables(
      x: dice.table(rows, inputs), w: dice.table(width, inputs), a: dice.table(2 * rank, inputs),
      b: outputs.map { dice.table(rank, $0) }, mask: Table(mask))
    let dy = dice.table(rows, width)

    func loss(_ change: (inout Tables) -> Void) -> Double {
      var moved = t
      change(&moved)
      return twin(moved).dot(dy)
    }
    // The loss is linear in each table, so that a difference of any width is its derivative.
    let dx = FiniteDifferences.gradient(at: t.x, step: 0.5) { x in loss { $0.x = x } }
    let da = FiniteDifferences.gradient(at: t.a, step: 0.5) { a in loss { $0.a = a } }
    let db = t.b.indices.map { i in
      FiniteDifferences.gradient(at: t.b[i], step: 0.5) { b in loss { $0.b[i] = b } }
    }

    try InstructionSet.withEach { set in
      let columns = [0..<outputs[0], outputs[0]..<width]
      let ranks = [0..<rank, rank..<2 * rank]
      let (x, w, a) = (try Window(t.x).matrix, try Matrix(t.w), try Matrix(t.a))
      let b = try t.b.map { try Matrix($0) }
      let input = try Matrix(rows: rows, columns: inputs)
      input.setDropout(of: x, keys: keys[...], probability: probability)

      let y = try Window(rows: rows, columns: width)
      let low = try Window(rows: rows, columns: 2 * rank).matrix
      y.matrix.setProduct(Product(x, w, transposeB: true))
      low.setProduct(Product(input, a, transposeB: true))
      low.scale(by: Float(scale))
      for i in b.indices {
        y.matrix.columns(columns[i]).setProduct(Product(low.columns(ranks[i]), b[i]), accumulate: true)
      }
      #expect(relativeError(y.matrix, twin(t)) < 1e-6, "\(set)")
      #expect(y.isUntouchedAround)

      let upstream = try Window(dy).matrix
      let dLow = try Window(rows: rows, columns: 2 * rank).matrix
      for i in b.indices {
        let part = upstream.columns(columns[i])
        let gradient = try Matrix(rows: rank, columns: outputs[i])
        gradient.setProduct(Product(low.columns(ranks[i]), part, transposeA: true), accumulate: true)
        #expect(relativeError(gradient, db[i]) < 1e-6, "\(set)")
        dLow.columns(ranks[i]).setProduct(Product(part, b[i], transposeB: true))
      }
      dLow.scale(by: Float(scale))
      let gradientA = try Matrix(rows: 2 * rank, columns: inputs)
      gradientA.setProduct(Product(dLow, input, transposeA: true), accumulate: true)
      #expect(relativeError(gradientA, da) < 1e-6, "\(set)")

      let gradientX = try Matrix(rows: rows, columns: inputs)
      let spare = try Matrix(rows: rows, columns: inputs)
      gradientX.setProduct(Product(upstream, w))
      spare.setProduct(Product(dLow, a))
      gradientX.setDropout(of: spare, keys: keys[...], probability: probability, accumulate: true)
      #expect(relativeError(gradientX, dx) < 1e-6, "\(set)")

      // Without dropout one call of two terms does the same.
      let both = try Matrix(rows: rows, columns: inputs)
      both.setProduct(Product(upstream, w), Product(dLow, a))
      let apart = Reference.product([(dy, t.w), (Table(dLow), t.a)])
      #expect(relativeError(both, apart) < 1e-6, "\(set)")
    }
  }
}

@Suite("Low-rank products")
struct LowRankProductTests {
  @Test("setProduct: low-rank factors, forward and the gradients of A, B and x, on every kernel")
  func gradients() async {
    await #expect(processExitsWith: .success) { try LowRankCase.check() }
  }
}
