import Compute
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("PyTorch + PEFT goldens")
struct PyTorchGoldenTests {
  static let models = ["llama-tied", "llama-untied", "qwen2-tied"]
  static let cases: [(String, String)] = [
    ("llama-tied", "lora"), ("llama-tied", "rslora"), ("llama-tied", "qv"), ("llama-untied", "lora"),
    ("qwen2-tied", "lora"),
  ]

  private func pass(_ golden: Golden, threads: Int, precision: Element = .f32) throws -> TrainingPass {
    let workers = Workers(count: threads)
    return try TrainingPass(Llama(golden.stored, precision: precision, workers: workers), workers: workers)
  }

  /// A batch without the last token of each sequence cannot give that token's logits, so one token more is asked.
  private func logits(_ pass: TrainingPass, _ golden: Golden, _ adapter: LoRAAdapter?, share: Bool) throws
    -> [Float]
  {
    let longer = golden.sequences.map {
      TrainingSequence(id: $0.id, tokens: $0.tokens + [0], lossMask: $0.lossMask + [false])
    }
    return try pass.logits(of: RaggedBatch(longer, sharePrefix: share), adapter: adapter).values
  }

  @Test("base logits", arguments: models, [1, 2, 3])
  func baseLogits(model: String, threads: Int) throws {
    let golden = try Golden(model)
    let ours = try logits(pass(golden, threads: threads), golden, nil, share: false)
    #expect(relativeError(ours, try golden.tensors.floats(of: "logits/base")) < 1e-4)
  }

  @Test("logits, loss and gradients with LoRA", arguments: cases, [1, 2, 3])
  func gradients(of test: (model: String, variant: String), threads: Int) throws {
    let golden = try Golden(test.model)
    let adapter = try golden.adapter(test.variant)
    let pass = try pass(golden, threads: threads)
    let ours = try logits(pass, golden, adapter, share: false)
    #expect(relativeError(ours, try golden.tensors.floats(of: "logits/\(test.variant)")) < 1e-4)

    for share in [false, true] {
      let batch = RaggedBatch(golden.sequences, sharePrefix: share)
      #expect(batch.targets.count == golden.numbers.lossTokens)
      let gradient = try Matrix(rows: 1, columns: adapter.parameters.count)
      let losses = try pass.losses(
        of: batch, adapter: adapter, backward: BackwardRequest(scale: 1 / Float(batch.targets.count)),
        gradients: gradient)
      let mean = losses.reduce(0) { $0 + Double($1) } / Double(losses.count)
      let expected = golden.numbers.loss[test.variant]!
      #expect(abs(mean - expected) / expected < 1e-5)
      for (name, tensor) in adapter.peftTensors(of: gradient) {
        let theirs = try golden.tensors.floats(of: "grad/\(test.variant)/base_model.model.\(name)")
        #expect(relativeError(tensor.values, theirs) < 1e-4, "\(name)")
      }
    }
  }

  @Test("base loss", arguments: models)
  func baseLoss(model: String) throws {
    let golden = try Golden(model)
    let losses = try pass(golden, threads: 2).losses(of: RaggedBatch(golden.sequences), adapter: nil)
    let mean = losses.reduce(0) { $0 + Double($1) } / Double(losses.count)
    #expect(abs(mean - golden.numbers.loss["base"]!) / mean < 1e-5)
  }

  @Test("a shared prefix changes no loss and no gradient")
  func sharedPrefix() throws {
    let golden = try Golden("llama-tied")
    let adapter = try golden.adapter("lora")
    let prefix: [Int32] = [5, 9, 3, 7, 11, 2, 8]
    let sequences = golden.sequences.filter { $0.targetCount > 0 }.map {
      TrainingSequence(
        id: $0.id, tokens: prefix + $0.tokens, lossMask: prefix.map { _ in false } + $0.lossMask)
    }
    let pass = try pass(golden, threads: 2)
    var results: [(losses: [Float], gradient: [Float])] = []
    for share in [false, true] {
      let batch = RaggedBatch(sequences, sharePrefix: share)
      #expect(batch.prefixCount >= (share ? prefix.count : 0))
      let gradient = try Matrix(rows: 1, columns: adapter.parameters.count)
      let losses = try pass.losses(
        of: batch, adapter: adapter, backward: BackwardRequest(scale: 1), gradients: gradient)
      results.append((losses, gradient.values))
    }
    #expect(relativeError(results[1].losses, results[0].losses) < 1e-5)
    #expect(relativeError(results[1].gradient, results[0].gradient) < 1e-5)
  }
}
