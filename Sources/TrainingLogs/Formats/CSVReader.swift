/// A table of numbers with a header (RFC 4180; comma, semicolon or tab), such as Lightning's `metrics.csv`, in which
/// most cells of a row are empty, Keras's `CSVLogger`, or an export of TensorBoard or W&B.
struct CSVReader: LogReader {
  private let header: CSVHeader
  private var lines = LineCutter()
  /// The columns of the last header: a writer that resumes may add a header of its own.
  private var current: CSVHeader
  private var keys = KeyTable()
  private var columns: Columns
  private var numbers: [Int?] = []

  init(header: CSVHeader) {
    self.header = header
    current = header
    columns = Columns(stepName: header.stepName)
    number(current)
  }

  private mutating func number(_ header: CSVHeader) {
    current = header
    columns = Columns(stepName: header.stepName)
    numbers = header.names.map { keys.number(of: ArraySlice(Array($0.utf8))) }
  }

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    var cutter = lines
    defer { lines = cutter }
    return cutter.cut(window, into: &output) { text, number, output in
      if number == 1 { return }
      read(text, line: number, into: &output)
    }
  }

  private mutating func read(_ text: ArraySlice<UInt8>, line: Int, into output: inout LogOutput) {
    guard text.contains(where: { $0 > 0x20 }) else { return }
    let cells = CSVHeader.cells(text, separator: current.separator)
    if cells.first.map({ NumberText.double($0) == nil && !$0.isEmpty }) ?? false,
      let header = CSVHeader(line: text, separator: current.separator)
    {
      return number(header)
    }
    guard cells.count == current.names.count else {
      output.notes.count(.badLines("not as many cells as the header"), at: "line \(line)")
      return
    }
    var step: Double?
    var time: Double?
    var values: [LogValue] = []
    for (column, cell) in cells.enumerated() where !cell.isEmpty {
      guard let key = numbers[column], let value = NumberText.double(cell) else { continue }
      switch columns.role(of: key, in: keys) {
      case .step: step = value
      case .totalSteps: output.facts.totalSteps = Int(exactly: value)
      case .wallTime: time = value
      case .elapsedTime: time = time ?? value
      case .value: values.append(LogValue(keys.names[key], value))
      }
    }
    guard let step = step.flatMap(Int.init(step:)) else {
      output.notes.count(.noStep(columns.stepName), at: "line \(line)")
      return
    }
    guard !values.isEmpty else { return }
    values.nameMeanLoss()
    output.entries.append(LogEntry(step: step, time: time, values: values))
  }
}

/// The first line of a table: names, one of which is of a column that counts steps.
struct CSVHeader: Sendable {
  var names: [String]
  var stepName: String
  var separator: UInt8

  /// Nil where the line is no such header.
  init?(line: ArraySlice<UInt8>) {
    for separator in [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")] {
      if let header = CSVHeader(line: line, separator: separator) {
        self = header
        return
      }
    }
    return nil
  }

  init?(line: ArraySlice<UInt8>, separator: UInt8) {
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    let line = line.starts(with: byteOrderMark) ? line.dropFirst(3) : line
    guard String(validating: line, as: UTF8.self) != nil else { return nil }
    let cells = Self.cells(line, separator: separator)
    // A header has names: a number among them is a row of a table without header.
    guard cells.count >= 2, cells.allSatisfy({ NumberText.double($0) == nil }) else { return nil }
    let names = cells.map { String(decoding: $0, as: UTF8.self) }
    guard let stepName = Columns.stepName(among: names) else { return nil }
    self.names = names
    self.stepName = stepName
    self.separator = separator
  }

  /// The cells of a line, without the white space and the quotes around them; no name or number has a quote in it.
  static func cells(_ line: ArraySlice<UInt8>, separator: UInt8) -> [ArraySlice<UInt8>] {
    let quote = UInt8(ascii: "\"")
    guard line.contains(quote) else {
      return line.split(separator: separator, omittingEmptySubsequences: false).map(trimmed)
    }
    var cells: [ArraySlice<UInt8>] = []
    var cell: [UInt8] = []
    var isQuoted = false
    for byte in line {
      if byte == quote {
        isQuoted.toggle()
      } else if byte == separator, !isQuoted {
        cells.append(trimmed(ArraySlice(cell)))
        cell = []
      } else {
        cell.append(byte)
      }
    }
    return cells + [trimmed(ArraySlice(cell))]
  }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    var text = text
    while let byte = text.first, isSpace(byte) { text = text.dropFirst() }
    while let byte = text.last, isSpace(byte) { text = text.dropLast() }
    return text
  }
}
