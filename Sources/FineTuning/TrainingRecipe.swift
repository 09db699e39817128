import Compute
import LanguageModels

/// Everything that decides what a run learns. The same recipe, data, machine and thread count give the same bits.
public struct TrainingRecipe: Sendable, Equatable, Codable {
  public enum Schedule: String, Sendable, Codable, CaseIterable {
    case cosine, linear, constant
  }
  public enum Precision: String, Sendable, Codable, CaseIterable {
    case f32, bf16

    /// bf16 where the CPU multiplies it faster than f32.
    public static var preferred: Precision { Processor.hasBF16Products ? .bf16 : .f32 }
    public var element: Element { self == .f32 ? .f32 : .bf16 }
  }

  public var lora: LoRAConfiguration
  public var learningRate: Double
  public var schedule: Schedule
  /// Share of all steps in which the learning rate rises from 0.
  public var warmupRatio: Double
  public var weightDecay: Double
  /// Gradients longer than this are shortened to it; 0 leaves them.
  public var maxGradientNorm: Double
  /// Rows of one forward and backward.
  public var batchSize: Int
  /// Batches whose gradients make one step.
  public var accumulationSteps: Int
  public var totalSteps: Int
  /// Steps between evaluations; 0 is only at the end.
  public var evaluateEvery: Int
  /// Steps between checkpoints; 0 is only at the end.
  public var checkpointEvery: Int
  /// Evaluations without improvement after which the run stops; 0 never stops it.
  public var earlyStoppingPatience: Int
  public var precision: Precision
  public var threads: Int
  public var threadsText: String { "\(threads) thread\(threads == 1 ? "" : "s")" }
  public var seed: UInt64

  public init(
    lora: LoRAConfiguration = LoRAConfiguration(), learningRate: Double = 2e-4, schedule: Schedule = .cosine,
    warmupRatio: Double = 0.03, weightDecay: Double = 0, maxGradientNorm: Double = 1, batchSize: Int = 8,
    accumulationSteps: Int = 1, totalSteps: Int, evaluateEvery: Int = 0, checkpointEvery: Int = 0,
    earlyStoppingPatience: Int = 0, precision: Precision = .preferred, threads: Int = 2, seed: UInt64 = 1
  ) {
    self.lora = lora
    self.learningRate = learningRate
    self.schedule = schedule
    self.warmupRatio = warmupRatio
    self.weightDecay = weightDecay
    self.maxGradientNorm = maxGradientNorm
    self.batchSize = batchSize
    self.accumulationSteps = accumulationSteps
    self.totalSteps = totalSteps
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    self.earlyStoppingPatience = earlyStoppingPatience
    self.precision = precision
    self.threads = threads
    self.seed = seed
  }

  /// Steps of the warm-up, rounded up as transformers does.
  public var warmupSteps: Int { Int((warmupRatio * Double(totalSteps)).rounded(.up)) }

  /// Steps that take the data `epochs` times.
  public static func steps(epochs: Double, rows: Int, batchSize: Int, accumulationSteps: Int) -> Int {
    let perEpoch = (rows + batchSize * accumulationSteps - 1) / (batchSize * accumulationSteps)
    return max(1, Int((epochs * Double(perEpoch)).rounded(.up)))
  }
}
