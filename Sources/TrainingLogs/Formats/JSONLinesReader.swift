/// JSON objects, one a line, with a member that counts steps; LLaMA-Factory's `trainer_log.jsonl` is one such file.
///
/// LLaMA-Factory (`src/llamafactory/train/callbacks.py`) writes `current_steps`, `total_steps`, `loss`, `lr` (once
/// `learning_rate`), `epoch`, `percentage`, `elapsed_time` as "H:MM:SS" or "D days, H:MM:SS", and more; members
/// without a value are left out, and `throughput` was a string for a while.
struct JSONLinesReader: LogReader {
  private let isTrainerLog: Bool
  private var lines = LineCutter()
  private var keys = KeyTable()
  private var columns: Columns
  private var row = JSONRow()

  init(stepName: String, isTrainerLog: Bool) {
    self.isTrainerLog = isTrainerLog
    columns = Columns(stepName: stepName)
  }

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    var cutter = lines
    defer { lines = cutter }
    return cutter.cut(window, into: &output) { text, output in
      // An object's end is its brace: the line break may be missing, as in files that were joined by hand.
      read(text, line: nil, into: &output)
    } body: { text, number, output in
      _ = read(text, line: number, into: &output)
    }
  }

  /// - Parameter line: nil where the text may yet go on: then nothing is said of what is no object.
  private mutating func read(_ text: ArraySlice<UInt8>, line: Int?, into output: inout LogOutput) -> Bool {
    guard text.contains(where: { $0 > 0x20 }) else { return line != nil }
    var scanner = JSONScanner(Array(text))
    do throws(JSONScanner.Failure) {
      try scanner.object(keys: &keys, into: &row)
      scanner.skipSpace()
      guard scanner.position == scanner.end else { throw .malformed("text after the object") }
    } catch {
      if let line { output.notes.count(.badLines("not a JSON object"), at: "line \(line)") }
      return false
    }
    take(line: line, into: &output)
    return true
  }

  private mutating func take(line: Int?, into output: inout LogOutput) {
    var step: Double?
    var time: Double?
    var values: [LogValue] = []
    values.reserveCapacity(row.numbers.count)
    for (key, value) in row.numbers {
      switch columns.role(of: key, in: keys) {
      case .step: step = value
      case .totalSteps: output.facts.totalSteps = Int(exactly: value)
      case .wallTime: time = value
      case .elapsedTime: time = time ?? value
      case .value: values.append(LogValue(keys.names[key], value))
      }
    }
    for (key, text) in row.strings {
      switch columns.role(of: key, in: keys) {
      case .elapsedTime: time = time ?? Self.seconds(text)
      case .value:
        // What JSON cannot say as a number is often written as a string; other strings are labels.
        guard let value = NumberText.double(text), isTrainerLog || !value.isFinite else { continue }
        values.append(LogValue(keys.names[key], value))
      default: break
      }
    }
    if row.leftOut > 0 { output.notes.count(.manySeries, row.leftOut) }
    guard let step = step.flatMap(Int.init(step:)) else {
      output.notes.count(.noStep(columns.stepName), at: line.map { "line \($0)" } ?? "the last line")
      return
    }
    guard !values.isEmpty else { return }
    values.nameMeanLoss()
    output.entries.append(LogEntry(step: step, time: time, values: values))
  }

  /// Python's text of a time span: `0:32:48`, `1 day, 2:03:04`, `9 days, 21:16:28.5`.
  static func seconds(_ text: String) -> Double? {
    var days = 0.0
    var clock = Substring(text)
    if let comma = text.firstIndex(of: ",") {
      let words = text[..<comma].split(separator: " ")
      guard words.count == 2, words[1].hasPrefix("day"), let count = NumberText.double(words[0]) else {
        return nil
      }
      days = count
      clock = text[text.index(after: comma)...].drop { $0 == " " }
    }
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { NumberText.double($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else {
      return nil
    }
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
  }
}
