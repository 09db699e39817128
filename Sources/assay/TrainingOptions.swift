import ArgumentParser
import Jobs

/// The settings of a run as flags: every one of `TrainingSettings.fields`, where the ranges and defaults are.
/// A flag wins over assay.toml.
struct TrainingOptions: ParsableArguments {
  @Option(help: "Rank of the adapter's matrices (16).") var loraR: String?
  @Option(help: "The adapter is scaled by alpha / rank (32).") var loraAlpha: String?
  @Option(help: "Share of the adapter's inputs that a step leaves out (0.05).") var loraDropout: String?
  @Flag(inversion: .prefixedNo, help: "Scale by alpha / √rank instead.") var useRslora: Bool?
  @Option(help: "Any of q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj (all).") var targetModules:
    String?
  @Option(help: "The highest learning rate (2e-4).") var learningRate: String?
  @Option(help: "cosine, linear or constant.") var schedule: String?
  @Option(help: "Share of the steps in which the learning rate rises (0.03).") var warmupRatio: String?
  @Option(help: "Pairs of one forward and backward pass (8).") var batchSize: String?
  @Option(help: "Batches whose gradients make one step (1).") var gradientAccumulationSteps: String?
  @Option(help: "Passes over the training set (3).") var epochs: String?
  @Option(
    name: [.customLong("steps"), .customLong("max-steps")],
    help: "Steps in all; 0 takes what the epochs need.")
  var maxSteps: String?
  @Option(help: "Decay of AdamW (0).") var weightDecay: String?
  @Option(help: "Gradients longer than this are shortened to it; 0 leaves them (1).") var maxGradNorm: String?
  @Option(help: "Steps between evaluations; 0 evaluates at the end only (10).") var evalEvery: String?
  @Option(help: "Steps between checkpoints; 0 writes one at the end only (20).") var checkpointEvery: String?
  @Option(help: "Evaluations without improvement after which the run stops; 0 never does (0).")
  var earlyStoppingPatience: String?
  @Option(help: "The most tokens of a question with its answer (1024).") var maxLength: String?
  @Option(help: "f32, bf16, or auto for what this CPU does faster.") var precision: String?
  @Option(help: "Threads that compute; 0 is one per processor.") var threads: String?
  @Option(help: "Same seed, recipe and threads on a machine: same bits (1).") var seed: String?

  /// - Throws: `SettingError` naming the field and what it allows.
  func apply(to settings: inout TrainingSettings) throws {
    let given: [(String, String?)] = [
      ("lora_r", loraR), ("lora_alpha", loraAlpha), ("lora_dropout", loraDropout),
      ("use_rslora", useRslora.map(String.init)), ("target_modules", targetModules),
      ("learning_rate", learningRate), ("schedule", schedule), ("warmup_ratio", warmupRatio),
      ("batch_size", batchSize), ("gradient_accumulation_steps", gradientAccumulationSteps),
      ("epochs", epochs),
      ("max_steps", maxSteps), ("weight_decay", weightDecay), ("max_grad_norm", maxGradNorm),
      ("eval_every", evalEvery), ("checkpoint_every", checkpointEvery),
      ("early_stopping_patience", earlyStoppingPatience), ("max_length", maxLength), ("precision", precision),
      ("threads", threads), ("seed", seed),
    ]
    for (name, text) in given {
      guard let text else { continue }
      do {
        try TrainingSettings.field(name).set(text: text, in: &settings)
      } catch {
        throw ValidationError("\(error)")
      }
    }
  }
}
