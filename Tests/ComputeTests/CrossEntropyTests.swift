import Compute
import Foundation
import Testing

@Suite("Cross-entropy")
struct CrossEntropyTests {
  static let shapes = [(1, 1), (3, 2), (2, 7), (5, 16), (4, 33), (1, 100), (2, 1025)]

  static func targets(_ dice: inout Dice, _ rows: Int, _ columns: Int) -> [Int32] {
    (0..<rows).map { _ in Int32(dice.next() % UInt64(columns)) }
  }

  @Test("crossEntropy: losses", arguments: shapes)
  func losses(rows: Int, columns: Int) throws {
    var dice = Dice(51)
    let logits = dice.table(rows, columns, scale: 20)
    let targets = Self.targets(&dice, rows, columns)
    let fast = try Window(logits)
    let losses = try Matrix(rows: rows, columns: 1)
    fast.matrix.crossEntropy(targets: targets[...], losses: losses, gradientScale: nil)
    let twin = Reference.crossEntropy(logits, targets: targets)
    for (ours, expected) in zip(losses.values, twin) { #expect(abs(Double(ours) - expected) < 5e-6) }
    // Without a gradient the logits stay.
    #expect(Table(fast.matrix) == logits)
  }

  @Test("crossEntropy(gradientScale:)", arguments: shapes)
  func gradient(rows: Int, columns: Int) throws {
    var dice = Dice(52)
    let logits = dice.table(rows, columns, scale: 3)
    let targets = Self.targets(&dice, rows, columns)
    let scale: Float = 0.37
    let fast = try Window(logits, around: Window.mark)
    let losses = try Matrix(rows: rows, columns: 1)
    fast.matrix.crossEntropy(targets: targets[...], losses: losses, gradientScale: scale)
    func loss(_ z: Table) -> Double {
      Double(scale) * Reference.crossEntropy(z, targets: targets).reduce(0, +)
    }
    if columns == 1 {
      #expect(fast.matrix.values.allSatisfy { $0 == 0 })
    } else if columns <= 100 {
      #expect(relativeError(fast.matrix, FiniteDifferences.gradient(at: logits, of: loss)) < 2e-6)
    } else {
      let direction = dice.table(rows, columns)
      let slope = FiniteDifferences.derivative(at: logits, along: direction, step: 1e-4, of: loss)
      #expect(abs(Table(fast.matrix).dot(direction) - slope) < 1e-6)
    }
    // Each row's gradient sums to nothing.
    for r in 0..<rows { #expect(abs(Table(fast.matrix).row(r).reduce(0, +)) < 1e-6) }
    #expect(fast.isUntouchedAround)
  }

  @Test("crossEntropy(gradientScale: 0) gives the gradient of nothing")
  func zeroScale() throws {
    let logits = try Matrix([1, 2, 3], rows: 1, columns: 3)
    logits.crossEntropy(targets: [2], losses: try Matrix(rows: 1, columns: 1), gradientScale: 0)
    #expect(logits.values == [0, 0, 0])
  }

  @Test("crossEntropy: the loss does not overflow, and a hopeless target costs what it should")
  func extremes() throws {
    let losses = try Matrix(rows: 3, columns: 1)
    let logits = try Matrix([1e30, 0, -80, 0, 3e38, -3e38], rows: 3, columns: 2)
    logits.crossEntropy(targets: [0, 0, 0], losses: losses, gradientScale: nil)
    #expect(losses.values == [0, 80, 0])
  }

  @Test("exp within 4 units of the last place where softmax uses it, never 0 below")
  func exponentialOfNegatives() throws {
    // softmax([0, x, 0 …])[1] / softmax[0] = e^x.
    let points = (0...8400).map { -Float($0) * 0.01 }
    let logits = try Matrix(points.flatMap { [0, $0] }, rows: points.count, columns: 2)
    let targets = [Int32](repeating: 0, count: points.count)
    // Scaled up, so that the smallest are not subnormal; the target's one-hot only concerns column 0.
    logits.crossEntropy(
      targets: targets[...], losses: try Matrix(rows: points.count, columns: 1), gradientScale: 16)
    let values = logits.values
    var worst = 0.0
    for (i, x) in points.enumerated() {
      let e = exp(Double(x))
      let expected = 16 * e / (1 + e)
      worst = max(worst, abs(Double(values[2 * i + 1]) - expected) / expected)
    }
    #expect(worst < 4 * 0x1p-23, "\(worst * 0x1p23) units")

    let far = try Matrix([0, -1000], rows: 1, columns: 2)
    far.crossEntropy(targets: [0], losses: try Matrix(rows: 1, columns: 1), gradientScale: 1)
    #expect(far.values[1] > 0 && far.values[1] < 2e-38)
  }

  @Test("exp within 5 units of the last place where SwiGLU uses it")
  func exponentialOfBothSigns() throws {
    // silu(g) = g / (1 + e^−g), with −g over the whole range of exp that leaves a normal number.
    let points = (-8700...8700).map { Float($0) * 0.01 }.filter { $0 != 0 }
    let gate = try Matrix(points, rows: 1, columns: points.count)
    let up = try Matrix([Float](repeating: 1, count: points.count), rows: 1, columns: points.count)
    let output = try Matrix(rows: 1, columns: points.count)
    output.setSwiGLU(gate: gate, up: up)
    var worst = 0.0
    for (x, y) in zip(points, output.values) {
      let expected = Double(x) / (1 + exp(-Double(x)))
      worst = max(worst, abs((Double(y) - expected) / expected))
    }
    #expect(worst < 5 * 0x1p-23, "\(worst * 0x1p23) units")
  }
}
