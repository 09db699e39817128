import Compute
import ModelFiles

/// One batch on its way through the layers: the forward. (`LayerRun+Backward` goes back, `LanguageModelHead` turns
/// the last hidden states into losses.)
struct LayerRun: Sendable {
  let model: Llama
  let batch: RaggedBatch
  let buffers: PassBuffers
  let workers: Workers
  let rotary: RotaryTable
  let clock: PassClock
  let attention: RaggedAttention
  /// Row ranges of the workers.
  let ranges: [Range<Int>]
  let adapter: ActiveAdapter?
  let request: BackwardRequest?

  /// What of an adapter a pass needs.
  struct ActiveAdapter: Sendable {
    let layout: LoRALayout
    let parameters: Matrix
    let scale: Float
    /// 0 when not training.
    let dropout: Float
    let keys: [UInt64]
  }

  var c: ModelConfiguration { model.configuration }
  var rows: Int { batch.rows }
  var epsilon: Float { Float(c.rmsNormEpsilon) }
  var queryColumns: Range<Int> { 0..<c.headCount * c.headDimension }
  var keyColumns: Range<Int> {
    queryColumns.upperBound..<queryColumns.upperBound + c.keyValueHeadCount * c.headDimension
  }
  var valueColumns: Range<Int> {
    keyColumns.upperBound..<keyColumns.upperBound + c.keyValueHeadCount * c.headDimension
  }

  init(
    model: Llama, adapter: LoRAAdapter?, batch: RaggedBatch, buffers: PassBuffers, workers: Workers,
    rotary: RotaryTable, request: BackwardRequest?, clock: PassClock
  ) {
    self.model = model
    self.batch = batch
    self.buffers = buffers
    self.workers = workers
    self.rotary = rotary
    self.clock = clock
    self.request = request
    let c = model.configuration
    attention = RaggedAttention(
      heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headSize: c.headDimension, runs: batch.runs,
      compute: model.precision)
    ranges = workers.ranges(of: batch.rows, least: 16)
    self.adapter = adapter.map { adapter in
      let dropout = request == nil ? 0 : Float(adapter.configuration.dropout)
      return ActiveAdapter(
        layout: adapter.layout, parameters: adapter.parameters, scale: Float(adapter.configuration.scale),
        dropout: dropout,
        keys: request.map { dropout > 0 ? batch.dropoutKeys(seed: $0.seed, step: $0.step) : [] } ?? [])
    }
  }

  /// Runs a phase: one call of `body` for each range of rows.
  func eachRange(_ body: @Sendable (Int, Range<Int>) -> Void) {
    workers.run(ranges.count) { slot in clock.busy { body(slot, ranges[slot]) } }
  }

  // MARK: - Forward

  /// Leaves the last layer's output in `buffers.residual(layerCount)`.
  func forward() {
    eachRange { _, range in
      buffers.residual(0).rows(range).gather(batch.tokens[range], from: model.embedding)
      attentionInput(0, range)
    }
    for layer in 0..<c.layerCount {
      attend(layer)
      eachRange { _, range in
        attentionOutputAndMLP(layer, range)
        if layer + 1 < c.layerCount { attentionInput(layer + 1, range) }
      }
    }
  }

  /// norm → q, k, v → bias → rotation.
  private func attentionInput(_ layer: Int, _ range: Range<Int>) {
    let kept = buffers.layer(layer)
    let normed = buffers.normed.rows(range)
    normed.setRMSNorm(
      of: buffers.residual(layer).rows(range), weight: model.layers[layer].inputNorm, epsilon: epsilon,
      inverseRMS: kept.inputInverseRMS.rows(range))
    let qkv = kept.qkv.rows(range)
    project(.attentionInput, layer, normed, into: qkv, range)
    if let bias = model.layers[layer].attentionBias { qkv.addBias(bias) }
    let positions = batch.positions[range]
    qkv.columns(queryColumns).rotate(heads: c.headCount, positions: positions, table: rotary)
    qkv.columns(keyColumns).rotate(heads: c.keyValueHeadCount, positions: positions, table: rotary)
  }

  private func attend(_ layer: Int) {
    let kept = buffers.layer(layer)
    let qkv = kept.qkv
    workers.run(attention.items) { item in
      clock.busy {
        clock.attention {
          attention.forward(
            item: item, q: qkv.columns(queryColumns), k: qkv.columns(keyColumns),
            v: qkv.columns(valueColumns),
            output: kept.attention, logSums: kept.logSums)
        }
      }
    }
  }

  private func attentionOutputAndMLP(_ layer: Int, _ range: Range<Int>) {
    let kept = buffers.layer(layer)
    let after = kept.afterAttention.rows(range)
    after.copy(from: buffers.residual(layer).rows(range))
    project(.attentionOutput, layer, kept.attention.rows(range), into: after, range, accumulate: true)

    let normed = buffers.normed.rows(range)
    normed.setRMSNorm(
      of: after, weight: model.layers[layer].postAttentionNorm, epsilon: epsilon,
      inverseRMS: kept.postInverseRMS.rows(range))
    let gateUp = kept.gateUp.rows(range)
    project(.mlpInput, layer, normed, into: gateUp, range)
    let activated = buffers.activated.rows(range)
    activated.setSwiGLU(
      gate: gateUp.columns(0..<c.intermediateSize),
      up: gateUp.columns(c.intermediateSize..<2 * c.intermediateSize))

    let next = buffers.residual(layer + 1).rows(range)
    next.copy(from: after)
    project(.mlpOutput, layer, activated, into: next, range, accumulate: true)
  }

  // MARK: - A group of linear layers

  func factors(_ layer: Int, _ group: LinearGroup) -> LoRALayout.Group? {
    guard let found = adapter?.layout.layers[layer][group.rawValue], !found.factors.isEmpty else {
      return nil
    }
    return found
  }

  /// scale · A·x, kept for the backward.
  func loraRows(_ layer: Int, _ group: LinearGroup, _ range: Range<Int>, ranks: Int) -> Matrix {
    buffers.layer(layer).lora[group.rawValue].rows(range).columns(0..<ranks)
  }

  /// y = W·x + B·(scale · A·dropout(x)), or y += … .
  ///
  /// - Parameters:
  ///   - x: [range, inputs]
  ///   - y: [range, outputs of the group]
  private func project(
    _ group: LinearGroup, _ layer: Int, _ x: Matrix, into y: Matrix, _ range: Range<Int>,
    accumulate: Bool = false
  ) {
    let weight = model.layers[layer].weight(group)
    clock.products { y.setProduct(Product(x, weight), accumulate: accumulate) }
    guard let adapter, let g = factors(layer, group) else { return }
    let input = dropped(x, layer, group, range)
    let low = loraRows(layer, group, range, ranks: g.ranks)
    clock.products {
      low.setProduct(
        Product(
          input, adapter.layout.stackedA(layer, group, of: adapter.parameters), transposeB: true,
          compute: model.precision))
    }
    low.scale(by: adapter.scale)
    clock.products {
      for factor in g.factors {
        y.columns(factor.columns).setProduct(
          Product(
            low.columns(factor.ranks), adapter.layout.transposedB(factor, of: adapter.parameters),
            compute: model.precision), accumulate: true)
      }
    }
  }

  /// x, or what dropout leaves of it: one mask for all layers of a group, since they share one product.
  func dropped(_ x: Matrix, _ layer: Int, _ group: LinearGroup, _ range: Range<Int>) -> Matrix {
    guard let adapter, adapter.dropout > 0 else { return x }
    let result = buffers.dropped.rows(range).columns(0..<x.columns)
    result.setDropout(of: x, keys: siteKeys(layer, group, range)[...], probability: adapter.dropout)
    return result
  }

  func siteKeys(_ layer: Int, _ group: LinearGroup, _ range: Range<Int>) -> [UInt64] {
    guard let adapter else { return [] }
    let site = UInt64(layer * LinearGroup.allCases.count + group.rawValue + 1) &* 0xD6E8_FEB8_6659_FD93
    return range.map { SplitMix64.mix(adapter.keys[$0] &+ site) }
  }
}
