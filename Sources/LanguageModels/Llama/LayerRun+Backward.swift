import Compute

/// The way back, layer by layer. Frozen weights get no gradient: of each product only the gradient of its input is
/// computed, and of the low-rank factors theirs.
extension LayerRun {
  /// Adds the gradients of all factors to `total`, starting from the gradient of the last layer's output in
  /// `buffers.dResidual`.
  func backward(into total: Matrix) {
    // Each worker's rows give a part of every factor's gradient. The parts stay apart and are added in the order of
    // the ranges, so that sums do not depend on who was faster.
    let parts = ranges.indices.map { slot in
      slot == 0 ? total : buffers.partialGradients[slot - 1].columns(0..<total.count)
    }
    for layer in (0..<c.layerCount).reversed() {
      eachRange { slot, range in
        if layer + 1 < c.layerCount { attentionInputBackward(layer + 1, range, parts[slot]) }
        mlpAndAttentionOutputBackward(layer, range, parts[slot])
      }
      attendBackward(layer)
    }
    eachRange { slot, range in attentionInputBackward(0, range, parts[slot]) }
    addUp(parts, into: total)
  }

  private func addUp(_ parts: [Matrix], into total: Matrix) {
    let slices = workers.ranges(of: total.count, least: 4096)
    workers.run(slices.count) { index in
      for part in parts.dropFirst() {
        let slice = part.columns(slices[index])
        total.columns(slices[index]).add(slice)
        slice.fill(0)
      }
    }
  }

  /// `dResidual` is the gradient of the layer's output and becomes that of its residual stream after attention;
  /// `dAttention` becomes the gradient of the attention's output.
  private func mlpAndAttentionOutputBackward(_ layer: Int, _ range: Range<Int>, _ gradients: Matrix) {
    let kept = buffers.layer(layer)
    let d = buffers.dResidual.rows(range)
    let gateUp = kept.gateUp.rows(range)
    let gate = gateUp.columns(0..<c.intermediateSize)
    let up = gateUp.columns(c.intermediateSize..<2 * c.intermediateSize)

    let activated = buffers.activated.rows(range)
    activated.setSwiGLU(gate: gate, up: up)
    let dActivated = buffers.dActivated.rows(range)
    projectBackward(.mlpOutput, layer, x: activated, dy: d, into: dActivated, range, gradients)
    dActivated.swiGLUBackward(gate: gate, up: up)

    let after = kept.afterAttention.rows(range)
    let normed = buffers.normed.rows(range)
    let norm = model.layers[layer].postAttentionNorm
    normed.setRMSNorm(of: after, weight: norm, epsilon: epsilon, inverseRMS: nil)
    let dNormed = buffers.dNormed.rows(range)
    projectBackward(.mlpInput, layer, x: normed, dy: gateUp, into: dNormed, range, gradients)
    d.addRMSNormBackward(x: after, weight: norm, inverseRMS: kept.postInverseRMS.rows(range), dy: dNormed)

    projectBackward(
      .attentionOutput, layer, x: kept.attention.rows(range), dy: d, into: buffers.dAttention.rows(range),
      range,
      gradients)
  }

  private func attendBackward(_ layer: Int) {
    let kept = buffers.layer(layer)
    let qkv = kept.qkv
    let shared = batch.prefixCount > 0
    workers.run(attention.items) { item in
      clock.busy {
        clock.attention {
          attention.backward(
            item: item, q: qkv.columns(queryColumns), k: qkv.columns(keyColumns),
            v: qkv.columns(valueColumns),
            output: kept.attention, logSums: kept.logSums, dOutput: buffers.dAttention,
            dq: buffers.dQKV.columns(queryColumns), dk: buffers.dKey, dv: buffers.dValue,
            prefixDK: shared ? buffers.dPrefixKey : nil, prefixDV: shared ? buffers.dPrefixValue : nil)
        }
      }
    }
  }

  /// `dResidual` becomes the gradient of the layer's input.
  private func attentionInputBackward(_ layer: Int, _ range: Range<Int>, _ gradients: Matrix) {
    let kept = buffers.layer(layer)
    let shared = batch.prefixCount > 0
    clock.attention {
      attention.reduceKeyValue(
        rows: range, from: buffers.dKey, prefix: shared ? buffers.dPrefixKey : nil,
        into: buffers.dQKV.columns(keyColumns))
      attention.reduceKeyValue(
        rows: range, from: buffers.dValue, prefix: shared ? buffers.dPrefixValue : nil,
        into: buffers.dQKV.columns(valueColumns))
    }
    let dQKV = buffers.dQKV.rows(range)
    let positions = batch.positions[range]
    dQKV.columns(queryColumns).rotate(heads: c.headCount, positions: positions, table: rotary, inverse: true)
    dQKV.columns(keyColumns).rotate(
      heads: c.keyValueHeadCount, positions: positions, table: rotary, inverse: true)

    let input = buffers.residual(layer).rows(range)
    let norm = model.layers[layer].inputNorm
    let normed = buffers.normed.rows(range)
    normed.setRMSNorm(of: input, weight: norm, epsilon: epsilon, inverseRMS: nil)
    let dNormed = buffers.dNormed.rows(range)
    // Below the first layer there is only the embedding, which is frozen.
    let wanted = layer > 0
    projectBackward(
      .attentionInput, layer, x: normed, dy: dQKV, into: wanted ? dNormed : nil, range, gradients)
    if wanted {
      buffers.dResidual.rows(range).addRMSNormBackward(
        x: input, weight: norm, inverseRMS: kept.inputInverseRMS.rows(range), dy: dNormed)
    }
  }

  /// Backward of y = W·x + B·u, u = scale · A·dropout(x):
  ///
  ///     dBᵀ += uᵀ·dy      du = scale · dy·B      dA += duᵀ·dropout(x)      dx = dy·W + mask ∘ (du·A)
  ///
  /// - Parameters:
  ///   - x: the input, computed again.
  ///   - dx: overwritten; nil where nobody wants it.
  ///   - gradients: this worker's, laid out like the adapter's parameters.
  private func projectBackward(
    _ group: LinearGroup, _ layer: Int, x: Matrix, dy: Matrix, into dx: Matrix?, _ range: Range<Int>,
    _ gradients: Matrix
  ) {
    let weight = model.layers[layer].weight(group)
    guard let adapter, let g = factors(layer, group) else {
      if let dx { clock.products { dx.setProduct(Product(dy, weight, across: true)) } }
      return
    }
    let low = loraRows(layer, group, range, ranks: g.ranks)
    let dLow = buffers.dLora.rows(range).columns(0..<g.ranks)
    clock.products {
      for factor in g.factors {
        let part = dy.columns(factor.columns)
        adapter.layout.transposedB(factor, of: gradients).setProduct(
          Product(low.columns(factor.ranks), part, transposeA: true, compute: model.precision),
          accumulate: true)
        dLow.columns(factor.ranks).setProduct(
          Product(
            part, adapter.layout.transposedB(factor, of: adapter.parameters), transposeB: true,
            compute: model.precision))
      }
    }
    dLow.scale(by: adapter.scale)
    let input = dropped(x, layer, group, range)
    clock.products {
      adapter.layout.stackedA(layer, group, of: gradients).setProduct(
        Product(dLow, input, transposeA: true, compute: model.precision), accumulate: true)
    }
    guard let dx else { return }
    let a = adapter.layout.stackedA(layer, group, of: adapter.parameters)
    let lowRank = Product(dLow, a, compute: model.precision)
    if adapter.dropout == 0 {
      clock.products { dx.setProduct(Product(dy, weight, across: true), lowRank) }
    } else {
      let spare = buffers.dropped.rows(range).columns(0..<dx.columns)
      clock.products {
        dx.setProduct(Product(dy, weight, across: true))
        spare.setProduct(lowRank)
      }
      dx.setDropout(
        of: spare, keys: siteKeys(layer, group, range)[...], probability: adapter.dropout, accumulate: true)
    }
  }
}
