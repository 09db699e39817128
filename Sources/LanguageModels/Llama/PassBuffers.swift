import Compute
import ModelFiles

/// Memory of a pass, kept from step to step.
///
/// What the backward needs is kept for each layer: about 41 numbers for each hidden one and row of SmolLM2. The norms'
/// outputs and silu(gate)·up are cheap, so they are computed again. Without a backward all layers share one set.
struct PassBuffers: Sendable {
  let rows: Int
  let prefixSlots: Int
  let training: Bool
  let rank: Int
  let parameters: Int

  /// Kept for each layer; one set when not training.
  struct Layer: Sendable {
    /// Residual stream after attention [rows, hidden].
    let afterAttention: Matrix
    /// q, k, v after bias and rotation [rows, q + 2·kv].
    let qkv: Matrix
    let attention: Matrix
    /// [heads, rows]
    let logSums: Matrix
    /// gate and up before SwiGLU [rows, 2·intermediate].
    let gateUp: Matrix
    /// scale · A·x of each group [rows, members·r].
    let lora: [Matrix]
    /// [rows, 1]
    let inputInverseRMS: Matrix
    let postInverseRMS: Matrix
  }
  let layers: [Layer]
  /// Residual stream before each layer and after the last [rows, hidden]; two in turn when not training.
  let residual: [Matrix]

  // Working space, by rows, so that workers never share any.
  let normed: Matrix
  let activated: Matrix
  let dropped: Matrix
  let dResidual: Matrix
  let dNormed: Matrix
  let dActivated: Matrix
  let dAttention: Matrix
  let dQKV: Matrix
  let dKey: Matrix
  let dValue: Matrix
  let dPrefixKey: Matrix
  let dPrefixValue: Matrix
  let dLora: Matrix
  /// Gradients of the second worker on (the first adds to the caller's), [1, parameters].
  let partialGradients: [Matrix]
  let head: HeadBuffers

  init(
    rows: Int, prefixSlots: Int = 0, training: Bool, _ c: ModelConfiguration, rank: Int,
    parameters: Int, head: HeadBuffers, workers: Workers
  ) throws {
    self.rows = rows
    self.prefixSlots = prefixSlots
    self.training = training
    self.rank = rank
    self.parameters = parameters
    let queries = c.headCount * c.headDimension
    let qkv = LinearGroup.attentionInput.size(in: c).outputs
    func matrix(_ columns: Int, when needed: Bool = true) throws -> Matrix {
      try Matrix(rows: needed ? rows : 0, columns: columns)
    }
    layers = try (0..<(training ? c.layerCount : 1)).map { _ in
      Layer(
        afterAttention: try matrix(c.hiddenSize), qkv: try matrix(qkv), attention: try matrix(queries),
        logSums: try Matrix(rows: c.headCount, columns: rows), gateUp: try matrix(2 * c.intermediateSize),
        lora: try LinearGroup.allCases.map { try matrix($0.members.count * rank) },
        inputInverseRMS: try matrix(1), postInverseRMS: try matrix(1))
    }
    residual = try (0...(training ? c.layerCount : 1)).map { _ in try matrix(c.hiddenSize) }
    normed = try matrix(c.hiddenSize)
    activated = try matrix(c.intermediateSize)
    dropped = try matrix(max(c.hiddenSize, c.intermediateSize, queries), when: training)
    dResidual = try matrix(c.hiddenSize, when: training)
    dNormed = try matrix(c.hiddenSize, when: training)
    dActivated = try matrix(c.intermediateSize, when: training)
    dAttention = try matrix(queries, when: training)
    dQKV = try matrix(qkv, when: training)
    dKey = try matrix(queries, when: training)
    dValue = try matrix(queries, when: training)
    dPrefixKey = try Matrix(rows: training ? prefixSlots : 0, columns: queries)
    dPrefixValue = try Matrix(rows: training ? prefixSlots : 0, columns: queries)
    dLora = try matrix(3 * rank, when: training)
    partialGradients = try (1..<max(1, training ? workers.count : 1)).map { _ in
      try Matrix(rows: 1, columns: parameters)
    }
    self.head = head
  }

  func holds(rows: Int, prefixSlots: Int, training: Bool, rank: Int, parameters: Int) -> Bool {
    rows <= self.rows && rank <= self.rank && parameters <= self.parameters
      && (!training || self.training && prefixSlots <= self.prefixSlots)
  }

  func layer(_ index: Int) -> Layer { layers[training ? index : 0] }
  func residual(_ index: Int) -> Matrix { residual[training ? index : index % 2] }

  /// Bytes for a training batch of some rows, before anything is allocated.
  static func bytes(rows: Int, _ c: ModelConfiguration, rank: Int) -> Int {
    let queries = c.headCount * c.headDimension
    let qkv = LinearGroup.attentionInput.size(in: c).outputs
    let perLayer =
      2 * c.hiddenSize + qkv + queries + c.headCount + 2 * c.intermediateSize + 7 * rank + 2
    let working = 4 * c.hiddenSize + 3 * c.intermediateSize + 4 * queries + qkv
    return 4 * rows * (perLayer * c.layerCount + working)
  }
}

/// Memory of the head: loss rows are handled a block at a time, since their logits are the largest thing there is
/// (49,152 words of 4 bytes each for SmolLM2).
struct HeadBuffers: Sendable {
  static let block = 128

  /// Words of each worker.
  let words: [Range<Int>]
  /// [block, vocabulary]
  let logits: Matrix
  /// [block, hidden]
  let hidden: Matrix
  let normed: Matrix
  let dHidden: Matrix
  /// [workers · block, hidden]
  let parts: Matrix
  /// [block, 1]
  let inverseRMS: Matrix
  let losses: Matrix

  init(_ c: ModelConfiguration, workers: Workers) throws {
    let block = Self.block
    words = workers.ranges(of: c.vocabularySize, least: 256, alignment: PackedWeight.sliceAlignment)
    logits = try Matrix(rows: block, columns: c.vocabularySize)
    hidden = try Matrix(rows: block, columns: c.hiddenSize)
    normed = try Matrix(rows: block, columns: c.hiddenSize)
    dHidden = try Matrix(rows: block, columns: c.hiddenSize)
    parts = try Matrix(rows: block * words.count, columns: c.hiddenSize)
    inverseRMS = try Matrix(rows: block, columns: 1)
    losses = try Matrix(rows: block, columns: 1)
  }
}
