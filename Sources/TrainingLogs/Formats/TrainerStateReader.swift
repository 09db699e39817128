/// Hugging Face's `trainer_state.json` (transformers 4 and 5, `trainer_callback.py`): one JSON object whose member
/// `log_history` lists entries of training, evaluation and, last, of the whole training. Python writes NaN and the
/// infinities bare.
///
/// Member for member and entry for entry, so that a file of any size takes little memory.
struct TrainerStateReader: LogReader {
  private enum Place { case start, members, history, end }

  private var place = Place.start
  private var entryNumber = 0
  private var keys = KeyTable()
  private var row = JSONRow()

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    var scanner = JSONScanner(window.bytes)
    var consumed = 0
    do throws(JSONScanner.Failure) {
      while try step(&scanner, into: &output) { consumed = scanner.position }
      return scanner.end
    } catch {
      // What ends early may go on; LogFile says so where it does not.
      if case .malformed(let problem) = error {
        let byte = window.offset + scanner.position
        output.obstacle = "byte \(byte): \(problem); what follows is not read"
      }
      return consumed
    }
  }

  /// Reads the next member or entry; false after the document's end.
  private mutating func step(_ scanner: inout JSONScanner, into output: inout LogOutput) throws(JSONScanner
    .Failure)
    -> Bool
  {
    switch place {
    case .start:
      try scanner.demand("{")
      place = .members
    case .members:
      if try scanner.take("}") {
        place = .end
        return true
      }
      // The comma before is taken with what follows it, so that each step consumes whole members.
      _ = try scanner.take(",")
      let name = try scanner.string()
      try scanner.demand(":")
      if name == Self.historyName, try scanner.take("[") {
        place = .history
      } else if name == "max_steps" {
        let kind = try scanner.next()
        guard kind != UInt8(ascii: "{"), kind != UInt8(ascii: "["), kind != UInt8(ascii: "\"") else {
          try scanner.skipValue()
          return true
        }
        output.facts.totalSteps = NumberText.double(try scanner.rawScalar()).flatMap { Int(exactly: $0) }
          .flatMap { $0 > 0 ? $0 : nil }
      } else {
        try scanner.skipValue()
      }
    case .history:
      if try scanner.take("]") {
        place = .members
        return true
      }
      _ = try scanner.take(",")
      guard try scanner.next() == UInt8(ascii: "{") else {
        try scanner.skipValue()
        entryNumber += 1
        output.notes.count(.badLines("not an object in log_history"), at: "entry \(entryNumber)")
        return true
      }
      try scanner.object(keys: &keys, into: &row)
      entryNumber += 1
      take(into: &output)
    case .end:
      scanner.skipSpace()
      guard scanner.position == scanner.end else { throw .malformed("text after the document") }
      return false
    }
    return true
  }

  private mutating func take(into output: inout LogOutput) {
    var step: Int?
    var values: [LogValue] = []
    for (key, value) in row.numbers {
      let name = keys.names[key]
      if name == "step" { step = Int(step: value) } else { values.append(LogValue(name, value)) }
    }
    if row.leftOut > 0 { output.notes.count(.manySeries, row.leftOut) }
    guard let step else {
      output.notes.count(.noStep("step"), at: "entry \(entryNumber) of log_history")
      return
    }
    guard !values.isEmpty else { return }
    values.nameMeanLoss()
    output.entries.append(LogEntry(step: step, values: values))
  }

  /// Whether the end of the document was read.
  var isComplete: Bool { place == .end }

  private static let historyName = "log_history"

  /// Whether a file that begins so is one: an object with a list under `log_history`, as far as the beginning goes.
  static func recognises(_ beginning: [UInt8]) -> Bool {
    var scanner = JSONScanner(beginning)
    do throws(JSONScanner.Failure) {
      try scanner.demand("{")
      if try scanner.take("}") { return false }
      repeat {
        let name = try scanner.string()
        try scanner.demand(":")
        if name == historyName { return try scanner.take("[") }
        try scanner.skipValue()
      } while try scanner.take(",")
    } catch {}
    return false
  }
}
