import Compute
import Foundation
import LanguageModels
import ModelFiles
import Testing

@testable import FineTuning

@Suite("Trainer")
struct TrainerTests {
  private struct Golden: Decodable {
    struct Row: Decodable {
      var ids: [Int32]
      var lossMask: [Int]
    }
    struct Training: Decodable {
      var batches: [[Row]]
      var steps: Int
      var learningRate: [Double]
      var loss: [Double]
      var gradNorm: [Double]
    }
    struct Variant: Decodable {
      var r: Int
      var alpha: Double
    }
    var training: Training
    var variants: [String: Variant]
  }

  @Test("20 steps follow PyTorch + PEFT", arguments: ["llama-tied", "llama-untied", "qwen2-tied"], [1, 2])
  func followsPyTorch(name: String, threads: Int) throws {
    let goldens = TinyModel.fixtures.appendingPathComponent("goldens")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let golden = try decoder.decode(
      Golden.self, from: Data(contentsOf: goldens.appendingPathComponent(name + ".json")))
    let variant = try #require(golden.variants["lora"])
    let model = try TinyModel.load(name, threads: threads)
    var rows: [TrainingSequence] = []
    var steps: [[Int]] = []
    for batch in golden.training.batches {
      steps.append(Array(rows.count..<rows.count + batch.count))
      for row in batch {
        rows.append(
          TrainingSequence(id: rows.count, tokens: row.ids, lossMask: row.lossMask.map { $0 == 1 }))
      }
    }
    let recipe = TrainingRecipe(
      lora: LoRAConfiguration(rank: variant.r, alpha: variant.alpha), learningRate: 1e-3, schedule: .cosine,
      warmupRatio: 0.15, weightDecay: 0.01, maxGradientNorm: 1, batchSize: 3,
      totalSteps: golden.training.steps,
      precision: .f32, threads: threads)
    let trainer = try Trainer(
      model: model, recipe: recipe, trainingSet: rows, evaluationSet: [], order: BatchOrder(steps: steps))
    let tensors = try SafetensorsFile(path: goldens.appendingPathComponent(name + ".safetensors").path)
    var start: [String: FloatTensor] = [:]
    for tensor in tensors.names where tensor.hasPrefix("adapter/base_model.model.") {
      start[String(tensor.dropFirst("adapter/base_model.model.".count))] = FloatTensor(
        shape: try #require(tensors.shape(of: tensor)), values: try tensors.floats(of: tensor))
    }
    try trainer.adapter.load(peftTensors: start)

    for step in 0..<golden.training.steps {
      let report = try trainer.step()
      let (loss, norm) = (golden.training.loss[step], golden.training.gradNorm[step])
      #expect(abs(report.learningRate - golden.training.learningRate[step]) < 1e-12)
      #expect(abs(report.loss - loss) / loss < 1e-3, "loss of step \(step + 1)")
      #expect(abs(report.gradientNorm - norm) / norm < 1e-3, "gradient norm of step \(step + 1)")
    }
    for (name, tensor) in trainer.adapter.peftTensors() {
      let theirs = try tensors.floats(of: "trained/base_model.model.\(name)")
      let worst = zip(tensor.values, theirs).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 2e-4, "\(name)")
    }
  }

  private func recipe(steps: Int = 12, dropout: Double = 0.1, threads: Int = 2) -> TrainingRecipe {
    TrainingRecipe(
      lora: LoRAConfiguration(rank: 4, alpha: 8, dropout: dropout), learningRate: 5e-3, warmupRatio: 0.1,
      batchSize: 3, accumulationSteps: 2, totalSteps: steps, precision: .f32, threads: threads, seed: 11)
  }

  @Test("learns: the loss of unseen rows falls, the base model's stays")
  func learns() throws {
    let model = try TinyModel.load()
    let trainer = try Trainer(
      model: model, recipe: recipe(steps: 40), trainingSet: TinyModel.rows(30),
      evaluationSet: TinyModel.rows(10, seed: 99))
    let base = try #require(try trainer.evaluate(base: true)).loss
    #expect(try trainer.evaluate()?.loss == base)  // B is zero at the start
    while !trainer.isFinished { _ = try trainer.step() }
    let tuned = try #require(try trainer.evaluate()).loss
    #expect(tuned < base - 1)
    #expect(try trainer.evaluate(base: true)?.loss == base)
  }

  @Test("an evaluation tells the loss of each row as if it were evaluated alone")
  func lossesOfRows() throws {
    let model = try TinyModel.load()
    let rows = TinyModel.rows(10, seed: 99)
    let all = try #require(
      try Trainer(
        model: model, recipe: recipe(), trainingSet: TinyModel.rows(30), evaluationSet: rows
      ).evaluate())
    #expect(all.rows.map(\.id) == rows.map(\.id))
    for (row, result) in zip(rows, all.rows) {
      let alone = try Trainer(
        model: model, recipe: recipe(), trainingSet: TinyModel.rows(30), evaluationSet: [row])
      let loss = try #require(try alone.evaluate()).loss
      #expect(abs(result.lossSum / Double(result.targets) - loss) < 1e-4)
      #expect(all.loss { $0.id == row.id } == result.lossSum / Double(result.targets))
    }
    let (sum, targets) = all.rows.reduce((0.0, 0)) { ($0.0 + $1.lossSum, $0.1 + $1.targets) }
    #expect(all.loss == sum / Double(targets))
    #expect(all.loss { _ in false } == nil)
  }

  @Test("saved and resumed at any step, the adapter has the same bits", arguments: [1, 5, 11])
  func resumesExactly(at stop: Int) throws {
    let folder = try TinyModel.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try TinyModel.load()
    let rows = TinyModel.rows(20)
    func trainer() throws -> Trainer {
      try Trainer(model: model, recipe: recipe(), trainingSet: rows, evaluationSet: rows)
    }
    let whole = try trainer()
    var reports: [Double] = []
    while !whole.isFinished { reports.append(try whole.step().loss) }

    let first = try trainer()
    for _ in 0..<stop { _ = try first.step() }
    let checkpoint = folder.appendingPathComponent("checkpoint")
    try Checkpoint.save(first, baseModel: "tiny", to: checkpoint)
    let second = try trainer()
    try Checkpoint.restore(second, from: checkpoint)
    #expect(second.state == first.state)
    var resumed: [Double] = []
    while !second.isFinished { resumed.append(try second.step().loss) }
    #expect(resumed == Array(reports[stop...]))
    #expect(second.adapter.parameters.values == whole.adapter.parameters.values)
    #expect(second.state == whole.state)
  }

  @Test("a checkpoint of another recipe is refused and changes nothing")
  func otherRecipe() throws {
    let folder = try TinyModel.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try TinyModel.load()
    let rows = TinyModel.rows(6)
    let one = try Trainer(model: model, recipe: recipe(), trainingSet: rows, evaluationSet: [])
    _ = try one.step()
    try Checkpoint.save(one, baseModel: nil, to: folder.appendingPathComponent("c"))
    var changed = recipe()
    changed.seed = 12
    let other = try Trainer(model: model, recipe: changed, trainingSet: rows, evaluationSet: [])
    let before = other.adapter.parameters.values
    #expect(throws: CheckpointError.self) {
      try Checkpoint.restore(other, from: folder.appendingPathComponent("c"))
    }
    #expect(other.adapter.parameters.values == before)
    #expect(other.state.step == 0)
  }

  @Test("a checkpoint whose counts cannot be is refused", arguments: [-1, .min, 9, .max])
  func impossibleCounts(step: Int) throws {
    let folder = try TinyModel.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trainer = try Trainer(
      model: TinyModel.load(), recipe: recipe(steps: 8), trainingSet: TinyModel.rows(6), evaluationSet: [])
    var state = trainer.state
    state.step = step
    trainer.restore(
      state, moments: (trainer.firstMoment.values, trainer.secondMoment.values),
      parameters: trainer.adapter.parameters.values)
    try Checkpoint.save(trainer, baseModel: nil, to: folder.appendingPathComponent("c"))
    #expect(throws: CheckpointError.self) {
      try Checkpoint.restore(trainer, from: folder.appendingPathComponent("c"))
    }
  }

  @Test("gradient accumulation equals one large batch")
  func accumulation() throws {
    let model = try TinyModel.load()
    let rows = TinyModel.rows(6)
    func loss(batch: Int, accumulate: Int) throws -> [Double] {
      var r = recipe(steps: 6, dropout: 0)
      r.batchSize = batch
      r.accumulationSteps = accumulate
      let trainer = try Trainer(model: model, recipe: r, trainingSet: rows, evaluationSet: [])
      return try (0..<6).map { _ in try trainer.step().loss }
    }
    for (a, b) in zip(try loss(batch: 6, accumulate: 1), try loss(batch: 2, accumulate: 3)) {
      #expect(abs(a - b) / a < 1e-4)
    }
  }

  @Test("a loss that is not a number stops before the step, names its rows, and spoils nothing")
  func notANumber() throws {
    let model = try TinyModel.load()
    let trainer = try Trainer(
      model: model, recipe: recipe(), trainingSet: TinyModel.rows(6), evaluationSet: [])
    _ = try trainer.step()
    let poison = trainer.adapter.parameters.columns(0..<1)
    let good = poison[0, 0]
    poison[0, 0] = .nan
    let before = trainer.state
    do {
      _ = try trainer.step()
      Issue.record("a NaN went unnoticed")
    } catch let failure as TrainingFailure {
      guard case .notFinite(_, step: 2, let rows) = failure else {
        Issue.record("\(failure)")
        return
      }
      #expect(rows.sorted() == [0, 1, 2, 3, 4, 5])
    }
    #expect(trainer.state == before)
    poison[0, 0] = good
    _ = try trainer.step()
  }

  @Test("an exploding loss stops the run")
  func explosion() throws {
    var state = TrainerState()
    for step in 1...10 { try state.watch(loss: 2, step: step, rows: []) }
    try state.watch(loss: 15, step: 11, rows: [7])  // one bad batch is not an explosion
    #expect(throws: TrainingFailure.self) {
      for step in 12...30 { try state.watch(loss: 12, step: step, rows: [8]) }
    }
  }

  @Test("the best evaluation is remembered, and patience ends")
  func earlyStopping() throws {
    let model = try TinyModel.load()
    var r = recipe()
    r.earlyStoppingPatience = 2
    let trainer = try Trainer(
      model: model, recipe: r, trainingSet: TinyModel.rows(6), evaluationSet: TinyModel.rows(2))
    #expect(trainer.record(evaluation: 3))
    #expect(!trainer.record(evaluation: .nan))
    #expect(!trainer.shouldStopEarly)
    #expect(trainer.record(evaluation: 2.5))
    #expect(!trainer.record(evaluation: 2.6))
    #expect(!trainer.record(evaluation: 2.5))
    #expect(trainer.shouldStopEarly)
    #expect(trainer.state.bestEvaluationLoss == 2.5)
  }
}
