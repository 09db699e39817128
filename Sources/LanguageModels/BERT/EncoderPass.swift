import Compute
import ModelFiles

/// One batch on its way through an encoder, on the calling thread: the forward.
///
/// Sequences do not see each other, so workers take batches of their own and never wait for one another inside.
struct EncoderPass: Sendable {
  let weights: BERTWeights
  let batch: EncoderBatch
  let buffers: EncoderBuffers
  let attention: RaggedAttention

  var c: BERTConfiguration { weights.configuration }
  var epsilon: Float { Float(c.layerNormEpsilon) }
  var rows: Range<Int> { 0..<batch.rows }

  init(_ weights: BERTWeights, batch: EncoderBatch, buffers: EncoderBuffers, compute: Element) {
    precondition(batch.rows <= buffers.rows)
    self.weights = weights
    self.batch = batch
    self.buffers = buffers
    let c = weights.configuration
    attention = RaggedAttention(
      heads: c.headCount, keyValueHeads: c.headCount, headSize: c.headSize,
      runs: batch.ranges.map { AttentionRun(rows: $0, prefix: 0) }, isCausal: false, compute: compute)
  }

  /// [rows, hidden]: the last layer's hidden states, once `forward` is done.
  var hidden: Matrix { buffers.output.rows(rows) }

  func forward() {
    embed()
    for index in 0..<c.layerCount { layer(index) }
  }

  /// The hidden states of the [CLS] alone, in the first rows of `hidden`, one an input.
  ///
  /// In the last layer only their queries are asked, so that everything behind its attention, three quarters of the
  /// layer's work, is done for one row an input.
  func forwardToFirstRows() {
    let last = c.layerCount - 1
    guard let layer = weights.layers[last], let queries = layer.attentionInput.outputs(0..<c.hiddenSize),
      let keysAndValues = layer.attentionInput.outputs(c.hiddenSize..<3 * c.hiddenSize)
    else {
      forward()
      // In place: a row moves up, over one that has moved already or is itself.
      for (index, row) in batch.firstRows.enumerated() where Int(row) != index {
        hidden.rows(index..<index + 1).copy(from: hidden.rows(Int(row)..<Int(row) + 1))
      }
      return
    }
    embed()
    for index in 0..<last { self.layer(index) }

    let kept = buffers.layer(last)
    let few = 0..<batch.ranges.count
    let x = kept.input.rows(rows)
    let (_, k, v) = split(kept.qkv.rows(rows))
    keysAndValues.apply(x, into: kept.qkv.rows(rows).columns(c.hiddenSize..<3 * c.hiddenSize))
    let first = kept.attentionSum.rows(few)
    first.gather(batch.firstRows[...], from: x)
    let q = kept.qkv.rows(few).columns(0..<c.hiddenSize)
    queries.apply(first, into: q)
    let attended = kept.attention.rows(few)
    // One query that sees all keys of its input, as in generation.
    let attention = CachedAttention(heads: c.headCount, keyValueHeads: c.headCount, headSize: c.headSize)
    for (index, range) in batch.ranges.enumerated() {
      for head in 0..<c.headCount {
        attention.forward(
          head: head, q: q.rows(index..<index + 1), keys: k.rows(range), values: v.rows(range),
          count: range.count, output: attended.rows(index..<index + 1))
      }
    }
    afterAttention(last, layer, few)
  }

  private func embed() {
    guard let embeddings = weights.embeddings else { return }
    let sum = buffers.embedded.rows(rows)
    sum.gather(batch.tokens[...], from: embeddings.word)
    for row in rows {
      let position = Int(batch.positions[row])
      let type = Int(batch.tokenTypes[row])
      let target = sum.rows(row..<row + 1)
      target.add(embeddings.position.rows(position..<position + 1))
      target.add(embeddings.tokenType.rows(type..<type + 1))
    }
    buffers.input(0, of: c.layerCount).rows(rows).setLayerNorm(
      of: sum, weight: embeddings.norm.weight, bias: embeddings.norm.bias, epsilon: epsilon,
      moments: buffers.embeddedMoments.rows(rows))
  }

  private func layer(_ index: Int) {
    guard let layer = weights.layers[index] else { return }
    let kept = buffers.layer(index)
    let x = kept.input.rows(rows)
    let qkv = kept.qkv.rows(rows)
    layer.attentionInput.apply(x, into: qkv)
    attend(qkv, into: kept.attention.rows(rows), logSums: kept.logSums)

    kept.attentionSum.rows(rows).copy(from: x)
    afterAttention(index, layer, rows)
  }

  /// From the attention's output and the layer's input, which stands in `attentionSum`, to the layer's output.
  private func afterAttention(_ index: Int, _ layer: BERTLayer, _ rows: Range<Int>) {
    let kept = buffers.layer(index)
    let attentionSum = kept.attentionSum.rows(rows)
    layer.attentionOutput.apply(kept.attention.rows(rows), into: attentionSum, accumulate: true)
    let middle = kept.middle.rows(rows)
    middle.setLayerNorm(
      of: attentionSum, weight: layer.attentionNorm.weight, bias: layer.attentionNorm.bias, epsilon: epsilon,
      moments: kept.attentionMoments.rows(rows))

    let intermediate = kept.intermediate.rows(rows)
    layer.intermediate.apply(middle, into: intermediate)
    let activated = buffers.activated.rows(rows)
    activated.setGELU(of: intermediate)
    let outputSum = kept.outputSum.rows(rows)
    outputSum.copy(from: middle)
    layer.output.apply(activated, into: outputSum, accumulate: true)
    // The next layer's input, which is this one's when both are frozen: x has been used up.
    buffers.input(index + 1, of: c.layerCount).rows(rows).setLayerNorm(
      of: outputSum, weight: layer.outputNorm.weight, bias: layer.outputNorm.bias, epsilon: epsilon,
      moments: kept.outputMoments.rows(rows))
  }

  private func attend(_ qkv: Matrix, into output: Matrix, logSums: Matrix) {
    let (q, k, v) = split(qkv)
    for item in 0..<attention.items {
      attention.forward(item: item, q: q, k: k, v: v, output: output, logSums: logSums)
    }
  }

  func split(_ qkv: Matrix) -> (q: Matrix, k: Matrix, v: Matrix) {
    let h = c.hiddenSize
    return (qkv.columns(0..<h), qkv.columns(h..<2 * h), qkv.columns(2 * h..<3 * h))
  }

  // MARK: - Pooling

  /// The mean of each input's hidden states, into `output` [inputs, hidden].
  func meanPool(into output: Matrix) {
    output.fill(0)
    for (index, range) in batch.ranges.enumerated() {
      let target = output.rows(index..<index + 1)
      target.addColumnSums(of: hidden.rows(range))
      target.scale(by: 1 / Float(range.count))
    }
  }

  /// The hidden state of each input's [CLS], into `output` [inputs, hidden].
  func firstPool(into output: Matrix) { output.gather(batch.firstRows[...], from: hidden) }
}
