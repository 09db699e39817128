/// What the columns of a table or the members of JSON lines are for.
struct Columns: Sendable {
  enum Role: Sendable {
    case step, totalSteps
    /// Seconds since 1970.
    case wallTime
    /// Seconds since the start.
    case elapsedTime
    case value
  }

  /// The name of the column that counts steps, as the file has it.
  let stepName: String
  private var roles: [Role] = []

  init(stepName: String) {
    self.stepName = stepName
  }

  /// The role of a key of the table, which grows with the file.
  mutating func role(of key: Int, in keys: KeyTable) -> Role {
    while roles.count <= key { roles.append(Self.role(of: keys.names[roles.count], stepName: stepName)) }
    return roles[key]
  }

  private static func role(of name: String, stepName: String) -> Role {
    if name == stepName { return .step }
    switch plain(name) {
    case "total_steps", "max_steps": return .totalSteps
    case "_timestamp", "timestamp", "wall_time": return .wallTime
    case "_runtime", "elapsed_time", "elapsed", "elapsed_seconds": return .elapsedTime
    default: return .value
    }
  }

  /// Names of columns that count steps, the best first: where a file has both steps and epochs, it means the steps.
  private static let stepNames = [
    "step", "global_step", "current_steps", "_step", "train/global_step", "trainer/global_step",
    "current_step",
    "train_step", "training_step", "steps", "num_steps", "iteration", "iter", "iterations", "iters", "update",
    "num_updates", "batch", "epoch",
  ]

  /// The column that counts steps, of a file with these names.
  static func stepName(among names: some Sequence<String>) -> String? {
    var best: (rank: Int, name: String)?
    for name in names {
      guard let rank = stepNames.firstIndex(of: plain(name)) else { continue }
      if rank < best?.rank ?? .max { best = (rank, name) }
    }
    return best?.name
  }

  /// `Wall time` and `wall_time` are one.
  private static func plain(_ name: String) -> String {
    name.lowercased().replacing(" ", with: "_")
  }
}

extension [LogValue] {
  /// Hugging Face's last entry has the mean loss of the whole training under `train_loss`: no point of the curve of
  /// that name.
  mutating func nameMeanLoss() {
    guard contains(where: { $0.name == "train_runtime" }) else { return }
    for index in indices where self[index].name == "train_loss" { self[index].name = "mean_train_loss" }
  }
}
