import Compute
import ModelFiles

/// The way back, layer by layer, as far down as something is trained.
extension EncoderPass {
  /// −log p of each input's class. With a `scale`, the gradient of scale · Σ losses is added to `gradients`.
  ///
  /// The head is that of BertForSequenceClassification: a dense layer on tanh(pooler([CLS])).
  func classify(_ labels: [Int32], scale: Float?, gradients: BERTWeights?) throws -> [Float] {
    guard let pooler = weights.pooler, let classifier = weights.classifier else { return [] }
    let n = labels.count
    let first = try Matrix(rows: n, columns: c.hiddenSize)
    let pooled = try Matrix(rows: n, columns: c.hiddenSize)
    let logits = try Matrix(rows: n, columns: classifier.outputs)
    let losses = try Matrix(rows: n, columns: 1)
    firstPool(into: first)
    pooler.apply(first, into: pooled)
    pooled.setTanh(of: pooled)
    classifier.apply(pooled, into: logits)
    logits.crossEntropy(targets: labels[...], losses: losses, gradientScale: scale)
    guard scale != nil, let gradients, let kept = buffers.gradients else { return losses.values }

    // `logits` is its own gradient now.
    let dPooled = try Matrix(rows: n, columns: c.hiddenSize)
    if let into = gradients.classifier { classifier.addGradients(x: pooled, dy: logits, into: into) }
    classifier.backward(logits, into: dPooled)
    dPooled.tanhBackward(y: pooled)
    if let into = gradients.pooler { pooler.addGradients(x: first, dy: dPooled, into: into) }
    guard gradients.layers.contains(where: { $0 != nil }) else { return losses.values }
    let dFirst = try Matrix(rows: n, columns: c.hiddenSize)
    pooler.backward(dPooled, into: dFirst)
    let dHidden = kept.hidden.rows(rows)
    dHidden.fill(0)
    for (index, row) in batch.firstRows.enumerated() {
      dHidden.rows(Int(row)..<Int(row) + 1).copy(from: dFirst.rows(index..<index + 1))
    }
    backward(into: gradients, kept)
    return losses.values
  }

  /// From the gradient of the last hidden states in `kept.hidden` down to the lowest trained part.
  private func backward(into gradients: BERTWeights, _ kept: EncoderBuffers.Gradients) {
    for index in (0..<c.layerCount).reversed() {
      guard let layer = weights.layers[index], let gradient = gradients.layers[index] else { return }
      let below = index > 0 ? gradients.layers[index - 1] != nil : gradients.embeddings != nil
      layerBackward(index, layer, gradient, kept, wantsInput: below)
    }
    if let embeddings = gradients.embeddings { embeddingsBackward(embeddings, kept) }
  }

  /// `kept.hidden` is the gradient of the layer's output and becomes that of its input.
  private func layerBackward(
    _ index: Int, _ layer: BERTLayer, _ gradient: BERTLayer, _ kept: EncoderBuffers.Gradients,
    wantsInput: Bool
  ) {
    let forward = buffers.layer(index)
    let d = kept.hidden.rows(rows)
    let dSum = kept.sum.rows(rows)
    normBackward(
      d, x: forward.outputSum, forward.outputMoments, layer.outputNorm, gradient.outputNorm, into: dSum)

    // y = norm(h + W2·gelu(W1·h))
    let intermediate = forward.intermediate.rows(rows)
    let activated = buffers.activated.rows(rows)
    activated.setGELU(of: intermediate)
    layer.output.addGradients(x: activated, dy: dSum, into: gradient.output)
    let dActivated = kept.activated.rows(rows)
    layer.output.backward(dSum, into: dActivated)
    dActivated.geluBackward(x: intermediate)
    layer.intermediate.addGradients(x: forward.middle.rows(rows), dy: dActivated, into: gradient.intermediate)
    d.copy(from: dSum)
    layer.intermediate.backward(dActivated, into: d, accumulate: true)

    // h = norm(x + Wo·attention(…))
    normBackward(
      d, x: forward.attentionSum, forward.attentionMoments, layer.attentionNorm, gradient.attentionNorm,
      into: dSum)
    let attended = forward.attention.rows(rows)
    layer.attentionOutput.addGradients(x: attended, dy: dSum, into: gradient.attentionOutput)
    let dAttention = kept.attention.rows(rows)
    layer.attentionOutput.backward(dSum, into: dAttention)
    let (q, k, v) = split(forward.qkv.rows(rows))
    let dQKV = kept.qkv.rows(rows)
    let (dq, dk, dv) = split(dQKV)
    for item in 0..<attention.items {
      attention.backward(
        item: item, q: q, k: k, v: v, output: attended, logSums: forward.logSums, dOutput: dAttention, dq: dq,
        dk: dk, dv: dv, prefixDK: nil, prefixDV: nil)
    }
    layer.attentionInput.addGradients(x: forward.input.rows(rows), dy: dQKV, into: gradient.attentionInput)
    guard wantsInput else { return }
    d.copy(from: dSum)
    layer.attentionInput.backward(dQKV, into: d, accumulate: true)
  }

  private func normBackward(
    _ dy: Matrix, x: Matrix, _ moments: RowMoments, _ norm: NormWeights, _ gradient: NormWeights,
    into dx: Matrix
  ) {
    dy.addLayerNormParameterGradients(
      x: x.rows(rows), moments: moments.rows(rows), weight: gradient.weight, bias: gradient.bias)
    dx.fill(0)
    dx.addLayerNormBackward(x: x.rows(rows), weight: norm.weight, moments: moments.rows(rows), dy: dy)
  }

  private func embeddingsBackward(_ gradient: BERTEmbeddings, _ kept: EncoderBuffers.Gradients) {
    guard let embeddings = weights.embeddings else { return }
    let dSum = kept.sum.rows(rows)
    normBackward(
      kept.hidden.rows(rows), x: buffers.embedded, buffers.embeddedMoments, embeddings.norm, gradient.norm,
      into: dSum)
    func add(_ row: Int, to table: Matrix, at index: Int32) {
      table.rows(Int(index)..<Int(index) + 1).add(dSum.rows(row..<row + 1))
    }
    for row in rows {
      add(row, to: gradient.word, at: batch.tokens[row])
      add(row, to: gradient.position, at: batch.positions[row])
      add(row, to: gradient.tokenType, at: batch.tokenTypes[row])
    }
  }
}
