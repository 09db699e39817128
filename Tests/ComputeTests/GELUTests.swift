import Compute
import Foundation
import Testing

@Suite("GELU and tanh")
struct GELUTests {
  static let shapes = [(1, 1), (3, 2), (2, 7), (5, 16), (4, 33), (1, 100), (2, 513)]

  @Test("setGELU", arguments: shapes)
  func forward(rows: Int, columns: Int) throws {
    var dice = Dice(71)
    let x = dice.table(rows, columns, scale: 8)
    let output = try Window(rows: rows, columns: columns)
    output.matrix.setGELU(of: try Window(x).matrix)
    #expect(relativeError(output.matrix, Reference.gelu(x)) < 1e-6)
    #expect(output.isUntouchedAround)
    let inPlace = try Matrix(x)
    inPlace.setGELU(of: inPlace)
    #expect(inPlace.values == output.matrix.values)
  }

  @Test("setGELU: every tenth of a thousandth from −12 to 12, by absolute error")
  func everywhere() throws {
    let x = Table(rows: 1, columns: 240_001, (0...240_000).map { Double(Float($0) * 1e-4 - 12) })
    let output = try Matrix(rows: 1, columns: x.columns)
    output.setGELU(of: try Matrix(x))
    let worst = zip(output.values, Reference.gelu(x).values).reduce(0) {
      max($0, abs(Double($1.0) - $1.1) / max(1, abs($1.1)))
    }
    #expect(worst < 1e-6, "\(worst)")
  }

  @Test("setGELU: what is not finite is not hidden")
  func nonFinite() throws {
    let x = try Matrix([.nan, .infinity, 1], rows: 1, columns: 3)
    x.setGELU(of: x)
    #expect(x.values[0].isNaN && x.values[1] == .infinity && x.values[2].isFinite)
  }

  @Test("geluBackward, in place", arguments: shapes)
  func backward(rows: Int, columns: Int) throws {
    var dice = Dice(72)
    let (x, dy) = (dice.table(rows, columns, scale: 5), dice.table(rows, columns))
    let d = try Window(dy, around: Window.mark)
    d.matrix.geluBackward(x: try Window(x).matrix)
    #expect(d.isUntouchedAround)
    // Elementwise, so that one difference of all elements at once gives every derivative.
    let h = 1e-5
    let rise = Reference.gelu(x.map { $0 + h }).adding(-1, Reference.gelu(x.map { $0 - h }))
    let expected = zip(rise.values, dy.values).map { $0 / (2 * h) * $1 }
    #expect(relativeError(Table(d.matrix).values, expected) < 1e-6)
  }

  @Test("setTanh and tanhBackward", arguments: shapes)
  func hyperbolicTangent(rows: Int, columns: Int) throws {
    var dice = Dice(73)
    let (x, dy) = (dice.table(rows, columns, scale: 4), dice.table(rows, columns))
    let y = try Window(rows: rows, columns: columns)
    y.matrix.setTanh(of: try Window(x).matrix)
    #expect(relativeError(y.matrix, x.map { tanh($0) }) < 1e-6)
    let d = try Window(dy, around: Window.mark)
    d.matrix.tanhBackward(y: y.matrix)
    let expected = zip(x.values, dy.values).map { $1 / (cosh($0) * cosh($0)) }
    #expect(relativeError(Table(d.matrix).values, expected) < 2e-6)
    #expect(y.isUntouchedAround && d.isUntouchedAround)
  }
}
