import Compute
import ModelFiles

/// What a pass computes besides the losses.
public struct BackwardRequest: Sendable {
  /// Factor on the sum of the losses: 1 / number of targets for their mean.
  public var scale: Float
  /// Key of the dropout masks.
  public var seed: UInt64
  public var step: Int

  public init(scale: Float, seed: UInt64 = 0, step: Int = 0) {
    self.scale = scale
    self.seed = seed
    self.step = step
  }
}

/// Forward and backward of a whole model on a ragged batch, with the memory that takes.
///
/// Rows are cut into one range for each worker. A worker takes its rows through everything between two attentions —
/// output projection, MLP, norm, next layer's q, k, v — without waiting; attention needs the rows of others, so a
/// layer costs two forks forward and two backward. Ranges depend only on the number of workers, so results are the
/// same bits in every run.
///
/// Owned by one queue.
public final class TrainingPass {
  let model: Llama
  let workers: Workers
  /// Evaluating takes large batches and keeps nothing of a layer; training takes smaller ones and keeps all of it.
  private var trainingBuffers: PassBuffers
  private var inferenceBuffers: PassBuffers
  private var rotary: RotaryTable
  private let largestBatch: Int
  public let clock = PassClock()

  var c: ModelConfiguration { model.configuration }

  /// - Parameter trainingRows: tokens of the largest batch to come, where that is known: memory that is not touched
  ///   costs nothing, and growing later costs time.
  public init(_ model: Llama, workers: Workers, trainingRows: Int = 0) throws {
    self.model = model
    self.workers = workers
    let head = try HeadBuffers(model.configuration, workers: workers)
    inferenceBuffers = try PassBuffers(
      rows: 0, training: false, model.configuration, rank: 0, parameters: 0, head: head, workers: workers)
    trainingBuffers = inferenceBuffers
    largestBatch = trainingRows
    rotary = try model.rotaryTable(positions: 512)
  }

  /// −log p of every target of the batch, in the order of `batch.lossRows`.
  ///
  /// - Parameters:
  ///   - adapter: nil for the base model.
  ///   - gradient: when given, the gradient of scale · Σ losses is added to `gradients`, laid out like the adapter's
  ///     parameters; dropout is active.
  public func losses(
    of batch: RaggedBatch, adapter: LoRAAdapter?, backward request: BackwardRequest? = nil,
    gradients: Matrix? = nil
  ) throws -> [Float] {
    let buffers = try buffers(for: batch, adapter: adapter, training: request != nil)
    let run = LayerRun(
      model: model, adapter: adapter, batch: batch, buffers: buffers, workers: workers, rotary: rotary,
      request: request, clock: clock)
    run.forward()
    let losses = run.headLosses()
    if request != nil, let gradients {
      precondition(adapter != nil && gradients.count == adapter?.parameters.count)
      if !batch.lossRows.isEmpty { run.backward(into: gradients) }
    }
    return losses
  }

  /// Logits of every row of the batch, [rows, vocabulary]: for tests and inspection, memory for all of them at once.
  public func logits(of batch: RaggedBatch, adapter: LoRAAdapter?) throws -> Matrix {
    let buffers = try buffers(for: batch, adapter: adapter, training: false)
    let run = LayerRun(
      model: model, adapter: adapter, batch: batch, buffers: buffers, workers: workers, rotary: rotary,
      request: nil, clock: clock)
    run.forward()
    return try run.allLogits()
  }

  private func buffers(for batch: RaggedBatch, adapter: LoRAAdapter?, training: Bool) throws -> PassBuffers {
    let positions = Int(batch.positions.max() ?? 0) + 1
    if positions > rotary.positions {
      rotary = try model.rotaryTable(positions: max(positions, min(2 * rotary.positions, c.contextLength)))
    }
    let rank = adapter?.configuration.rank ?? 0
    let parameters = adapter?.parameters.count ?? 0
    let prefixSlots = batch.runs.count * batch.prefixCount
    let now = training ? trainingBuffers : inferenceBuffers
    if now.holds(
      rows: batch.rows, prefixSlots: prefixSlots, training: training, rank: rank, parameters: parameters)
    {
      return now
    }
    func make(rows: Int, slots: Int, rank: Int, parameters: Int) throws -> PassBuffers {
      try PassBuffers(
        rows: rows, prefixSlots: slots, training: training, c, rank: rank, parameters: parameters,
        head: now.head,
        workers: workers)
    }
    // The old memory goes before the new comes.
    let none = try make(rows: 0, slots: 0, rank: 0, parameters: 0)
    if training { trainingBuffers = none } else { inferenceBuffers = none }
    let grown = try make(
      rows: max(batch.rows, now.rows, training ? largestBatch : 0), slots: max(prefixSlots, now.prefixSlots),
      rank: max(rank, now.rank), parameters: max(parameters, now.parameters))
    if training { trainingBuffers = grown } else { inferenceBuffers = grown }
    return grown
  }
}
