/// Tables of text: CSV (RFC 4180), with commas, semicolons, tabs or bars; quoted cells may hold line breaks.
///
/// Bytes that are no UTF-8 are read as Windows-1252, cell by cell: files put together from several have both.
struct DelimitedTable {
  enum Failure: Error {
    /// From here on there is no other quote.
    case openQuote
    case tooLong
  }

  static let delimiters: [UInt8] = [
    UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: "|"),
  ]

  private let bytes: UnsafeBufferPointer<UInt8>
  private let delimiter: UInt8
  private let longestRecord: Int
  private var position = 0
  /// The line that the next record begins on.
  private(set) var line = 1
  /// The line that the record of the last failure begins on.
  private(set) var failedLine = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>, delimiter: UInt8, longestRecord: Int = 16 << 20) {
    self.bytes = bytes
    self.delimiter = delimiter
    self.longestRecord = longestRecord
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    // A first line that spreadsheets write to say what separates.
    if bytes.dropFirst(position).starts(with: "sep=".utf8), bytes.count > position + 4,
      bytes[position + 4] == delimiter
    {
      passLine()
    }
  }

  var isAtEnd: Bool { position >= bytes.count }

  /// The cells of the next record that is not blank; nil at the end.
  ///
  /// After a failure the next record is looked for on the next line.
  mutating func next() throws(Failure) -> (cells: [String], line: Int)? {
    while position < bytes.count {
      let (start, startLine) = (position, line)
      var cells: [String] = []
      do {
        var isLast = false
        while !isLast {
          cells.append(try cell(from: start))
          isLast = position >= bytes.count || bytes[position] != delimiter
          if !isLast { position += 1 }
        }
        endLine()
      } catch {
        (position, line, failedLine) = (start, startLine, startLine)
        passLine()
        throw error
      }
      if cells.count > 1 || cells.first?.isBlank == false { return (cells, startLine) }
    }
    return nil
  }

  /// One cell, up to its delimiter or line break.
  private mutating func cell(from start: Int) throws(Failure) -> String {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      let begin = position
      while position < bytes.count, bytes[position] != delimiter, bytes[position] != 0x0A,
        bytes[position] != 0x0D
      {
        position += 1
      }
      guard position - start <= longestRecord else { throw .tooLong }
      return Self.text(bytes[begin..<position])
    }
    position += 1
    var content: [UInt8] = []
    while true {
      let begin = position
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        if isLineBreak(position) { line += 1 }
        position += 1
      }
      guard position - start <= longestRecord else { throw .tooLong }
      guard position < bytes.count else { throw .openQuote }
      content += bytes[begin..<position]
      position += 1
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
      content.append(UInt8(ascii: "\""))
      position += 1
    }
    // What follows a closing quote is kept as it is.
    while position < bytes.count, bytes[position] != delimiter, bytes[position] != 0x0A,
      bytes[position] != 0x0D
    {
      content.append(bytes[position])
      position += 1
    }
    return content.withUnsafeBufferPointer { Self.text(Slice(base: $0, bounds: 0..<$0.count)) }
  }

  /// A line ends with LF, CR LF, or CR alone.
  private func isLineBreak(_ index: Int) -> Bool {
    bytes[index] == 0x0A || bytes[index] == 0x0D && !(index + 1 < bytes.count && bytes[index + 1] == 0x0A)
  }

  private mutating func endLine() {
    guard position < bytes.count else { return }
    if bytes[position] == 0x0D, position + 1 < bytes.count, bytes[position + 1] == 0x0A { position += 1 }
    position += 1
    line += 1
  }

  private mutating func passLine() {
    while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
    endLine()
  }

  private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    let part = UnsafeBufferPointer(rebasing: bytes)
    return String(validating: part, as: UTF8.self) ?? TextEncoding.windows1252Text(part)
  }

  // MARK: - Recognition

  /// What separates the cells: with it the first records have as many cells as the line of names, and most of them.
  static func delimiter(_ beginning: UnsafeBufferPointer<UInt8>, fileName: String) -> UInt8? {
    let ending = fileName.lowercased().split(separator: ".").last ?? ""
    var best: (delimiter: UInt8, score: Double)?
    for delimiter in delimiters {
      var table = DelimitedTable(beginning, delimiter: delimiter)
      guard let header = try? table.next()?.cells, header.count > 1, header.count <= 10_000 else { continue }
      var (alike, records) = (0, 0)
      while records < 30, let record = try? table.next()?.cells, !table.isAtEnd {
        records += 1
        if record.count == header.count { alike += 1 }
      }
      var score = records == 0 ? 0.5 : Double(alike) / Double(records)
      if ColumnMap.guess(header) != nil { score += 1 }
      score += Double(min(header.count, 20)) / 1000
      if ending == "tsv" ? delimiter == UInt8(ascii: "\t") : delimiter == UInt8(ascii: ",") { score += 0.05 }
      if score > best?.score ?? 0 { best = (delimiter, score) }
    }
    return best?.delimiter
  }

  // MARK: - Writing

  /// A cell as text: in quotes where it has to be.
  static func cell(_ text: String, delimiter: UInt8) -> String {
    let utf8 = text.utf8
    let isPlain =
      utf8.allSatisfy { $0 != delimiter && $0 != 0x22 && $0 != 0x0A && $0 != 0x0D }
      && utf8.first != 0x20 && utf8.last != 0x20 && utf8.first != 0xEF
    guard !isPlain else { return text }
    // By scalars: a quote with an accent over it is another character, but the same byte.
    var scalars = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in text.unicodeScalars {
      if scalar == "\"" { scalars.append(scalar) }
      scalars.append(scalar)
    }
    scalars.append("\"")
    return String(scalars)
  }

  /// Spreadsheets calculate a cell that begins like a formula. An apostrophe before it makes it text to them; the
  /// reader takes it away again. A cell that has such an apostrophe already always gets another, so nothing is lost.
  static func guarded(_ text: String, forSpreadsheets: Bool) -> String {
    let apostrophes = text.utf8.prefix { $0 == UInt8(ascii: "'") }.count
    guard isFormula(text.utf8.dropFirst(apostrophes).first), forSpreadsheets || apostrophes > 0 else {
      return text
    }
    return "'" + text
  }

  static func unguarded(_ text: String) -> String {
    guard text.utf8.first == UInt8(ascii: "'") else { return text }
    return isFormula(text.utf8.first { $0 != UInt8(ascii: "'") })
      ? String(text.unicodeScalars.dropFirst()) : text
  }

  private static func isFormula(_ byte: UInt8?) -> Bool {
    switch byte {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0A, 0x0D: true
    default: false
    }
  }
}

/// Pairs as the records of a table.
struct TableRecords {
  /// All columns that are written. `answers` and `extra` are JSON.
  static let columns = [
    "question", "answer", "category", "split", "source", "id", "system", "context", "answers", "extra",
  ]

  let names: [String]
  private let indexes: [ColumnMap.Meaning: Int]
  private let used: Set<Int>

  /// - Throws: ``PairFileProblem`` when it is not clear which columns are meant, or one is not there.
  init(names: [String], map: ColumnMap) throws(PairFileProblem) {
    guard let complete = map.completed(for: names) else {
      throw .unclear(names, isTable: true, map: map)
    }
    self.names = names
    var indexes: [ColumnMap.Meaning: Int] = [:]
    for (meaning, name) in complete.columns where !name.isEmpty {
      guard
        let index = ColumnMap.number(name) ?? names.firstIndex(of: name)
          ?? names.firstIndex(where: {
            $0.trimmed.lowercased() == name.lowercased()
          }), index < names.count
      else { throw .noColumn(name, names) }
      indexes[meaning] = index
    }
    self.indexes = indexes
    used = Set(indexes.values)
  }

  func pair(_ cells: [String]) throws(PairRejection) -> FormatPair {
    guard cells.count <= names.count else {
      throw PairRejection(
        "\(cells.count) cells in place of \(names.count)", reason: "more cells than the table has columns")
    }
    func cell(_ meaning: ColumnMap.Meaning) -> String? {
      indexes[meaning].flatMap { $0 < cells.count ? DelimitedTable.unguarded(cells[$0]) : nil }
    }
    var pair = FormatPair(question: "", answer: "")
    guard let question = cell(.question), !question.isBlank else { throw .missing(name(.question)) }
    pair.question = question
    guard let answer = cell(.answer), !answer.isBlank else { throw .missing(name(.answer)) }
    // A list of answers in a cell is JSON, as programs write it.
    if answer.hasPrefix("["), let answers = PairFields.answers(JSONValue(parsing: answer)), !answers.isEmpty,
      name(.answer).lowercased() == "answers"
    {
      pair.setAnswers(answers)
    } else {
      pair.answer = answer
    }
    for meaning in ColumnMap.Meaning.allCases where meaning != .question && meaning != .answer {
      try QuestionAnswerRecord.set(meaning, cell(meaning), in: &pair)
    }
    for (index, text) in cells.enumerated() where !used.contains(index) && !text.isEmpty {
      let text = DelimitedTable.unguarded(text)
      switch names[index] {
      case "answers":
        if let answers = PairFields.answers(JSONValue(parsing: text)) {
          for answer in answers { pair.addAnswer(answer) }
          continue
        }
      case "extra":
        if let members = JSONValue(parsing: text)?.members {
          for member in members { pair.addExtra(member.name, member.value) }
          continue
        }
      default: break
      }
      pair.addExtra(names[index].isEmpty ? "column \(index + 1)" : names[index], .string(text))
    }
    return pair
  }

  private func name(_ meaning: ColumnMap.Meaning) -> String {
    indexes[meaning].map { names[$0].isEmpty ? "column \($0 + 1)" : names[$0] } ?? meaning.rawValue
  }

  /// - Parameters:
  ///   - columns: which to write; what stands in the others is left out.
  static func write(
    _ pair: FormatPair, columns: [String], delimiter: UInt8, forSpreadsheets: Bool, to text: inout String
  ) {
    for (index, column) in columns.enumerated() {
      if index > 0 { text.unicodeScalars.append(Unicode.Scalar(delimiter)) }
      let value: String? =
        switch column {
        case "question": pair.question
        case "answer": pair.answer
        case "category": pair.category?.rawValue
        case "split": pair.split?.rawValue
        case "source": pair.source
        case "id": pair.id
        case "system": pair.system
        case "context": pair.context
        case "answers":
          pair.otherAnswers.isEmpty
            ? nil : JSONValue.array(([pair.answer] + pair.otherAnswers).map(JSONValue.string)).text
        case "extra":
          pair.extra.isEmpty
            ? nil
            : JSONValue.object(
              pair.extra.map { .init(name: $0.name, value: JSONValue(parsing: $0.json) ?? .null) }
            ).text
        default: nil
        }
      let cell = DelimitedTable.guarded(value ?? "", forSpreadsheets: forSpreadsheets)
      text += DelimitedTable.cell(cell, delimiter: delimiter)
    }
    text += "\n"
  }
}
