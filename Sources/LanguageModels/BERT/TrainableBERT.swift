import Compute
import ModelFiles
import Synchronization

/// A BERT that is being fine-tuned as a classifier: all of it, its upper layers and head, or the head alone.
///
/// What is trained lies in one vector, which an optimiser changes in place; the rest is frozen and packed. There is no
/// dropout. The inputs of a step are shared out among the workers, each with a gradient of its own; they are added in
/// the order of the shares, so that results depend on the number of workers, but not on who was faster.
///
/// Owned by one queue.
public final class TrainableBERT {
  public let configuration: BERTConfiguration
  public let layout: BERTLayout
  /// [1, layout.count]
  public let parameters: Matrix
  let weights: BERTWeights
  private let stored: StoredBERT
  private let firstLayer: Int
  private let precision: Element
  private let workers: Workers
  private var buffers: [EncoderBuffers] = []
  /// Gradients of all workers but the first.
  private var parts: [Matrix] = []

  /// - Parameters:
  ///   - stored: with a pooler. Its classifier is taken over when it has as many classes; otherwise a new one begins
  ///     near zero.
  ///   - classes: their names, by index.
  ///   - firstLayer: layers from here on are trained; `layerCount` for pooler and classifier alone.
  ///   - trainsEmbeddings: only with all layers.
  ///   - precision: what the factors of products are rounded to; parameters, sums and gradients are f32.
  /// - Throws: `ModelFileError` for a file without a pooler, `ComputeError` when memory runs out.
  public init(
    _ stored: StoredBERT, classes: [String], firstLayer: Int = 0, trainsEmbeddings: Bool = false,
    precision: Element = .f32, workers: Workers, seed: UInt64
  ) throws {
    var c = stored.configuration
    c.labels = classes
    configuration = c
    self.stored = stored
    self.firstLayer = firstLayer
    self.precision = precision
    self.workers = workers
    guard stored.hasPooler else {
      throw ModelFileError.missingTensor(path: stored.path, name: "pooler.dense.weight")
    }
    let layout = BERTLayout(c, classes: classes.count, firstLayer: firstLayer, embeddings: trainsEmbeddings)
    self.layout = layout
    let parameters = try Matrix(rows: 1, columns: layout.count)
    self.parameters = parameters
    for entry in layout.entries {
      let target = parameters.columns(entry.range)
      if entry.name.hasPrefix("classifier."), stored.classCount != classes.count {
        // Uniform with the deviation 0.02 that BERT's own initialisation has; the bias begins at 0.
        var random = SplitMix64(seed: seed)
        if entry.decays {
          target.set(entry.range.map { _ in (random.nextFloat() - 0.5) * 0.04 * Float(3).squareRoot() })
        }
      } else {
        target.set(try stored.floats(of: entry.name))
      }
    }
    let frozen = BERTWeights.Part.stored(stored, precision: precision)
    let trained = BERTWeights.Part.trained(layout, parameters, precision: precision)
    weights = try BERTWeights(
      c, classes: classes.count, hasPooler: true, embeddings: trainsEmbeddings ? trained : frozen,
      layer: { $0 >= firstLayer ? trained : frozen }, head: trained)
  }

  /// −log p of each input's class.
  ///
  /// - Parameters:
  ///   - scale: factor on the sum of the losses: 1 / number of inputs for their mean. Without it there is no backward.
  ///   - gradients: [1, layout.count], to which the gradient of scale · Σ losses is added.
  public func losses(
    of inputs: [EncoderInput], labels: [Int32], scale: Float? = nil, gradients: Matrix? = nil
  ) throws -> [Float] {
    precondition(inputs.count == labels.count)
    precondition(labels.allSatisfy { $0 >= 0 && $0 < configuration.labels.count })
    precondition(gradients.map { $0.count == layout.count && $0.isContiguous } ?? true)
    guard !inputs.isEmpty else { return [] }
    let shares = EncoderBatch.share(inputs, parts: workers.count)
    let batches = shares.map { share in EncoderBatch(share.map { inputs[$0] }) }
    try grow(to: shares.count, rows: batches.reduce(0) { max($0, $1.rows) }, parts: gradients != nil)

    var targets: [BERTWeights] = []
    var vectors: [Matrix] = []
    if scale != nil, let gradients {
      vectors = [gradients] + parts.prefix(shares.count - 1)
      targets = try vectors.map(windows(on:))
    }
    let found = Mutex<[Result<[Float], any Error>?]>(Array(repeating: nil, count: shares.count))
    let (buffers, weights, precision) = (self.buffers, self.weights, self.precision)
    let targetsOfShares = targets
    workers.run(shares.count) { slot in
      let result = Result {
        let pass = EncoderPass(weights, batch: batches[slot], buffers: buffers[slot], compute: precision)
        pass.forward()
        return try pass.classify(
          shares[slot].map { labels[$0] }, scale: scale,
          gradients: targetsOfShares.isEmpty ? nil : targetsOfShares[slot])
      }
      found.withLock { $0[slot] = result }
    }
    if let total = vectors.first { addUp(Array(vectors.dropFirst()), into: total) }
    var losses = [Float](repeating: 0, count: inputs.count)
    for (share, result) in zip(shares, found.withLock { $0 }) {
      for (index, loss) in zip(share, try result?.get() ?? []) { losses[index] = loss }
    }
    return losses
  }

  /// The trained tensors, and those that stayed as they were: what `StoredBERT.write` takes.
  public func tensors() throws -> [String: FloatTensor] {
    var tensors = layout.tensors(of: parameters)
    let c = configuration
    for tensor in c.embeddingTensors + (0..<c.layerCount).flatMap(c.layerTensors)
    where tensors[tensor.name] == nil {
      tensors[tensor.name] = FloatTensor(shape: tensor.shape, values: try stored.floats(of: tensor.name))
    }
    return tensors
  }

  /// A copy as it is now, packed for use.
  public func encoder(precision: Element) throws -> BERTEncoder {
    let frozen = BERTWeights.Part.stored(stored, precision: precision)
    let (layout, firstLayer) = (layout, firstLayer)
    let copied = try Matrix(rows: 1, columns: layout.count)
    copied.copy(from: parameters)
    let trained = BERTWeights.Part(
      read: { names, rows, columns in layout.matrix(names[0], rows, columns, of: copied) }, isTrained: false,
      precision: precision)
    let hasEmbeddings = layout.entries.contains { $0.name.hasPrefix("embeddings.") }
    let weights = try BERTWeights(
      configuration, classes: configuration.labels.count, hasPooler: true,
      embeddings: hasEmbeddings ? trained : frozen, layer: { $0 >= firstLayer ? trained : frozen },
      head: trained)
    return BERTEncoder(weights, precision: precision, workers: workers)
  }

  /// A vector of gradients as the weights that they belong to.
  private func windows(on vector: Matrix) throws -> BERTWeights {
    let part = BERTWeights.Part.trained(layout, vector, precision: precision)
    let hasEmbeddings = layout.entries.contains { $0.name.hasPrefix("embeddings.") }
    let firstLayer = firstLayer
    return try BERTWeights(
      configuration, classes: configuration.labels.count, hasPooler: true,
      embeddings: hasEmbeddings ? part : nil, layer: { $0 >= firstLayer ? part : nil }, head: part)
  }

  private func grow(to shares: Int, rows: Int, parts wanted: Bool) throws {
    if buffers.count < shares || (buffers.first?.rows ?? 0) < rows {
      let most = max(rows, buffers.first?.rows ?? 0)
      // The old memory goes before the new comes.
      buffers = []
      buffers = try (0..<shares).map { _ in
        try EncoderBuffers(rows: most, configuration, firstKept: firstLayer)
      }
    }
    while wanted, parts.count < shares - 1 { parts.append(try Matrix(rows: 1, columns: layout.count)) }
  }

  private func addUp(_ parts: [Matrix], into total: Matrix) {
    let slices = workers.ranges(of: total.count, least: 4096)
    workers.run(slices.count) { index in
      for part in parts {
        let slice = part.columns(slices[index])
        total.columns(slices[index]).add(slice)
        slice.fill(0)
      }
    }
  }
}
