import Compute
import Testing

@Suite("SwiGLU")
struct SwiGLUTests {
  static let shapes = [(1, 1), (3, 2), (2, 7), (5, 16), (4, 33), (1, 100), (2, 513)]

  @Test("setSwiGLU", arguments: shapes)
  func forward(rows: Int, columns: Int) throws {
    var dice = Dice(41)
    let (gate, up) = (dice.table(rows, columns, scale: 8), dice.table(rows, columns))
    let output = try Window(rows: rows, columns: columns)
    output.matrix.setSwiGLU(gate: try Window(gate).matrix, up: try Window(up).matrix)
    #expect(relativeError(output.matrix, Reference.swiGLU(gate: gate, up: up)) < 1e-6)
    #expect(output.isUntouchedAround)
  }

  @Test("swiGLUBackward: both gradients, in place", arguments: shapes)
  func backward(rows: Int, columns: Int) throws {
    var dice = Dice(42)
    let (gate, up) = (dice.table(rows, columns, scale: 4), dice.table(rows, columns))
    let dy = dice.table(rows, columns)
    // Gate and up are the halves of one matrix, as in a layer.
    let both = try Window(Table(rows: rows, columns: 2 * columns), around: Window.mark)
    let (g, u) = (both.matrix.columns(0..<columns), both.matrix.columns(columns..<2 * columns))
    g.copy(from: try Matrix(gate))
    u.copy(from: try Matrix(up))
    try Window(dy).matrix.swiGLUBackward(gate: g, up: u)
    #expect(both.isUntouchedAround)
    // Elementwise, so that one difference of all elements at once gives every derivative.
    let h = 1e-5
    let above = Reference.swiGLU(gate: gate.map { $0 + h }, up: up)
    let below = Reference.swiGLU(gate: gate.map { $0 - h }, up: up)
    let dGate = zip(above.adding(-1, below).values, dy.values).map { $0 / (2 * h) * $1 }
    let dUp = zip(Reference.swiGLU(gate: gate, up: up.map { _ in 1 }).values, dy.values).map { $0 * $1 }
    #expect(relativeError(Table(g).values, dGate) < 1e-6)
    #expect(relativeError(Table(u).values, dUp) < 1e-6)
  }

  @Test("swiGLUBackward: against differences of the fast forward itself")
  func backwardOfFastForward() throws {
    var dice = Dice(43)
    let (gate, up, dy) = (dice.table(3, 20), dice.table(3, 20), dice.table(3, 20))
    let (dGate, dUp) = (try Matrix(gate), try Matrix(up))
    try Matrix(dy).swiGLUBackward(gate: dGate, up: dUp)
    func loss(_ gate: Table, _ up: Table) throws -> Double {
      let output = try Matrix(rows: 3, columns: 20)
      output.setSwiGLU(gate: try Matrix(gate), up: try Matrix(up))
      return Table(output).dot(dy)
    }
    let direction = dice.table(3, 20)
    let alongGate = try FiniteDifferences.derivative(at: gate, along: direction, step: 0.05) {
      try loss($0, up)
    }
    let alongUp = try FiniteDifferences.derivative(at: up, along: direction, step: 0.05) {
      try loss(gate, $0)
    }
    #expect(abs(Table(dGate).dot(direction) - alongGate) < 1e-4)
    #expect(abs(Table(dUp).dot(direction) - alongUp) < 1e-4)
  }
}
