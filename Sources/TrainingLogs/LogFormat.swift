/// The kinds of training logs that are read. A file's content tells which it is; its name only breaks ties.
public enum LogFormat: String, CaseIterable, Codable, Sendable {
  /// `trainer_state.json` of Hugging Face's Trainer, written anew at each save.
  case trainerState = "trainer_state"
  /// `trainer_log.jsonl` of LLaMA-Factory.
  case trainerLog = "trainer_log"
  /// TensorBoard's event files, `*tfevents*`.
  case tensorBoard = "tensorboard"
  /// The `.wandb` file of a Weights & Biases run.
  case wandb
  /// What `mlx_lm.lora` prints (its style until June 2026): `Iter 10: Train loss 2.345, …`.
  case mlxOutput = "mlx_stdout"
  /// What Hugging Face's Trainer prints: a Python dictionary a line, between progress bars.
  case trainerOutput = "trainer_stdout"
  /// A table with a header that has a column of steps.
  case csv
  /// A JSON object a line, with a member that counts steps.
  case jsonLines = "jsonl"

  /// As messages name it.
  public var description: String {
    switch self {
    case .trainerState: "Hugging Face trainer state"
    case .trainerLog: "LLaMA-Factory trainer log"
    case .tensorBoard: "TensorBoard events"
    case .wandb: "Weights & Biases run"
    case .mlxOutput: "output of mlx-lm"
    case .trainerOutput: "output of the Hugging Face Trainer"
    case .csv: "CSV table"
    case .jsonLines: "JSON lines"
    }
  }

  /// Whether its writer replaces the whole content at each save, where the others only append.
  var isRewritten: Bool { self == .trainerState }
}
