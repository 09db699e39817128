import Compute
import Testing

@Suite("Layer norm")
struct LayerNormTests {
  static let epsilon: Float = 1e-12
  // One column has no deviation and is no norm.
  static let shapes = [(3, 2), (2, 7), (5, 8), (4, 31), (7, 33), (1, 64), (3, 130), (2, 577)]

  @Test("setLayerNorm", arguments: shapes)
  func forward(rows: Int, columns: Int) throws {
    var dice = Dice(61)
    let x = dice.table(rows, columns, scale: 3)
    let (weight, bias) = (dice.table(1, columns), dice.table(1, columns))
    let twin = Reference.layerNorm(x, weight: weight, bias: bias, epsilon: Double(Self.epsilon))
    let output = try Window(rows: rows, columns: columns)
    let moments = try RowMoments(rows: rows)
    output.matrix.setLayerNorm(
      of: try Window(x).matrix, weight: try Matrix(weight), bias: try Matrix(bias), epsilon: Self.epsilon,
      moments: moments)
    #expect(relativeError(output.matrix, twin.output) < 2e-6)
    // Means are near zero, and as exact as what was summed.
    #expect(zip(moments.mean.values, twin.means).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    #expect(relativeError(Table(moments.inverseDeviation).values, twin.inverses) < 1e-6)
    #expect(output.isUntouchedAround)
  }

  @Test("a large mean does not cost the deviation its digits")
  func offset() throws {
    var dice = Dice(62)
    let x = dice.table(2, 384).map { Double(Float($0 + 1000)) }
    let (weight, bias) = (dice.table(1, 384), dice.table(1, 384))
    let twin = Reference.layerNorm(x, weight: weight, bias: bias, epsilon: Double(Self.epsilon))
    let output = try Matrix(rows: 2, columns: 384)
    output.setLayerNorm(
      of: try Matrix(x), weight: try Matrix(weight), bias: try Matrix(bias), epsilon: Self.epsilon,
      moments: nil)
    // An f32 near 1000 is good to 6e-5.
    #expect(relativeError(output, twin.output) < 2e-4)
  }

  @Test("the gradients of input, weight and bias are added to what is there", arguments: shapes)
  func backward(rows: Int, columns: Int) throws {
    var dice = Dice(63)
    let x = dice.table(rows, columns)
    let (weight, bias) = (dice.table(1, columns), dice.table(1, columns))
    let (dy, start) = (dice.table(rows, columns), dice.table(rows, columns))
    func loss(x: Table, weight: Table, bias: Table) -> Double {
      Reference.layerNorm(x, weight: weight, bias: bias, epsilon: Double(Self.epsilon)).output.dot(dy)
    }
    let input = try Window(x).matrix
    let w = try Matrix(weight)
    let upstream = try Window(dy).matrix
    let moments = try RowMoments(rows: rows)
    try Matrix(rows: rows, columns: columns).setLayerNorm(
      of: input, weight: w, bias: try Matrix(bias), epsilon: Self.epsilon, moments: moments)
    let dx = try Window(start, around: Window.mark)
    dx.matrix.addLayerNormBackward(x: input, weight: w, moments: moments, dy: upstream)
    #expect(dx.isUntouchedAround)
    let (dWeight, dBias) = (try Matrix(weight), try Matrix(bias))
    upstream.addLayerNormParameterGradients(x: input, moments: moments, weight: dWeight, bias: dBias)

    if columns > 2, rows * columns <= 300 {
      let expected = FiniteDifferences.gradient(at: x) { loss(x: $0, weight: weight, bias: bias) }
      #expect(relativeError(dx.matrix, expected.adding(1, start)) < 1e-5)
    }
    let byWeight = FiniteDifferences.gradient(at: weight) { loss(x: x, weight: $0, bias: bias) }
    #expect(relativeError(dWeight, byWeight.adding(1, weight)) < 5e-6)
    let byBias = FiniteDifferences.gradient(at: bias) { loss(x: x, weight: weight, bias: $0) }
    #expect(relativeError(dBias, byBias.adding(1, bias)) < 2e-6)
    if columns > 2 {
      let direction = dice.table(rows, columns)
      let slope = FiniteDifferences.derivative(at: x, along: direction, step: 1e-4) {
        loss(x: $0, weight: weight, bias: bias)
      }
      let along = Table(dx.matrix).adding(-1, start).dot(direction)
      #expect(abs(along - slope) < 2e-5 * max(1, abs(slope)))
    }
  }

  @Test("addColumnSums")
  func columnSums() throws {
    var dice = Dice(64)
    for (rows, columns) in [(1, 1), (5, 3), (17, 130)] {
      let (x, start) = (dice.table(rows, columns), dice.table(1, columns))
      var twin = start
      for r in 0..<rows { for c in 0..<columns { twin[0, c] += x[r, c] } }
      let sums = try Matrix(start)
      sums.addColumnSums(of: try Window(x).matrix)
      #expect(relativeError(sums, twin) < 2e-6)
    }
  }
}
