/// What `mlx_lm.lora` printed until June 2026 (mlx_lm/tuner/trainer.py): lines such as
///
///     Iter 200: Val loss 1.934, Val took 3.210s
///     Iter 200: Train loss 2.345, Learning Rate 1.000e-05, It/sec 1.200, Tokens/sec 200.100, Trained Tokens 2000,
///     Peak mem 5.100 GB
///
/// (the second on one line) among others. Its series are called as in the callback's dictionary.
struct MLXOutputReader: LogReader {
  private var lines = LineCutter()

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    lines.cut(window, into: &output) { line, _, output in
      for piece in OutputLines.pieces(of: line) {
        if let entry = Self.entry(piece) { output.entries.append(entry) }
      }
    }
  }

  /// By the words before the number.
  private static let names = [
    "Train loss": "train_loss", "Val loss": "val_loss", "Learning Rate": "learning_rate",
    "It/sec": "iterations_per_second", "Tokens/sec": "tokens_per_second", "Trained Tokens": "trained_tokens",
    "Peak mem": "peak_memory_gigabytes", "Val took": "val_seconds",
  ]

  /// What a line reports; nil where it is none of these.
  static func entry(_ text: ArraySlice<UInt8>) -> LogEntry? {
    let prefix = Array("Iter ".utf8)
    guard text.starts(with: prefix), let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    guard
      let step = NumberText.double(text[(text.startIndex + prefix.count)..<colon]).flatMap(Int.init(step:))
    else {
      return nil
    }
    var values: [LogValue] = []
    for part in text[(colon + 1)...].split(separator: UInt8(ascii: ",")) {
      let words = part.split(separator: 0x20)
      // "Peak mem 5.1 GB" has its unit behind the number, "Val took 3.2s" in it.
      guard let index = words.lastIndex(where: { number($0) != nil }), let value = number(words[index]) else {
        continue
      }
      let label = words[..<index].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
      guard let name = names[label] else { continue }
      values.append(LogValue(name, value))
    }
    guard values.contains(where: { $0.name.hasSuffix("loss") }) else { return nil }
    return LogEntry(step: step, values: values)
  }

  private static func number(_ word: ArraySlice<UInt8>) -> Double? {
    NumberText.double(word.last == UInt8(ascii: "s") ? word.dropLast() : word)
  }
}
