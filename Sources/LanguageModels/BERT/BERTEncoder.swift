import Compute
import ModelFiles
import Synchronization

/// A BERT for use: embeddings of sentences, and classes where the file has a classifier.
///
/// Inputs are sorted by length and cut into small batches without padding; workers take a batch each through all
/// layers. Weights are never written, so that any number of threads may ask at once.
public final class BERTEncoder: Sendable {
  public let configuration: BERTConfiguration
  /// How weights are stored and multiplied.
  public let precision: Element
  let weights: BERTWeights
  private let workers: Workers
  /// Memory of batches that no worker uses now.
  private let spare = Mutex<[EncoderBuffers]>([])

  /// Tokens of one batch: enough rows for the kernels, few enough that a layer's numbers stay in the cache.
  static let batchTokens = 256

  /// One vector for each input.
  public enum Pooling: Sendable {
    /// The mean of all hidden states: sentence embeddings.
    case mean
    /// The hidden state of [CLS].
    case first
    /// tanh of a dense layer on [CLS], which classifiers read.
    case pooler
  }

  /// - Throws: `ModelFileError` for what the file lacks, `ComputeError` when memory runs out.
  public convenience init(_ stored: StoredBERT, precision: Element, workers: Workers) throws {
    self.init(try BERTWeights(stored, precision: precision), precision: precision, workers: workers)
  }

  init(_ weights: BERTWeights, precision: Element, workers: Workers) {
    self.weights = weights
    self.precision = precision
    self.workers = workers
    configuration = weights.configuration
  }

  public var classCount: Int { weights.classifier?.outputs ?? 0 }

  /// One vector for each input, [inputs, hidden]; of length 1 when `normalized`.
  ///
  /// - Parameter inputs: each of 1 to `positionCount` tokens of the vocabulary.
  public func embeddings(
    of inputs: [EncoderInput], pooling: Pooling = .mean, normalized: Bool = true
  ) throws -> Matrix {
    precondition(pooling != .pooler || weights.pooler != nil, "a model without a pooler")
    let result = try Matrix(rows: inputs.count, columns: configuration.hiddenSize)
    try eachBatch(of: inputs, width: configuration.hiddenSize) { pass, pooled in
      switch pooling {
      case .mean:
        pass.forward()
        pass.meanPool(into: pooled)
      case .first, .pooler:
        pass.forwardToFirstRows()
        pooled.copy(from: pass.hidden.rows(0..<pooled.rows))
      }
      if pooling == .pooler, let pooler = weights.pooler {
        // The hidden states have been read: their memory holds the product.
        let dense = pass.hidden.rows(0..<pooled.rows)
        pooler.apply(pooled, into: dense)
        pooled.setTanh(of: dense)
      }
      guard normalized else { return }
      for row in 0..<pooled.rows {
        let vector = pooled.rows(row..<row + 1)
        let length = vector.sumOfSquares.squareRoot()
        if length > 0 { vector.scale(by: Float(1 / length)) }
      }
    } store: { index, vector in
      result.rows(index..<index + 1).copy(from: vector)
    }
    return result
  }

  /// [inputs, classes]: what the classifier says before a softmax.
  public func logits(of inputs: [EncoderInput]) throws -> Matrix {
    guard let classifier = weights.classifier else { preconditionFailure("a model without a classifier") }
    let pooled = try embeddings(of: inputs, pooling: .pooler, normalized: false)
    let logits = try Matrix(rows: inputs.count, columns: classifier.outputs)
    if inputs.count > 0 { classifier.apply(pooled, into: logits) }
    return logits
  }

  /// All hidden states of one input, [tokens, hidden]: for tests and inspection.
  public func hiddenStates(of input: EncoderInput) throws -> Matrix {
    let buffers = try EncoderBuffers(rows: input.tokens.count, configuration, firstKept: nil)
    let pass = EncoderPass(weights, batch: EncoderBatch([input]), buffers: buffers, compute: precision)
    pass.forward()
    return buffers.output
  }

  /// Runs batches on the workers: `pool` computes and reduces a batch to one row for each input, `store` is handed each of them
  /// with the input's index.
  private func eachBatch(
    of inputs: [EncoderInput], width: Int, pool: @Sendable (EncoderPass, Matrix) -> Void,
    store: @Sendable (Int, Matrix) -> Void
  ) throws {
    for input in inputs {
      precondition(!input.tokens.isEmpty && input.tokens.count <= configuration.positionCount)
      precondition(input.tokens.allSatisfy { $0 >= 0 && $0 < configuration.vocabularySize })
      precondition(input.tokenTypes.allSatisfy { $0 >= 0 && $0 < configuration.tokenTypeCount })
    }
    let batches = EncoderBatch.cut(inputs, tokens: Self.batchTokens)
    let slots = min(workers.count, batches.count)
    let rows = max(Self.batchTokens, inputs.reduce(0) { max($0, $1.tokens.count) })
    let buffers = Mutex(try takeBuffers(slots, rows: rows))
    let pooled = try Matrix(rows: inputs.count, columns: width)
    let starts = batches.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    workers.run(batches.count) { item in
      guard let mine = buffers.withLock({ $0.popLast() }) else {
        preconditionFailure("more workers than were said")
      }
      let batch = batches[item]
      let pass = EncoderPass(
        weights, batch: EncoderBatch(batch.map { inputs[$0] }), buffers: mine, compute: precision)
      let mineOfPooled = pooled.rows(starts[item]..<starts[item + 1])
      pool(pass, mineOfPooled)
      for (row, index) in batch.enumerated() { store(index, mineOfPooled.rows(row..<row + 1)) }
      buffers.withLock { $0.append(mine) }
    }
    let used = buffers.withLock { $0 }
    spare.withLock { $0 += used.filter { $0.rows == Self.batchTokens } }
  }

  private func takeBuffers(_ count: Int, rows: Int) throws -> [EncoderBuffers] {
    var taken = spare.withLock { spare in
      let fitting = rows == Self.batchTokens ? min(count, spare.count) : 0
      defer { spare.removeLast(fitting) }
      return Array(spare.suffix(fitting))
    }
    while taken.count < count {
      taken.append(try EncoderBuffers(rows: rows, configuration, firstKept: nil))
    }
    return taken
  }
}
