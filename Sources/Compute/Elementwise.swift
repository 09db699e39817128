import CKernels
import Foundation

// MARK: - RMS norm (Zhang & Sennrich 2019)

extension Matrix {
  /// self = x / rms(x) ∘ weight by rows; `inverseRMS` [rows, 1] is kept for the backward.
  public func setRMSNorm(of x: Matrix, weight: Matrix, epsilon: Float, inverseRMS: Matrix?) {
    precondition(rows == x.rows && columns == x.columns && weight.count == columns)
    precondition(inverseRMS.map { $0.rows == rows && $0.isContiguous } ?? true)
    assay_rmsnorm(rows, columns, x.f32, x.stride, weight.f32, epsilon, f32, stride, inverseRMS?.f32)
  }

  /// self += gradient of the norm's input, for `dy` the gradient of its output.
  public func addRMSNormBackward(x: Matrix, weight: Matrix, inverseRMS: Matrix, dy: Matrix) {
    precondition(rows == x.rows && columns == x.columns && dy.rows == rows && inverseRMS.rows == rows)
    assay_rmsnorm_backward(
      rows, columns, x.f32, x.stride, weight.f32, inverseRMS.f32, dy.f32, dy.stride, f32, stride)
  }
}

// MARK: - Rotary position embedding (Su et al. 2021)

/// cos and sin of position × frequency, [positions, headSize / 2].
public struct RotaryTable: Sendable {
  public let positions: Int
  let cosines: Matrix
  let sines: Matrix

  /// - Parameter frequencies: radians per position for each of the headSize / 2 pairs.
  public init(frequencies: [Double], positions: Int) throws {
    self.positions = positions
    cosines = try Matrix(rows: positions, columns: frequencies.count)
    sines = try Matrix(rows: positions, columns: frequencies.count)
    for position in 0..<positions {
      for (i, frequency) in frequencies.enumerated() {
        // As the reference rounds it: the frequency is an f32, their product another.
        let angle = Float(position) * Float(frequency)
        cosines.f32[position * frequencies.count + i] = Float(cos(Double(angle)))
        sines.f32[position * frequencies.count + i] = Float(sin(Double(angle)))
      }
    }
  }
}

extension Matrix {
  /// Turns the pairs (i, i + size/2) of each head by the angle of their row's position; `inverse` turns them back,
  /// which is also the backward.
  public func rotate(heads: Int, positions: ArraySlice<Int32>, table: RotaryTable, inverse: Bool = false) {
    precondition(
      positions.count == rows && columns % heads == 0 && columns / heads == 2 * table.cosines.columns)
    precondition(positions.allSatisfy { $0 >= 0 && $0 < table.positions })
    positions.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return }
      assay_rope(
        rows, heads, columns / heads, f32, stride, first, table.cosines.f32, table.sines.f32, inverse ? -1 : 1
      )
    }
  }
}

// MARK: - SwiGLU (Shazeer 2020)

extension Matrix {
  /// self = silu(gate) ∘ up.
  public func setSwiGLU(gate: Matrix, up: Matrix) {
    precondition(gate.rows == rows && gate.columns == columns && up.rows == rows && up.columns == columns)
    assay_swiglu(rows, columns, gate.f32, gate.stride, up.f32, up.stride, f32, stride)
  }

  /// `gate` and `up` are replaced by their gradients; self is the gradient of silu(gate) ∘ up.
  public func swiGLUBackward(gate: Matrix, up: Matrix) {
    precondition(gate.rows == rows && gate.columns == columns && up.rows == rows && up.columns == columns)
    assay_swiglu_backward(rows, columns, gate.f32, gate.stride, up.f32, up.stride, f32, stride)
  }
}

// MARK: - Cross-entropy

extension Matrix {
  /// −log softmax(row)[target] of each row into `losses` [rows, 1]. With a `gradientScale` each row is replaced by
  /// (softmax − one-hot) · gradientScale.
  public func crossEntropy(targets: ArraySlice<Int32>, losses: Matrix, gradientScale: Float?) {
    precondition(targets.count == rows && losses.rows == rows && losses.columns == 1)
    precondition(targets.allSatisfy { $0 >= 0 && $0 < columns })
    targets.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return }
      assay_cross_entropy(rows, columns, f32, stride, first, losses.f32, gradientScale ?? 0)
    }
    // The kernel takes 0 for “no gradient wanted” and leaves the logits.
    if gradientScale == 0 { fill(0) }
  }
}

// MARK: - Sums and scales

extension Matrix {
  /// self += x.
  public func add(_ x: Matrix) {
    precondition(x.rows == rows && x.columns == columns)
    assay_add(rows, columns, x.f32, x.stride, f32, stride)
  }

  /// Adds a bias [1, columns] to each row.
  public func addBias(_ bias: Matrix) {
    precondition(bias.count == columns)
    assay_add_bias(rows, columns, bias.f32, f32, stride)
  }

  public func scale(by factor: Float) {
    guard factor != 1 else { return }
    for row in 0..<rows { assay_scale(columns, factor, f32 + row * stride) }
  }

  public var sumOfSquares: Double {
    (0..<rows).reduce(0) { $0 + assay_sum_of_squares(columns, f32 + $1 * stride) }
  }

  public var allFinite: Bool {
    (0..<rows).allSatisfy { assay_all_finite(columns, f32 + $0 * stride) != 0 }
  }
}

// MARK: - Dropout

extension Matrix {
  /// self = mask ∘ x / (1 − p), or self += … . A row's mask depends on its key and the column alone: the same call
  /// on the gradient is the backward, and no mask is stored.
  public func setDropout(of x: Matrix, keys: ArraySlice<UInt64>, probability: Float, accumulate: Bool = false)
  {
    precondition(keys.count == rows && x.rows == rows && x.columns == columns)
    keys.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return }
      assay_dropout(rows, columns, x.f32, x.stride, first, probability, f32, stride, accumulate ? 1 : 0)
    }
  }
}

// MARK: - AdamW (Loshchilov & Hutter 2019)

public struct AdamWStep: Sendable {
  public var learningRate: Float
  public var beta1: Float = 0.9
  public var beta2: Float = 0.999
  public var epsilon: Float = 1e-8
  public var weightDecay: Float
  /// 1, 2, …
  public var step: Int
  /// Factor on the gradient: clipping.
  public var gradientScale: Float

  public init(learningRate: Float, weightDecay: Float, step: Int, gradientScale: Float) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.step = step
    self.gradientScale = gradientScale
  }
}

extension Matrix {
  /// One AdamW step on self, with first and second moments `m` and `v`, all of one contiguous shape.
  public func adamW(gradient: Matrix, m: Matrix, v: Matrix, _ s: AdamWStep) {
    precondition(isContiguous && gradient.isContiguous && m.isContiguous && v.isContiguous)
    precondition(gradient.count == count && m.count == count && v.count == count)
    let correction1 = Float(1 - pow(Double(s.beta1), Double(s.step)))
    let correction2 = Float(1 - pow(Double(s.beta2), Double(s.step)))
    assay_adamw(
      count, f32, gradient.f32, m.f32, v.f32, s.learningRate, s.beta1, s.beta2, s.epsilon, s.weightDecay,
      correction1, correction2, s.gradientScale)
  }
}
