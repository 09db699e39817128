import Compute
import Testing

@Suite("AdamW")
struct AdamWTests {
  @Test("adamW: ten steps", arguments: [1, 7, 16, 33, 130])
  func steps(count: Int) throws {
    var dice = Dice(71)
    var w = dice.table(1, count)
    let weights = try Matrix(w)
    let (fastM, fastV) = (try Matrix(rows: 1, columns: count), try Matrix(rows: 1, columns: count))
    var m = [Double](repeating: 0, count: count)
    var v = m
    for step in 1...10 {
      let gradient = dice.table(1, count, scale: step % 3 == 0 ? 1e-4 : 2)
      let scale: Float = step == 4 ? 0.25 : 1
      let rate = 0.01 / Float(step)
      weights.adamW(
        gradient: try Matrix(gradient), m: fastM, v: fastV,
        AdamWStep(learningRate: rate, weightDecay: 0.1, step: step, gradientScale: scale))
      Reference.adamW(
        &w.values, gradient: gradient.values, m: &m, v: &v, step: step, rate: Double(rate), decay: 0.1,
        gradientScale: Double(scale))
    }
    #expect(relativeError(weights, w) < 2e-6)
    #expect(relativeError(Table(fastM).values, m) < 2e-6)
    #expect(relativeError(Table(fastV).values, v) < 2e-6)
  }

  @Test("adamW: the first step moves every weight by the learning rate, against its gradient's sign")
  func firstStep() throws {
    let weights = try Matrix(rows: 1, columns: 4)
    weights.adamW(
      gradient: try Matrix([1e-3, -1e3, 2, 0], rows: 1, columns: 4), m: try Matrix(rows: 1, columns: 4),
      v: try Matrix(rows: 1, columns: 4),
      AdamWStep(learningRate: 0.5, weightDecay: 0, step: 1, gradientScale: 1))
    for (ours, expected) in zip(weights.values, [-0.5, 0.5, -0.5, 0] as [Float]) {
      #expect(abs(ours - expected) < 1e-5)
    }
  }

  @Test("adamW: decay shrinks weights that have no gradient, and only by rate · decay")
  func decay() throws {
    let weights = try Matrix([4, -2], rows: 2, columns: 1)
    weights.adamW(
      gradient: try Matrix(rows: 2, columns: 1), m: try Matrix(rows: 2, columns: 1),
      v: try Matrix(rows: 2, columns: 1),
      AdamWStep(learningRate: 0.5, weightDecay: 0.25, step: 3, gradientScale: 1))
    #expect(weights.values == [3.5, -1.75])
  }
}
