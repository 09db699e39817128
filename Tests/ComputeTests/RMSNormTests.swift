import Compute
import Testing

@Suite("RMS norm")
struct RMSNormTests {
  static let epsilon: Float = 1e-5
  static let shapes = [(1, 1), (3, 2), (2, 7), (5, 8), (4, 31), (7, 33), (1, 64), (3, 130), (2, 577)]

  @Test("setRMSNorm", arguments: shapes)
  func forward(rows: Int, columns: Int) throws {
    var dice = Dice(21)
    let (x, weight) = (dice.table(rows, columns, scale: 3), dice.table(1, columns))
    let twin = Reference.rmsNorm(x, weight: weight, epsilon: Double(Self.epsilon))
    let output = try Window(rows: rows, columns: columns)
    let inverse = try Matrix(rows: rows, columns: 1)
    output.matrix.setRMSNorm(
      of: try Window(x).matrix, weight: try Matrix(weight), epsilon: Self.epsilon, inverseRMS: inverse)
    #expect(relativeError(output.matrix, twin.output) < 1e-6)
    #expect(relativeError(Table(inverse).values, twin.inverseRMS) < 1e-6)
    #expect(output.isUntouchedAround)
  }

  @Test("addRMSNormBackward: added to what is there", arguments: shapes)
  func backward(rows: Int, columns: Int) throws {
    var dice = Dice(22)
    let (x, weight) = (dice.table(rows, columns), dice.table(1, columns))
    let (dy, start) = (dice.table(rows, columns), dice.table(rows, columns))
    let ours = try Self.backward(x, weight: weight, dy: dy, start: start)
    // Large tables are checked along directions, small ones element by element.
    func loss(_ x: Table) -> Double {
      Reference.rmsNorm(x, weight: weight, epsilon: Double(Self.epsilon)).output.dot(dy)
    }
    if x.values.count <= 300 {
      let expected = FiniteDifferences.gradient(at: x, of: loss)
      #expect(relativeError(ours, expected.adding(1, start)) < 2e-6)
    }
    let direction = dice.table(rows, columns)
    let slope = FiniteDifferences.derivative(at: x, along: direction, step: 1e-4, of: loss)
    let along = Table(ours).adding(-1, start).dot(direction)
    #expect(abs(along - slope) < 1e-5 * max(1, abs(slope)))
  }

  @Test("addRMSNormBackward: against differences of the fast forward itself")
  func backwardOfFastForward() throws {
    var dice = Dice(23)
    let (x, weight, dy) = (dice.table(3, 20), dice.table(1, 20), dice.table(3, 20))
    let ours = try Self.backward(x, weight: weight, dy: dy, start: Table(rows: 3, columns: 20))
    let direction = dice.table(3, 20)
    let slope = try FiniteDifferences.derivative(at: x, along: direction, step: 0.02) {
      let output = try Matrix(rows: 3, columns: 20)
      output.setRMSNorm(
        of: try Matrix($0), weight: try Matrix(weight), epsilon: Self.epsilon, inverseRMS: nil)
      return Table(output).dot(dy)
    }
    #expect(abs(Table(ours).dot(direction) - slope) < 2e-4 * max(1, abs(slope)))
  }

  /// start + the gradient of the norm's input.
  static func backward(_ x: Table, weight: Table, dy: Table, start: Table) throws -> Matrix {
    let input = try Window(x).matrix
    let w = try Matrix(weight)
    let inverse = try Matrix(rows: x.rows, columns: 1)
    try Matrix(rows: x.rows, columns: x.columns).setRMSNorm(
      of: input, weight: w, epsilon: epsilon, inverseRMS: inverse)
    let dx = try Window(start, around: Window.mark)
    dx.matrix.addRMSNormBackward(x: input, weight: w, inverseRMS: inverse, dy: try Window(dy).matrix)
    #expect(dx.isUntouchedAround)
    return dx.matrix
  }
}
