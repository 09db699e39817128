import Compute
import ModelFiles

/// A model fed token by token, with the keys and values of all tokens so far.
///
/// Memory: 2 · layers · capacity · key/value width · 4 bytes. Owned by one queue.
public final class CachedDecoder {
  private let model: Llama
  private let adapter: LoRAAdapter?
  private let workers: Workers
  private let rotary: RotaryTable
  private let attention: CachedAttention
  private let keys: [Matrix]
  private let values: [Matrix]
  public let capacity: Int
  /// Tokens so far.
  public private(set) var count = 0

  private var c: ModelConfiguration { model.configuration }

  /// - Parameter capacity: tokens of prompt and answer together.
  public init(_ model: Llama, adapter: LoRAAdapter?, capacity: Int, workers: Workers) throws {
    self.model = model
    self.adapter = adapter
    self.workers = workers
    self.capacity = capacity
    let c = model.configuration
    rotary = try model.rotaryTable(positions: capacity)
    attention = CachedAttention(
      heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headSize: c.headDimension)
    let width = c.keyValueHeadCount * c.headDimension
    keys = try (0..<c.layerCount).map { _ in try Matrix(rows: capacity, columns: width) }
    values = try (0..<c.layerCount).map { _ in try Matrix(rows: capacity, columns: width) }
  }

  /// Forgets all tokens after the first `count`: another continuation of the same beginning.
  public func rewind(to count: Int) {
    precondition(count <= self.count)
    self.count = count
  }

  /// Feeds tokens and returns the logits that follow the last one, one for each word of the vocabulary.
  public func feed(_ tokens: [Int32]) throws -> [Float] {
    precondition(!tokens.isEmpty && count + tokens.count <= capacity)
    let n = tokens.count
    let positions = (count..<count + n).map { Int32($0) }
    let queries = c.headCount * c.headDimension
    let width = c.keyValueHeadCount * c.headDimension
    let x = try Matrix(rows: n, columns: c.hiddenSize)
    let normed = try Matrix(rows: n, columns: c.hiddenSize)
    let qkv = try Matrix(rows: n, columns: queries + 2 * width)
    let attended = try Matrix(rows: n, columns: queries)
    let gateUp = try Matrix(rows: n, columns: 2 * c.intermediateSize)
    let activated = try Matrix(rows: n, columns: c.intermediateSize)
    let delta = try Matrix(rows: n, columns: c.hiddenSize)
    let epsilon = Float(c.rmsNormEpsilon)
    x.gather(tokens[...], from: model.embedding)

    for index in 0..<c.layerCount {
      let layer = model.layers[index]
      normed.setRMSNorm(of: x, weight: layer.inputNorm, epsilon: epsilon, inverseRMS: nil)
      try project(.attentionInput, index, normed, into: qkv)
      if let bias = layer.attentionBias { qkv.addBias(bias) }
      let q = qkv.columns(0..<queries)
      let k = qkv.columns(queries..<queries + width)
      q.rotate(heads: c.headCount, positions: positions[...], table: rotary)
      k.rotate(heads: c.keyValueHeadCount, positions: positions[...], table: rotary)
      keys[index].rows(count..<count + n).copy(from: k)
      values[index].rows(count..<count + n).copy(from: qkv.columns(queries + width..<queries + 2 * width))
      let (keys, values, total) = (keys[index], values[index], count + n)
      eachHead(n) { [attention] head in
        attention.forward(head: head, q: q, keys: keys, values: values, count: total, output: attended)
      }
      try project(.attentionOutput, index, attended, into: delta)
      x.add(delta)

      normed.setRMSNorm(of: x, weight: layer.postAttentionNorm, epsilon: epsilon, inverseRMS: nil)
      try project(.mlpInput, index, normed, into: gateUp)
      activated.setSwiGLU(
        gate: gateUp.columns(0..<c.intermediateSize),
        up: gateUp.columns(c.intermediateSize..<2 * c.intermediateSize))
      try project(.mlpOutput, index, activated, into: delta)
      x.add(delta)
    }
    count += n
    let last = normed.rows(n - 1..<n)
    last.setRMSNorm(of: x.rows(n - 1..<n), weight: model.finalNorm, epsilon: epsilon, inverseRMS: nil)
    let logits = try Matrix(rows: 1, columns: c.vocabularySize)
    multiply(last, model.head, into: logits)
    return logits.values
  }

  /// A single token's heads are too little work to fork for.
  private func eachHead(_ rows: Int, _ body: @Sendable (Int) -> Void) {
    if rows > 8 { workers.run(c.headCount, body) } else { (0..<c.headCount).forEach(body) }
  }

  /// y = x · weightᵀ; workers take slices of the outputs.
  private func multiply(_ x: Matrix, _ weight: PackedWeight, into y: Matrix) {
    let slices = workers.ranges(of: weight.outputs, least: 256, alignment: PackedWeight.sliceAlignment)
    workers.run(slices.count) { index in
      y.columns(slices[index]).setProduct(Product(x, weight.outputs(slices[index])))
    }
  }

  private func project(_ group: LinearGroup, _ layer: Int, _ x: Matrix, into y: Matrix) throws {
    multiply(x, model.layers[layer].weight(group), into: y)
    guard let adapter else { return }
    let g = adapter.layout.layers[layer][group.rawValue]
    guard !g.factors.isEmpty else { return }
    let low = try Matrix(rows: x.rows, columns: g.ranks)
    low.setProduct(
      Product(
        x, adapter.layout.stackedA(layer, group, of: adapter.parameters), transposeB: true,
        compute: model.precision))
    low.scale(by: Float(adapter.configuration.scale))
    for factor in g.factors {
      y.columns(factor.columns).setProduct(
        Product(
          low.columns(factor.ranks), adapter.layout.transposedB(factor, of: adapter.parameters),
          compute: model.precision), accumulate: true)
    }
  }
}
