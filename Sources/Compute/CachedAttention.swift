import CKernels

/// Attention of new tokens over keys and values kept from earlier ones: generation.
public struct CachedAttention: Sendable {
  public let heads: Int
  public let keyValueHeads: Int
  public let headSize: Int

  public init(heads: Int, keyValueHeads: Int, headSize: Int) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
  }

  /// One head of `output` [new, heads · headSize] for the queries `q` of new tokens whose own keys and values are
  /// the last rows of the cache.
  ///
  /// - Parameters:
  ///   - keys, values: [capacity, keyValueHeads · headSize], of which the first `count` rows are filled, the new ones
  ///     among them.
  public func forward(head: Int, q: Matrix, keys: Matrix, values: Matrix, count: Int, output: Matrix) {
    precondition(
      q.rows <= count && count <= keys.rows && keys.rows == values.rows && keys.stride == values.stride)
    precondition(q.columns == heads * headSize && output.rows == q.rows)
    let past = count - q.rows
    let shared = head / (heads / keyValueHeads) * headSize
    let column = head * headSize
    var x = assay_attention(
      count: q.rows, size: headSize, q: q.f32 + column, q_row: q.stride,
      k: keys.f32 + past * keys.stride + shared, v: values.f32 + past * values.stride + shared,
      kv_row: keys.stride,
      prefix_count: past, prefix_k: keys.f32 + shared, prefix_v: values.f32 + shared, prefix_row: keys.stride,
      scale: 1 / Float(headSize).squareRoot(), causal: 1, compute: Element.f32.code)
    // The sums of a forward alone are not needed again.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: q.rows) { sums in
      guard let sums = sums.baseAddress else { return }
      let status = assay_attention_forward(&x, output.f32 + column, output.stride, sums)
      precondition(status == 0, "no memory for attention scores")
    }
  }
}
