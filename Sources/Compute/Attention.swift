import CKernels

/// Queries of one sequence: rows of the batch, which see a shared prefix (if any) and their own rows.
public struct AttentionRun: Sendable, Equatable {
  public let rows: Range<Int>
  /// Rows at the start of the batch that all of these see; 0 when there is no shared prefix.
  public let prefix: Int

  public init(rows: Range<Int>, prefix: Int) {
    self.rows = rows
    self.prefix = prefix
  }
}

/// Grouped-query attention over a ragged batch: block-diagonal, causal or not, nothing padded.
///
/// One item is one query head of one run; items are independent, so they are what workers share out.
public struct RaggedAttention: Sendable {
  public let heads: Int
  public let keyValueHeads: Int
  public let headSize: Int
  public let runs: [AttentionRun]
  /// True when a row sees no row after it (a decoder), false when it sees all of its sequence (an encoder).
  public let isCausal: Bool
  /// What queries, keys, values and probabilities are rounded to before they are multiplied; sums and the softmax
  /// are f32 always.
  public let compute: Element

  public init(
    heads: Int, keyValueHeads: Int, headSize: Int, runs: [AttentionRun], isCausal: Bool = true,
    compute: Element = .f32
  ) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.isCausal = isCausal
    self.compute = compute
    // Longest first, so that the last item to finish is a short one.
    self.runs = runs.sorted { ($0.rows.count, -$0.rows.lowerBound) > ($1.rows.count, -$1.rows.lowerBound) }
  }

  public var items: Int { runs.count * heads }

  private func problem(_ item: Int, q: Matrix, k: Matrix, v: Matrix) -> (
    assay_attention, AttentionRun, head: Int
  ) {
    let run = runs[item / heads]
    let head = item % heads
    let shared = head / (heads / keyValueHeads) * headSize
    let row = run.rows.lowerBound
    return (
      assay_attention(
        count: run.rows.count, size: headSize, q: q.f32 + row * q.stride + head * headSize, q_row: q.stride,
        k: k.f32 + row * k.stride + shared, v: v.f32 + row * v.stride + shared, kv_row: k.stride,
        prefix_count: run.prefix, prefix_k: k.f32 + shared, prefix_v: v.f32 + shared, prefix_row: k.stride,
        scale: 1 / Float(headSize).squareRoot(), causal: isCausal ? 1 : 0, compute: compute.code), run, head
    )
  }

  private func check(_ q: Matrix, _ k: Matrix, _ v: Matrix) {
    precondition(
      q.columns == heads * headSize && k.columns == keyValueHeads * headSize && v.columns == k.columns)
    precondition(k.stride == v.stride && q.rows == k.rows && q.rows == v.rows)
  }

  /// - Parameters:
  ///   - q: [rows, heads · headSize], rotated; k, v: [rows, keyValueHeads · headSize].
  ///   - output: [rows, heads · headSize].
  ///   - logSums: [heads, rows], log Σ exp of the scores.
  public func forward(item: Int, q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSums: Matrix) {
    check(q, k, v)
    var (x, run, head) = problem(item, q: q, k: k, v: v)
    let row = run.rows.lowerBound
    let status = assay_attention_forward(
      &x, output.f32 + row * output.stride + head * headSize, output.stride,
      logSums.f32 + head * logSums.stride + row)
    precondition(status == 0, "no memory for attention scores")
  }

  /// - Parameters:
  ///   - dq, dk, dv: [rows, heads · headSize], overwritten in this item's rows and head. Key and value gradients stay
  ///     apart for each query head; `reduceKeyValue` adds the heads of a group.
  ///   - prefixDK, prefixDV: [runs.count · prefix, heads · headSize]: what each run gives to the shared prefix.
  public func backward(
    item: Int, q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSums: Matrix, dOutput: Matrix, dq: Matrix,
    dk: Matrix, dv: Matrix, prefixDK: Matrix?, prefixDV: Matrix?
  ) {
    check(q, k, v)
    precondition(dk.stride == dv.stride && dk.columns == heads * headSize)
    var (x, run, head) = problem(item, q: q, k: k, v: v)
    let row = run.rows.lowerBound
    let column = head * headSize
    var prefixK: Matrix?
    var prefixV: Matrix?
    if run.prefix > 0, let prefixDK, let prefixDV {
      let slot = item / heads * run.prefix
      let columns = column..<column + headSize
      prefixK = prefixDK.rows(slot..<slot + run.prefix).columns(columns)
      prefixV = prefixDV.rows(slot..<slot + run.prefix).columns(columns)
      prefixK?.fill(0)
      prefixV?.fill(0)
    }
    precondition(run.prefix == 0 || prefixK != nil, "a run with a prefix needs room for the prefix' gradient")
    let status = assay_attention_backward(
      &x, output.f32 + row * output.stride + column, output.stride, logSums.f32 + head * logSums.stride + row,
      dOutput.f32 + row * dOutput.stride + column, dOutput.stride, dq.f32 + row * dq.stride + column,
      dq.stride,
      dk.f32 + row * dk.stride + column, dv.f32 + row * dv.stride + column, dk.stride, prefixK?.f32,
      prefixV?.f32,
      prefixK?.stride ?? 0)
    precondition(status == 0, "no memory for attention scores")
  }

  /// Sums the key (or value) gradients of the query heads that share a key head, and of the runs that share the
  /// prefix, for some rows: `target` [rows, keyValueHeads · headSize].
  public func reduceKeyValue(rows: Range<Int>, from expanded: Matrix, prefix: Matrix?, into target: Matrix) {
    let group = heads / keyValueHeads
    let shared = runs.map(\.prefix).max() ?? 0
    for shareHead in 0..<keyValueHeads {
      let columns = shareHead * headSize..<(shareHead + 1) * headSize
      let out = target.rows(rows).columns(columns)
      for member in 0..<group {
        let head = (shareHead * group + member) * headSize
        let part = expanded.rows(rows).columns(head..<head + headSize)
        if member == 0 { out.copy(from: part) } else { out.add(part) }
      }
      let common = rows.clamped(to: 0..<shared)
      guard let prefix, !common.isEmpty else { continue }
      let sum = target.rows(common).columns(columns)
      for (slot, run) in runs.enumerated() where run.prefix > 0 {
        let from = slot * run.prefix
        for member in 0..<group {
          let head = (shareHead * group + member) * headSize
          sum.add(
            prefix.rows(from + common.lowerBound..<from + common.upperBound).columns(head..<head + headSize))
        }
      }
    }
  }
}
