import Compute
import ModelFiles

/// y = x·Wᵀ + b, for W [outputs, inputs] and b [1, outputs].
struct Dense: Sendable {
  enum Weight: Sendable {
    /// Frozen: in the order of the kernels.
    case packed(PackedWeight)
    /// Trained, by rows; `compute` is what it is rounded to in a product.
    case plain(Matrix, compute: Element)
  }

  let weight: Weight
  let bias: Matrix

  /// - Parameter precision: what the weight is stored as, or rounded to when it is `trained`.
  init(weight: Matrix, bias: Matrix, precision: Element, trained: Bool) throws {
    self.bias = bias
    if trained {
      self.weight = .plain(weight, compute: precision)
    } else {
      let rounded = try Matrix(rows: weight.rows, columns: weight.columns, element: precision)
      rounded.copy(from: weight)
      self.weight = .packed(try PackedWeight(rounded))
    }
  }

  var outputs: Int { bias.count }

  private init(weight: Weight, bias: Matrix) {
    self.weight = weight
    self.bias = bias
  }

  /// The layer of some outputs, the same memory; nil where the packed order does not allow the cut.
  func outputs(_ range: Range<Int>) -> Dense? {
    switch weight {
    case .packed(let weight):
      guard range.lowerBound % PackedWeight.sliceAlignment == 0 else { return nil }
      return Dense(weight: .packed(weight.outputs(range)), bias: bias.columns(range))
    case .plain(let weight, let compute):
      return Dense(weight: .plain(weight.rows(range), compute: compute), bias: bias.columns(range))
    }
  }

  /// y = x·Wᵀ + b, or y += … .
  func apply(_ x: Matrix, into y: Matrix, accumulate: Bool = false) {
    switch weight {
    case .packed(let weight): y.setProduct(Product(x, weight), accumulate: accumulate)
    case .plain(let weight, let compute):
      y.setProduct(Product(x, weight, transposeB: true, compute: compute), accumulate: accumulate)
    }
    y.addBias(bias)
  }

  /// dx = dy·W, or dx += … .
  func backward(_ dy: Matrix, into dx: Matrix, accumulate: Bool = false) {
    switch weight {
    case .packed(let weight): dx.setProduct(Product(dy, weight, across: true), accumulate: accumulate)
    case .plain(let weight, let compute):
      dx.setProduct(Product(dy, weight, compute: compute), accumulate: accumulate)
    }
  }

  /// dW += dyᵀ·x and db += Σ dy.
  func addGradients(x: Matrix, dy: Matrix, into gradient: Dense) {
    guard case .plain(let dWeight, let compute) = gradient.weight else { return }
    dWeight.setProduct(Product(dy, x, transposeA: true, compute: compute), accumulate: true)
    gradient.bias.addColumnSums(of: dy)
  }
}

/// Scale and shift of a layer norm, [1, hidden] each.
struct NormWeights: Sendable {
  let weight: Matrix
  let bias: Matrix
}

/// The weights of one encoder layer; for its input x, post-norm as in Devlin et al. 2018,
///
///     h = norm(x + Wo·attention(Wq·x, Wk·x, Wv·x))
///     y = norm(h + W2·gelu(W1·h))                     every product with its bias
struct BERTLayer: Sendable {
  /// [3 · hidden, hidden]: query, key and value under one another.
  let attentionInput: Dense
  let attentionOutput: Dense
  let attentionNorm: NormWeights
  let intermediate: Dense
  let output: Dense
  let outputNorm: NormWeights
}

struct BERTEmbeddings: Sendable {
  /// [vocabulary, hidden]
  let word: Matrix
  /// [positions, hidden]
  let position: Matrix
  /// [token types, hidden]
  let tokenType: Matrix
  let norm: NormWeights
}

/// The weights of an encoder and, where there are any, of pooler and classifier; or the gradients of some of them.
struct BERTWeights: Sendable {
  let configuration: BERTConfiguration
  /// Nil only among gradients, when embeddings are frozen.
  let embeddings: BERTEmbeddings?
  /// Nil only among gradients, for a frozen layer.
  let layers: [BERTLayer?]
  let pooler: Dense?
  let classifier: Dense?

  /// Where a part of the weights comes from.
  struct Part: Sendable {
    /// The tensors of these names under one another, as [rows, columns].
    let read: @Sendable (_ names: [String], _ rows: Int, _ columns: Int) throws -> Matrix
    let isTrained: Bool
    let precision: Element

    func dense(_ names: [String], _ outputs: Int, _ inputs: Int) throws -> Dense {
      try Dense(
        weight: read(names.map { $0 + ".weight" }, outputs, inputs),
        bias: read(names.map { $0 + ".bias" }, 1, outputs), precision: precision, trained: isTrained)
    }

    func norm(_ name: String, _ width: Int) throws -> NormWeights {
      NormWeights(
        weight: try read([name + ".weight"], 1, width), bias: try read([name + ".bias"], 1, width))
    }
  }

  /// - Parameters:
  ///   - embeddings, layer, head: the source of each part; nil leaves it out.
  ///   - classes: 0 without a classifier.
  init(
    _ c: BERTConfiguration, classes: Int, hasPooler: Bool, embeddings: Part?, layer: (Int) -> Part?,
    head: Part
  ) throws {
    configuration = c
    let h = c.hiddenSize
    self.embeddings = try embeddings.map { part in
      BERTEmbeddings(
        word: try part.read(["embeddings.word_embeddings.weight"], c.vocabularySize, h),
        position: try part.read(["embeddings.position_embeddings.weight"], c.positionCount, h),
        tokenType: try part.read(["embeddings.token_type_embeddings.weight"], c.tokenTypeCount, h),
        norm: try part.norm("embeddings.LayerNorm", h))
    }
    layers = try (0..<c.layerCount).map { index in
      guard let part = layer(index) else { return nil }
      let name = "encoder.layer.\(index)."
      return BERTLayer(
        attentionInput: try part.dense(
          ["query", "key", "value"].map { name + "attention.self." + $0 }, 3 * h, h),
        attentionOutput: try part.dense([name + "attention.output.dense"], h, h),
        attentionNorm: try part.norm(name + "attention.output.LayerNorm", h),
        intermediate: try part.dense([name + "intermediate.dense"], c.intermediateSize, h),
        output: try part.dense([name + "output.dense"], h, c.intermediateSize),
        outputNorm: try part.norm(name + "output.LayerNorm", h))
    }
    pooler = hasPooler ? try head.dense(["pooler.dense"], h, h) : nil
    classifier = classes > 0 ? try head.dense(["classifier"], classes, h) : nil
  }
}

extension BERTWeights {
  /// Decodes all weights of a file and packs those of products.
  ///
  /// - Throws: `ModelFileError`, or `ComputeError` when memory runs out.
  init(_ stored: StoredBERT, precision: Element) throws {
    let part = Part.stored(stored, precision: precision)
    try self.init(
      stored.configuration, classes: stored.classCount, hasPooler: stored.hasPooler, embeddings: part,
      layer: { _ in part }, head: part)
  }
}

extension BERTWeights.Part {
  static func stored(_ stored: StoredBERT, precision: Element) -> Self {
    Self(
      read: { names, rows, columns in
        try Matrix(names.flatMap { try stored.floats(of: $0) }, rows: rows, columns: columns)
      }, isTrained: false, precision: precision)
  }
}
