import CKernels

/// One term A·B of a sum of products; the terms of one call share the result, so that it is written once.
///
/// - Note: shapes: `a` is [m, k] (or [k, m] when `transposeA`), `b` is [k, n] (or [n, k] when `transposeB`).
public struct Product {
  let a: Matrix
  let b: Matrix
  let transposeA: Bool
  let transposeB: Bool
  let compute: Element

  /// - Parameter compute: what the factors are rounded to before they are multiplied, where the CPU has
  ///   bf16 products; sums are f32 always. By default bf16 when `b` (a frozen weight) is stored as bf16.
  public init(
    _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false, compute: Element? = nil
  ) {
    self.a = a
    self.b = b
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.compute = compute ?? b.element
  }

  var m: Int { transposeA ? a.columns : a.rows }
  var k: Int { transposeA ? a.rows : a.columns }
  var n: Int { transposeB ? b.rows : b.columns }

  var term: assay_product {
    precondition(
      (transposeB ? b.columns : b.rows) == k, "inner dimensions \(k) and \(transposeB ? b.columns : b.rows)")
    return assay_product(
      a: a.raw, a_row: transposeA ? 1 : a.stride, a_column: transposeA ? a.stride : 1,
      a_element: a.element.code,
      b: b.raw, b_row: transposeB ? 1 : b.stride, b_column: transposeB ? b.stride : 1,
      b_element: b.element.code,
      k: k, compute: compute.code)
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

  /// self (one row) = weight · x for weight [outputs, inputs]: one token of generation.
  public func setMatrixVector(_ weight: Matrix, _ x: Matrix) {
    precondition(rows == 1 && columns == weight.rows && x.rows == 1 && x.columns == weight.columns)
    assay_matrix_vector(
      weight.rows, weight.columns, weight.raw, weight.stride, weight.element == .bf16 ? 1 : 0, x.f32, f32)
  }
}

/// What this CPU can do.
public enum Processor {
  /// True when bf16 products run on instructions of their own (avx512_bf16); otherwise bf16 only saves memory.
  public static var hasBF16Products: Bool { assay_has_bf16_dot() != 0 }

  /// Multiply–add roof of one core, FLOP/s, measured in registers for about `seconds`.
  public static func measurePeak(_ element: Element, seconds: Double) -> Double {
    assay_measure_peak(element.code, seconds)
  }

  public static var instructionSet: String {
    switch assay_current_isa() {
    case ASSAY_ISA_AVX2: "AVX2"
    case ASSAY_ISA_AVX512: "AVX-512"
    case ASSAY_ISA_AVX512_BF16: "AVX-512 bf16"
    case ASSAY_ISA_WIDE_CHECK: "wide check"
    default: "portable"
    }
  }
}
