import CEmbeddedFiles
import Compute
import FineTuning
import Foundation
import LanguageModels
import Synchronization

/// Measures training steps on fixed work, the same that Tests/Reference/pytorch_lora.py does in PyTorch + PEFT.
public struct TrainingBenchmark: Sendable {
  public enum Case: String, Sendable, CaseIterable {
    /// 8 question–answer pairs of 64–128 tokens a step, loss on the answers.
    case qa
    /// One sequence of 1,024 random tokens, every token a target.
    case packed1x1024 = "packed-1x1024"
    /// Four sequences of 512 random tokens, every token a target.
    case packed4x512 = "packed-4x512"
  }

  public struct Result: Sendable, Encodable {
    public var benchmark = "train"
    public var `case`: String
    public var model: String
    public var precision: String
    public var instructionSet: String
    public var threads: Int
    public var steps: Int
    public var tokensPerStep: Int
    /// Medians over the steps after two warm-ups.
    public var tokensPerSecond: Double
    public var msPerStep: Double
    /// Parts of a step, from the time that the workers spent in them.
    public var matmulMs: Double
    public var attentionMs: Double
    public var otherMs: Double
    /// Work done per second over what the same threads reach in registers, in the precision of the products.
    public var peakShare: Double
    public var peakFlopsPerSecond: Double
    public var firstStepSeconds: Double
    public var loadSeconds: Double
    public var peakRssBytes: Int
    public var losses: [Double]
  }

  public var `case`: Case
  public var precision: TrainingRecipe.Precision
  public var threads: Int
  public var steps: Int
  public static let warmups = 2

  public init(case: Case, precision: TrainingRecipe.Precision, threads: Int, steps: Int) {
    self.case = `case`
    self.precision = precision
    self.threads = threads
    self.steps = steps
  }

  public func run(_ opened: OpenedModel, progress: (String) -> Void) throws -> Result {
    let loadStart = Date()
    let model = try opened.weights(precision: precision, threads: threads)
    let load = Date().timeIntervalSince(loadStart)
    let (rows, order) = try work(opened)
    let total = steps + Self.warmups
    let recipe = TrainingRecipe(
      lora: LoRAConfiguration(rank: 16, alpha: 32, dropout: 0), learningRate: 2e-4, schedule: .constant,
      warmupRatio: 0, weightDecay: 0, maxGradientNorm: 0, batchSize: order.rowsPerStep, totalSteps: total,
      precision: precision, threads: threads)
    let trainer = try Trainer(
      model: model, recipe: recipe, trainingSet: rows, evaluationSet: [], order: order)

    var reports: [StepReport] = []
    var firstStep = 0.0
    var parts: (products: Double, attention: Double, other: Double) = (0, 0, 0)
    var work = 0.0
    for step in 0..<total {
      if step == Self.warmups {
        trainer.clock.measuring.store(true, ordering: .relaxed)
        _ = trainer.clock.take()
      }
      let batch = RaggedBatch(order.rows(ofStep: step).map { rows[$0] })
      let report = try trainer.step()
      if step == 0 { firstStep = ProcessFacts.secondsSinceLaunch }
      if step >= Self.warmups {
        reports.append(report)
        work += TrainingWork(batch, opened.configuration, rank: 16).flops
      }
      progress(
        "step \(step + 1)/\(total) · loss \(String(format: "%.3f", report.loss)) · \(Int(report.seconds * 1000)) ms"
      )
    }
    parts = trainer.clock.take()

    let threads = Workers(count: threads).count
    let peak = measurePeak(threads: threads)
    let seconds = reports.map(\.seconds)
    let sum = seconds.reduce(0, +)
    let perStep = 1000 / Double(max(1, reports.count)) / Double(threads)
    return Result(
      case: self.case.rawValue, model: opened.name, precision: precision.rawValue,
      instructionSet: Processor.instructionSet, threads: threads, steps: steps,
      tokensPerStep: reports.map(\.tokens).reduce(0, +) / max(1, reports.count),
      tokensPerSecond: median(reports.map { Double($0.tokens) / $0.seconds }),
      msPerStep: median(seconds) * 1000,
      matmulMs: parts.products * perStep, attentionMs: parts.attention * perStep,
      otherMs: parts.other * perStep,
      peakShare: work / sum / peak, peakFlopsPerSecond: peak, firstStepSeconds: firstStep, loadSeconds: load,
      peakRssBytes: ProcessFacts.peakResidentBytes, losses: reports.map(\.loss))
  }

  private func work(_ opened: OpenedModel) throws -> ([TrainingSequence], BatchOrder) {
    switch self.case {
    case .qa:
      let pairs = try JSONLines.decode(
        QuestionAnswer.self, from: String(cString: embedded_qa_case()), file: "qa_case.jsonl")
      let rows = try pairs.enumerated().map { index, pair in
        let example = try opened.template.encode(
          question: pair.question, answer: pair.answer, tokenizer: opened.tokenizer)
        return TrainingSequence(id: index, tokens: example.ids.map(Int32.init), lossMask: example.lossMask)
      }
      return (rows, BatchOrder(steps: (0..<rows.count / 8).map { Array($0 * 8..<($0 + 1) * 8) }))
    case .packed1x1024: return packed(sequences: 1, length: 1024, opened)
    case .packed4x512: return packed(sequences: 4, length: 512, opened)
    }
  }

  private func packed(sequences: Int, length: Int, _ opened: OpenedModel) -> ([TrainingSequence], BatchOrder)
  {
    var random = SplitMix64(seed: 1)
    let words = UInt64(opened.configuration.vocabularySize)
    let rows = (0..<(steps + Self.warmups) * sequences).map { id in
      TrainingSequence(
        id: id, tokens: (0..<length).map { _ in Int32(random.next() % words) },
        lossMask: (0..<length).map { $0 > 0 })
    }
    return (
      rows, BatchOrder(steps: (0..<steps + Self.warmups).map { Array($0 * sequences..<($0 + 1) * sequences) })
    )
  }

  /// All threads at once: their clocks and their memory depend on one another.
  private func measurePeak(threads: Int) -> Double {
    let element: Element = precision == .bf16 && Processor.hasBF16Products ? .bf16 : .f32
    let sum = Mutex(0.0)
    Workers(count: threads).run(threads) { _ in
      let peak = Processor.measurePeak(element, seconds: 0.3)
      sum.withLock { $0 += peak }
    }
    return sum.withLock { $0 }
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
