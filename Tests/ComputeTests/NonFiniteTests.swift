import Compute
import Testing

/// What went wrong must reach the loss: the fast exp clamps its argument, which would hide it.
@Suite("NaN and infinity are never hidden")
struct NonFiniteTests {
  static let widths = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100]
  static let bad: [Float] = [.nan, -.nan, .signalingNaN, .infinity, -.infinity]
  /// A NaN whose payload is all ones: adding to its bits for rounding would run over into −0.
  static let fullPayload = Float(bitPattern: 0x7fff_ffff)

  @Test("allFinite: one bad element anywhere, but none outside of the window", arguments: widths)
  func allFinite(width: Int) throws {
    var values = [Double](repeating: Double(Float.greatestFiniteMagnitude), count: 3 * width)
    values[0] = Double(-Float.greatestFiniteMagnitude)
    let window = try Window(Table(rows: 3, columns: width, values))
    #expect(window.matrix.allFinite)
    for column in 0..<width {
      for bad in Self.bad + [Self.fullPayload] {
        window.matrix[column % 3, column] = bad
        #expect(!window.matrix.allFinite)
        window.matrix[column % 3, column] = 1
      }
    }
    #expect(window.matrix.allFinite)
  }

  @Test("crossEntropy: a bad logit makes its row's loss NaN or infinite, and no other's", arguments: widths)
  func crossEntropy(width: Int) throws {
    for column in 0..<width {
      for bad in Self.bad {
        for scale in [nil, 1] as [Float?] {
          let logits = try Matrix([Float](repeating: 0.5, count: 3 * width), rows: 3, columns: width)
          logits[1, column] = bad
          let losses = try Matrix(rows: 3, columns: 1)
          logits.crossEntropy(targets: [0, Int32(width - 1), 0], losses: losses, gradientScale: scale)
          let result = losses.values
          #expect(!result[1].isFinite && (result[1].isNaN || !bad.isNaN), "\(bad) at \(column): \(result[1])")
          #expect(result[0].isFinite && result[2] == result[0])
        }
      }
    }
  }

  @Test("crossEntropy: a NaN logit makes its gradient NaN")
  func crossEntropyGradient() throws {
    let logits = try Matrix([Float](repeating: 0.5, count: 40), rows: 1, columns: 40)
    logits[0, 33] = .nan
    logits.crossEntropy(targets: [2], losses: try Matrix(rows: 1, columns: 1), gradientScale: 1)
    #expect(!logits.allFinite)
  }

  /// One head of two, runs of 5 and 70 rows behind a prefix of 4.
  static let attention = AttentionCase(
    heads: 2, keyValueHeads: 1, headSize: 8, prefix: 4, lengths: [5, 70], seed: 91)

  @Test(
    "RaggedAttention: a NaN or overflowing query makes its row so, and no other",
    arguments: [0, 3, 4, 8, 9, 78])
  func attentionQuery(row: Int) throws {
    let test = Self.attention
    for bad in [Double.nan, .infinity, 3e38, -3e38] {
      // A key of the same size makes the score overflow.
      var (q, k) = (test.q, test.k)
      q[row, 3] = bad
      if bad.isFinite { k = k.map { $0 < 0 ? -2 : 2 } }
      let fast = try test.run(workers: Workers(count: 1), q: q, k: k)
      for r in 0..<test.rows {
        let head = fast.output.rows(r..<r + 1).columns(0..<8)
        #expect(head.allFinite == (r != row), "row \(r), \(bad) in row \(row)")
        #expect(fast.logSums[0, r].isFinite == (r != row))
        #expect(fast.output.rows(r..<r + 1).columns(8..<16).allFinite)
      }
      #expect(!fast.dq.rows(row..<row + 1).allFinite)
      #expect(!fast.dk.allFinite && !fast.dv.allFinite)
    }
  }

  @Test(
    "RaggedAttention: a NaN key reaches all who see it, and a NaN value too", arguments: [1, 4, 9, 40, 78])
  func attentionKey(row: Int) throws {
    let test = Self.attention
    var (k, v) = (test.k, test.v)
    k[row, 2] = .nan
    v[row, 2] = .nan
    let byKey = try test.run(workers: Workers(count: 1), k: k)
    let byValue = try test.run(workers: Workers(count: 1), v: v)
    for r in 0..<test.rows where test.visible(r).contains(row) {
      #expect(!byKey.output.rows(r..<r + 1).allFinite && !byKey.logSums[0, r].isFinite, "row \(r)")
      #expect(!byValue.output.rows(r..<r + 1).allFinite, "row \(r)")
    }
    // A mask is no product with 0: who does not see the key is not touched by it.
    for r in 0..<test.rows where !test.visible(r).contains(row) {
      #expect(byKey.output.rows(r..<r + 1).allFinite, "row \(r)")
    }
  }

  @Test("copy(from:) keeps every NaN and infinity a NaN or infinity in bf16")
  func narrowing() throws {
    let values = Self.bad + [Self.fullPayload, -Self.fullPayload, Float(bitPattern: 0x7f80_0001)]
    let narrow = try Matrix(values, rows: 1, columns: values.count, element: .bf16)
    for (before, after) in zip(values, narrow.values) {
      #expect(
        before.isNaN ? after.isNaN : before == after, "\(String(before.bitPattern, radix: 16)) → \(after)")
    }
  }

  @Test("setRMSNorm, setSwiGLU, setProduct and adamW hand NaN on")
  func elementwise() throws {
    for width in Self.widths {
      let x = try Matrix([Float](repeating: 1, count: width), rows: 1, columns: width)
      let ones = try Matrix(x.values, rows: 1, columns: width)
      x[0, width - 1] = .nan
      let output = try Matrix(rows: 1, columns: width)
      output.setRMSNorm(of: x, weight: ones, epsilon: 1e-5, inverseRMS: nil)
      #expect(output.values.allSatisfy { $0.isNaN })
      output.setSwiGLU(gate: x, up: ones)
      #expect(output[0, width - 1].isNaN)
      output.setSwiGLU(gate: ones, up: x)
      #expect(output[0, width - 1].isNaN)
      let product = try Matrix(rows: 1, columns: 1)
      product.setProduct(Product(x, ones, transposeB: true))
      #expect(product.values[0].isNaN)
      let (m, v) = (try Matrix(rows: 1, columns: width), try Matrix(rows: 1, columns: width))
      ones.adamW(
        gradient: x, m: m, v: v, AdamWStep(learningRate: 1, weightDecay: 0, step: 1, gradientScale: 1))
      #expect(ones[0, width - 1].isNaN && x.sumOfSquares.isNaN)
    }
  }
}
