/// Which of Assay's names a log's name stands for, so that runs of all tools share a chart.
enum SeriesName {
  static func assay(for name: String) -> String {
    known[name.lowercased()] ?? name
  }

  private static let known: [String: String] = {
    let names: [String: [String]] = [
      "train_loss": ["loss", "train/loss", "train_loss", "training_loss", "training loss"],
      "eval_loss": ["eval/loss", "eval_loss", "val_loss", "val/loss", "valid_loss", "validation_loss"],
      "learning_rate": ["lr", "train/lr", "train/learning_rate", "learning_rate"],
      "gradient_norm": ["grad_norm", "train/grad_norm", "gradient_norm"],
      "tokens_per_second": ["tokens_per_second", "tokens_per_sec"],
    ]
    return names.reduce(into: [:]) { table, entry in
      for name in entry.value { table[name] = entry.key }
    }
  }()
}
