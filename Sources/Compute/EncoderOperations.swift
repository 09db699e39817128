import CKernels

// MARK: - Layer norm (Ba, Kiros & Hinton 2016)

/// Mean and 1 / standard deviation of each row, [rows, 1] each: what a layer norm keeps for its backward.
public struct RowMoments: Sendable {
  public let mean: Matrix
  public let inverseDeviation: Matrix

  public init(rows: Int) throws {
    mean = try Matrix(rows: rows, columns: 1)
    inverseDeviation = try Matrix(rows: rows, columns: 1)
  }

  private init(mean: Matrix, inverseDeviation: Matrix) {
    self.mean = mean
    self.inverseDeviation = inverseDeviation
  }

  public func rows(_ range: Range<Int>) -> RowMoments {
    RowMoments(mean: mean.rows(range), inverseDeviation: inverseDeviation.rows(range))
  }
}

extension Matrix {
  /// self = (x − mean(x)) / √(variance(x) + ε) ∘ weight + bias by rows; `moments` are kept for the backward.
  public func setLayerNorm(of x: Matrix, weight: Matrix, bias: Matrix, epsilon: Float, moments: RowMoments?) {
    precondition(rows == x.rows && columns == x.columns && weight.count == columns && bias.count == columns)
    precondition(moments.map { $0.mean.rows == rows } ?? true)
    assay_layernorm(
      rows, columns, x.f32, x.stride, weight.f32, bias.f32, epsilon, f32, stride, moments?.mean.f32,
      moments?.inverseDeviation.f32)
  }

  /// self += gradient of the norm's input, for `dy` the gradient of its output.
  public func addLayerNormBackward(x: Matrix, weight: Matrix, moments: RowMoments, dy: Matrix) {
    precondition(rows == x.rows && columns == x.columns && weight.count == columns)
    precondition(dy.rows == rows && dy.columns == columns && moments.mean.rows == rows)
    assay_layernorm_backward(
      rows, columns, x.f32, x.stride, weight.f32, moments.mean.f32, moments.inverseDeviation.f32, dy.f32,
      dy.stride, f32, stride)
  }

  /// Adds the gradients of the norm's weight and bias, [1, columns] each, for self the gradient of its output.
  public func addLayerNormParameterGradients(x: Matrix, moments: RowMoments, weight: Matrix, bias: Matrix) {
    precondition(rows == x.rows && columns == x.columns && weight.count == columns && bias.count == columns)
    precondition(moments.mean.rows == rows)
    assay_layernorm_parameters(
      rows, columns, x.f32, x.stride, moments.mean.f32, moments.inverseDeviation.f32, f32, stride, weight.f32,
      bias.f32)
  }
}

// MARK: - GELU (Hendrycks & Gimpel 2016) and tanh

extension Matrix {
  /// self = x ∘ Φ(x), Φ by the error function; x may be self.
  public func setGELU(of x: Matrix) {
    precondition(x.rows == rows && x.columns == columns)
    assay_gelu(rows, columns, x.f32, x.stride, f32, stride)
  }

  /// self, the gradient of gelu(x), becomes the gradient of x.
  public func geluBackward(x: Matrix) {
    precondition(x.rows == rows && x.columns == columns)
    assay_gelu_backward(rows, columns, x.f32, x.stride, f32, stride)
  }

  /// self = tanh(x); x may be self.
  public func setTanh(of x: Matrix) {
    precondition(x.rows == rows && x.columns == columns)
    assay_tanh(rows, columns, x.f32, x.stride, f32, stride)
  }

  /// self, the gradient of y = tanh(x), becomes the gradient of x.
  public func tanhBackward(y: Matrix) {
    precondition(y.rows == rows && y.columns == columns)
    assay_tanh_backward(rows, columns, y.f32, y.stride, f32, stride)
  }
}

// MARK: - Sums over rows

extension Matrix {
  /// self [1, columns] += Σ of the rows of x: the gradient of a bias, and a mean before it is divided.
  public func addColumnSums(of x: Matrix) {
    precondition(count == x.columns && isContiguous)
    assay_add_column_sums(x.rows, x.columns, x.f32, x.stride, f32)
  }
}
