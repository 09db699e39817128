import Compute
import Foundation

/// The slow twins: every operation of `Compute` once more, in Double and without any cleverness, from the formula.
/// Backwards have no twin here: they are compared with central differences of these.
enum Reference {
  /// Σ A·B over the terms, plus `start`.
  static func product(_ terms: [(a: Table, b: Table)], adding start: Table? = nil) -> Table {
    let n = terms[0].b.columns
    var result = start ?? Table(rows: terms[0].a.rows, columns: n)
    for (a, b) in terms {
      for i in 0..<a.rows {
        for k in 0..<a.columns {
          let factor = a.values[i * a.columns + k]
          // `while`: an unoptimised `for` costs several times as much, and this is the innermost loop of the tests.
          var at = i * n
          var from = k * n
          let end = from + n
          while from < end {
            result.values[at] += factor * b.values[from]
            at += 1
            from += 1
          }
        }
      }
    }
    return result
  }

  /// x / √(mean(x²) + ε) ∘ weight.
  static func rmsNorm(_ x: Table, weight: Table, epsilon: Double) -> (output: Table, inverseRMS: [Double]) {
    var output = x
    var inverses: [Double] = []
    for r in 0..<x.rows {
      let squares = x.row(r).reduce(0) { $0 + $1 * $1 }
      let inverse = 1 / (squares / Double(x.columns) + epsilon).squareRoot()
      inverses.append(inverse)
      for c in 0..<x.columns { output[r, c] = x[r, c] * inverse * weight[0, c] }
    }
    return (output, inverses)
  }

  /// (x − mean) / √(variance + ε) ∘ weight + bias.
  static func layerNorm(_ x: Table, weight: Table, bias: Table, epsilon: Double) -> (
    output: Table, means: [Double], inverses: [Double]
  ) {
    var output = x
    var means: [Double] = []
    var inverses: [Double] = []
    for r in 0..<x.rows {
      let mean = x.row(r).reduce(0, +) / Double(x.columns)
      let variance = x.row(r).reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.columns)
      let inverse = 1 / (variance + epsilon).squareRoot()
      means.append(mean)
      inverses.append(inverse)
      for c in 0..<x.columns { output[r, c] = (x[r, c] - mean) * inverse * weight[0, c] + bias[0, c] }
    }
    return (output, means, inverses)
  }

  /// x · (1 + erf(x / √2)) / 2.
  static func gelu(_ x: Table) -> Table { x.map { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 } }

  /// (x[i], x[i + size/2]) of each head turned by position · frequency[i]; the angle is an f32, as the models'
  /// reference implementation has it.
  static func rotate(_ x: Table, heads: Int, positions: [Int32], frequencies: [Double]) -> Table {
    var output = x
    let size = x.columns / heads
    for r in 0..<x.rows {
      for h in 0..<heads {
        for i in 0..<size / 2 {
          let angle = Double(Float(positions[r]) * Float(frequencies[i]))
          let (a, b) = (x[r, h * size + i], x[r, h * size + i + size / 2])
          output[r, h * size + i] = a * cos(angle) - b * sin(angle)
          output[r, h * size + i + size / 2] = b * cos(angle) + a * sin(angle)
        }
      }
    }
    return output
  }

  /// gate · σ(gate) · up.
  static func swiGLU(gate: Table, up: Table) -> Table {
    var output = gate
    for i in gate.values.indices {
      output.values[i] = gate.values[i] / (1 + exp(-gate.values[i])) * up.values[i]
    }
    return output
  }

  /// log Σ exp(row) − row[target].
  static func crossEntropy(_ logits: Table, targets: [Int32]) -> [Double] {
    (0..<logits.rows).map { r in
      let row = logits.row(r)
      let most = row.max() ?? 0
      return log(row.reduce(0) { $0 + exp($1 - most) }) + most - logits[r, Int(targets[r])]
    }
  }

  /// Attention of every query row over the key rows that `visible` names, heads sharing keys by groups.
  ///
  /// - Returns: output [rows, heads · size]; logSums [heads, rows].
  static func attention(
    q: Table, k: Table, v: Table, heads: Int, keyValueHeads: Int, visible: (Int) -> [Int]
  ) -> (output: Table, logSums: Table) {
    let size = q.columns / heads
    var output = Table(rows: q.rows, columns: q.columns)
    var logSums = Table(rows: heads, columns: q.rows)
    for row in 0..<q.rows {
      let seen = visible(row)
      for head in 0..<heads {
        let column = head * size
        let shared = head / (heads / keyValueHeads) * size
        let scores = seen.map { key in
          var dot = 0.0
          for i in 0..<size { dot += q[row, column + i] * k[key, shared + i] }
          return dot / Double(size).squareRoot()
        }
        let most = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - most) }
        logSums[head, row] = log(sum) + most
        for (key, score) in zip(seen, scores) {
          let p = exp(score - most) / sum
          for i in 0..<size { output[row, column + i] += p * v[key, shared + i] }
        }
      }
    }
    return (output, logSums)
  }

  /// Decay of the weights apart from the gradient's step; moments corrected for their start at zero. The betas are
  /// the f32 that the fast code has: 1 − 0.999 differs by 1e-5 between f32 and Double.
  static func adamW(
    _ w: inout [Double], gradient: [Double], m: inout [Double], v: inout [Double], step: Int, rate: Double,
    decay: Double, gradientScale: Double, beta1: Double = Double(Float(0.9)),
    beta2: Double = Double(Float(0.999)), epsilon: Double = 1e-8
  ) {
    for i in w.indices {
      let g = gradient[i] * gradientScale
      m[i] = beta1 * m[i] + (1 - beta1) * g
      v[i] = beta2 * v[i] + (1 - beta2) * g * g
      let meanGradient = m[i] / (1 - pow(beta1, Double(step)))
      let meanSquare = v[i] / (1 - pow(beta2, Double(step)))
      w[i] -= rate * (decay * w[i] + meanGradient / (meanSquare.squareRoot() + epsilon))
    }
  }
}
