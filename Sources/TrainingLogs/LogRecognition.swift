/// What kind of log a file is, judged by its beginning.
enum LogRecognition: Sendable {
  case log(LogFormat, any LogReader)
  /// Not one, and why, as the end of a sentence that begins with the file's name.
  case other(String)
  /// So far there is too little to tell.
  case unfinished(String)

  /// As much of a file as is looked at. Output may begin with pages of warnings.
  static let beginningSize = 1 << 20

  /// - Parameters:
  ///   - beginning: the file's first bytes, up to ``beginningSize``.
  ///   - isWhole: whether that is all of it.
  ///   - name: the file's name, which only helps to say what is wrong.
  init(beginning bytes: [UInt8], isWhole: Bool, name: String) {
    if bytes.isEmpty {
      self = .unfinished("is empty")
    } else if bytes.starts(with: "version https://git-lfs".utf8) {
      self = .other("is a Git LFS pointer, not the file itself (git lfs pull fetches it)")
    } else if bytes.starts(with: WandbReader.signature.prefix(4)) {
      self = Self.wandb(bytes)
    } else if let recognition = Self.tensorBoard(bytes, isWhole: isWhole, name: name) {
      self = recognition
    } else if bytes.prefix(4096).contains(0) {
      self = .other(Self.expectation(name) ?? "is a binary file of another kind")
    } else {
      self = Self.text(bytes, isWhole: isWhole, name: name)
    }
  }

  private static func wandb(_ bytes: [UInt8]) -> LogRecognition {
    guard bytes.count >= WandbReader.signature.count else {
      return .unfinished("has not all of its header yet")
    }
    guard bytes.starts(with: WandbReader.signature) else { return .other("is a W&B file of another version") }
    return .log(.wandb, WandbReader())
  }

  private static func tensorBoard(_ bytes: [UInt8], isWhole: Bool, name: String) -> LogRecognition? {
    switch TensorBoardReader.recognises(bytes) {
    case true?: return .log(.tensorBoard, TensorBoardReader())
    case nil: return name.contains("tfevents") ? .unfinished("has not all of its first record yet") : nil
    case false?:
      let isRecord = TensorBoardReader.length(bytes, at: 0) != nil
      return isRecord ? .other("is a TFRecord file, but not of events") : nil
    }
  }

  private static func text(_ bytes: [UInt8], isWhole: Bool, name: String) -> LogRecognition {
    let lines = Lines(bytes, isWhole: isWhole)
    let first = bytes.first { $0 > 0x20 }
    if first == UInt8(ascii: "{") {
      if TrainerStateReader.recognises(bytes) { return .log(.trainerState, TrainerStateReader()) }
      if let recognition = jsonLines(lines, name: name) { return recognition }
    }
    if let line = lines.first, let header = CSVHeader(line: line) {
      return .log(.csv, CSVReader(header: header))
    }
    if let recognition = output(lines) { return recognition }

    let expected = expectation(name)
    if first == UInt8(ascii: "{") {
      return isWhole && !isWholeObject(bytes)
        ? .unfinished(expected ?? "is JSON without its end, and so far no training log")
        : .other(expected ?? foreignJSON)
    }
    // A program may yet print something.
    return isWhole
      ? .unfinished(expected ?? "has nothing of a training log that is known here")
      : .other(expected ?? "has nothing of a training log that is known here")
  }

  /// What a name promises that the content does not keep.
  private static func expectation(_ name: String) -> String? {
    if name.contains("tfevents") { return "is not a TensorBoard event file, as its name says" }
    if name.hasSuffix(".wandb") { return "is not a W&B file, as its name says" }
    if name.hasSuffix("trainer_state.json") {
      return "is not a trainer state, as its name says: it has no log_history"
    }
    if name.hasSuffix("trainer_log.jsonl") {
      return "is not a LLaMA-Factory log, as its name says: it has no rows with current_steps"
    }
    return nil
  }

  /// Whether a file with this name would be a training log, so that it is worth a word when it is none.
  static func isExpected(_ name: String) -> Bool { expectation(name) != nil }

  private static let foreignJSON = "is JSON with neither a log_history nor rows that count steps"

  // MARK: - JSON lines

  /// Nil when the text is not one object a line.
  private static func jsonLines(_ lines: Lines, name: String) -> LogRecognition? {
    var keys = KeyTable()
    var row = JSONRow()
    var rows = 0
    var measured: Set<String> = []
    for line in lines.prefix(1000) {
      guard line.contains(where: { $0 > 0x20 }) else { continue }
      var scanner = JSONScanner(Array(line))
      guard (try? scanner.object(keys: &keys, into: &row)) != nil else {
        // A torn line in the middle is the reader's concern, a file that begins with one is none of this kind.
        if rows == 0 { return nil }
        continue
      }
      rows += 1
      measured.formUnion(row.numbers.map { keys.names[$0.key] })
      // "NaN" is a number, too.
      measured.formUnion(row.strings.filter { NumberText.double($0.text) != nil }.map { keys.names[$0.key] })
    }
    guard rows > 0 else { return nil }
    if measured.contains("current_steps"), measured.contains("total_steps") {
      return .log(.trainerLog, JSONLinesReader(stepName: "current_steps", isTrainerLog: true))
    }
    guard let step = Columns.stepName(among: measured.sorted()), measured.count >= 2 else {
      return .other(
        expectation(name) ?? (rows == 1 ? foreignJSON : "has JSON lines, but none that counts steps"))
    }
    return .log(.jsonLines, JSONLinesReader(stepName: step, isTrainerLog: false))
  }

  private static func isWholeObject(_ bytes: [UInt8]) -> Bool {
    var scanner = JSONScanner(bytes)
    return (try? scanner.skipValue()) != nil
  }

  // MARK: - Output

  private static func output(_ lines: Lines) -> LogRecognition? {
    for line in lines {
      // Either has one of these; most lines have neither, and need no closer look.
      guard line.contains(UInt8(ascii: "{")) || line.contains(UInt8(ascii: ":")) else { continue }
      for piece in OutputLines.pieces(of: line) {
        if MLXOutputReader.entry(piece) != nil { return .log(.mlxOutput, MLXOutputReader()) }
        if let dictionary = PythonDictionary(piece), dictionary.isLogEntry {
          return .log(.trainerOutput, TrainerOutputReader())
        }
      }
    }
    return nil
  }
}

/// The complete lines of a file's beginning.
private struct Lines: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private let isWhole: Bool
  private var start = 0

  init(_ bytes: [UInt8], isWhole: Bool) {
    self.bytes = bytes
    self.isWhole = isWhole
  }

  var first: ArraySlice<UInt8>? {
    var copy = self
    return copy.next()
  }

  mutating func next() -> ArraySlice<UInt8>? {
    guard start < bytes.count else { return nil }
    let end = bytes[start...].firstIndex(of: 0x0a)
    // A file's last line may do without a line break; a piece of a line is none.
    guard let end = end ?? (isWhole ? bytes.count : nil) else { return nil }
    defer { start = end + 1 }
    let isCRLF = end > start && bytes[end - 1] == 0x0d
    return bytes[start..<(isCRLF ? end - 1 : end)]
  }
}
