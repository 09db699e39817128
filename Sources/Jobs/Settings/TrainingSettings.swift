import FineTuning
import Foundation
import LanguageModels

/// How a run trains, as people set it: in the `[training]` section of `assay.toml`, by flags, or in the form.
public struct TrainingSettings: Equatable, Sendable {
  public enum Precision: String, CaseIterable, Sendable {
    /// bf16 where the CPU multiplies it faster.
    case auto
    case f32, bf16
  }

  public var loraR = 16
  public var loraAlpha = 32.0
  public var loraDropout = 0.05
  public var useRSLoRA = false
  public var targetModules = Set(LinearLayer.allCases)
  public var learningRate = 2e-4
  public var schedule = TrainingRecipe.Schedule.cosine
  public var warmupRatio = 0.03
  public var batchSize = 8
  public var gradientAccumulationSteps = 1
  public var epochs = 3.0
  /// 0: as many as `epochs` takes.
  public var maxSteps = 0
  public var weightDecay = 0.0
  /// 0: no clipping.
  public var maxGradNorm = 1.0
  /// 0: at the end only.
  public var evalEvery = 10
  /// 0: at the end only.
  public var checkpointEvery = 20
  /// 0: never stop early.
  public var earlyStoppingPatience = 0
  /// Tokens of a question with its answer.
  public var maxLength = 1024
  public var precision = Precision.auto
  /// 0: one per processor.
  public var threads = 0
  public var seed = 1

  public init() {}

  /// What the trainer needs, for a training set of so many rows.
  public func recipe(rows: Int) -> TrainingRecipe {
    TrainingRecipe(
      lora: LoRAConfiguration(
        rank: loraR, alpha: loraAlpha, dropout: loraDropout, useRSLoRA: useRSLoRA, targets: targetModules),
      learningRate: learningRate, schedule: schedule, warmupRatio: warmupRatio, weightDecay: weightDecay,
      maxGradientNorm: maxGradNorm, batchSize: batchSize, accumulationSteps: gradientAccumulationSteps,
      totalSteps: maxSteps > 0
        ? maxSteps
        : TrainingRecipe.steps(
          epochs: epochs, rows: rows, batchSize: batchSize, accumulationSteps: gradientAccumulationSteps),
      evaluateEvery: evalEvery, checkpointEvery: checkpointEvery,
      earlyStoppingPatience: earlyStoppingPatience,
      precision: TrainingRecipe.Precision(rawValue: precision.rawValue) ?? .preferred,
      threads: threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount, seed: UInt64(seed))
  }

  // MARK: - Fields

  /// Every setting, in the order of a form. Default values are those of a new `TrainingSettings`.
  public static let fields: [SettingField<TrainingSettings>] = [
    .integer("lora_r", "LoRA rank", \.loraR, 1...1024, "Rank of the adapter's matrices."),
    .number(
      "lora_alpha", "LoRA alpha", \.loraAlpha, above: 0, to: 65536,
      "The adapter is scaled by alpha / rank."),
    .number(
      "lora_dropout", "LoRA dropout", \.loraDropout, from: 0, to: 0.95,
      "Share of the adapter's inputs that a step leaves out."),
    .flag("use_rslora", "rsLoRA", \.useRSLoRA, "Scale by alpha / √rank instead."),
    .choices(
      "target_modules", "Target modules", \.targetModules, "The linear layers that get an adapter."),
    .number(
      "learning_rate", "Learning rate", \.learningRate, above: 0, to: 1,
      "The highest learning rate, reached after the warm-up."),
    .choice("schedule", "Schedule", \.schedule, "How the learning rate falls after the warm-up."),
    .number(
      "warmup_ratio", "Warm-up", \.warmupRatio, from: 0, to: 1,
      "Share of the steps in which the learning rate rises from 0."),
    .integer("batch_size", "Batch size", \.batchSize, 1...4096, "Pairs of one forward and backward pass."),
    .integer(
      "gradient_accumulation_steps", "Accumulation", \.gradientAccumulationSteps, 1...4096,
      "Batches whose gradients make one step."),
    .number("epochs", "Epochs", \.epochs, above: 0, to: 10000, "Passes over the training set."),
    .integer(
      "max_steps", "Steps", \.maxSteps, 0...100_000_000, "Steps in all; 0 takes what the epochs need."),
    .number("weight_decay", "Weight decay", \.weightDecay, from: 0, to: 1, "Decay of AdamW."),
    .number(
      "max_grad_norm", "Gradient norm", \.maxGradNorm, from: 0, to: 1_000_000,
      "Gradients longer than this are shortened to it; 0 leaves them."),
    .integer(
      "eval_every", "Evaluate every", \.evalEvery, 0...100_000_000,
      "Steps between evaluations; 0 evaluates at the end only."),
    .integer(
      "checkpoint_every", "Checkpoint every", \.checkpointEvery, 0...100_000_000,
      "Steps between checkpoints; 0 writes one at the end only."),
    .integer(
      "early_stopping_patience", "Patience", \.earlyStoppingPatience, 0...1_000_000,
      "Evaluations without improvement after which the run stops; 0 never stops it."),
    .integer(
      "max_length", "Longest pair", \.maxLength, 8...1_048_576,
      "Tokens of a question with its answer; longer pairs are refused."),
    .choice(
      "precision", "Precision", \.precision,
      "Of the products: f32, bf16, or auto for what this CPU does faster."),
    .integer("threads", "Threads", \.threads, 0...1024, "Threads that compute; 0 is one per processor."),
    .integer(
      "seed", "Seed", \.seed, 0...Int.max, "Same seed, recipe and threads on a machine: same bits."),
  ]

  /// The field of this name.
  ///
  /// - Throws: ``SettingError/unknownField(field:nearest:)``.
  public static func field(_ name: String) throws(SettingError) -> SettingField<TrainingSettings> {
    guard let field = fields.first(where: { $0.name == name }) else {
      throw .unknownField(field: name, nearest: nearestName(to: name, among: fields.map(\.name)))
    }
    return field
  }
}
