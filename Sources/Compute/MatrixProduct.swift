import CKernels

/// One term A·B of a sum of products; the terms of one call share the result, so that it is written once.
///
/// - Note: shapes: `a` is [m, k] (or [k, m] when `transposeA`), `b` is [k, n] (or [n, k] when `transposeB`).
public struct Product {
  private enum Factor {
    case matrix(Matrix)
    case weight(PackedWeight)
  }

  private let a: Matrix
  private let b: Factor
  private let transposeA: Bool
  private let transposeB: Bool
  private let compute: Element

  /// - Parameter compute: what the factors are rounded to before they are multiplied; sums are f32 always.
  ///   By default what `b` is stored as.
  public init(
    _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false, compute: Element? = nil
  ) {
    self.a = a
    self.b = .matrix(b)
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.compute = compute ?? b.element
  }

  /// x·Wᵀ [m, outputs] for the forward of a frozen layer, or x·W [m, inputs] for its backward, when `across`;
  /// computed in what the weight is stored as.
  public init(_ x: Matrix, _ weight: PackedWeight, across: Bool = false) {
    a = x
    b = .weight(weight)
    transposeA = false
    transposeB = !across
    compute = weight.element
  }

  private var sizeOfB: (rows: Int, columns: Int) {
    switch b {
    case .matrix(let b): (b.rows, b.columns)
    case .weight(let b): (b.outputs, b.inputs)
    }
  }

  var m: Int { transposeA ? a.columns : a.rows }
  var k: Int { transposeA ? a.rows : a.columns }
  var n: Int { transposeB ? sizeOfB.rows : sizeOfB.columns }

  var term: assay_product {
    let inner = transposeB ? sizeOfB.columns : sizeOfB.rows
    precondition(inner == k, "inner dimensions \(k) and \(inner)")
    var term = assay_product()
    term.a = UnsafeRawPointer(a.raw)
    term.a_row = transposeA ? 1 : a.stride
    term.a_column = transposeA ? a.stride : 1
    term.a_element = a.element.code
    term.k = k
    term.compute = compute.code
    switch b {
    case .matrix(let b):
      term.b = UnsafeRawPointer(b.raw)
      term.b_row = transposeB ? 1 : b.stride
      term.b_column = transposeB ? b.stride : 1
      term.b_element = b.element.code
      term.b_layout = ASSAY_PLAIN
    case .weight(let weight):
      term.b = UnsafeRawPointer(weight.units)
      term.b_row = weight.panelUnits
      term.b_layout = transposeB ? ASSAY_PACKED : ASSAY_PACKED_ACROSS
    }
    return term
  }
}

extension Matrix {
  /// self = Σ a·b over the terms, or self += … when `accumulate`. On the calling thread.
  public func setProduct(_ first: Product, _ second: Product? = nil, accumulate: Bool = false) {
    precondition(
      element == .f32 && first.m == rows && first.n == columns, "product into \(rows) × \(columns)")
    var status: Int32
    if let second {
      precondition(second.m == rows && second.n == columns)
      let terms = [first.term, second.term]
      status = assay_gemm(rows, columns, terms, 2, f32, stride, accumulate ? 1 : 0)
    } else {
      var term = first.term
      status = assay_gemm(rows, columns, &term, 1, f32, stride, accumulate ? 1 : 0)
    }
    // A few megabytes of scratch, once for each thread: a machine that has not even those cannot go on.
    precondition(status == 0, "no memory for packing a matrix product")
  }
}
