import Foundation

/// Reads the pairs of a file, one after the other: of a file of many records only one is held at a time. A record that
/// cannot be used costs one rejection; the others are read.
public struct PairReader: Sendable {
  /// What is said of a file by who reads it; nil and empty where its content is to say it.
  public struct Options: Sendable {
    public var format: PairFormat?
    public var map = ColumnMap()
    /// In bytes. A longer line is no record that anyone wrote.
    public var longestLine = 16 << 20

    public init(format: PairFormat? = nil, map: ColumnMap = ColumnMap(), longestLine: Int = 16 << 20) {
      self.format = format
      self.map = map
      self.longestLine = longestLine
    }
  }

  public let recognition: PairRecognition
  /// Things to know of how the file was read.
  public private(set) var notes: [String] = []
  private let data: Data
  private let options: Options

  /// - Throws: ``PairFileProblem`` when it is not clear what the file holds.
  public init(_ file: Data, fileName: String, options: Options = Options()) throws(PairFileProblem) {
    data = Self.transcoded(file)
    self.options = options
    let found = PairRecognition(data, fileName: fileName, map: options.map)
    guard var recognition = found ?? Self.fallback(data, fileName, options) else {
      throw Self.problem(data, fileName, options)
    }
    if let format = options.format {
      let isTable = format == .csv || format == .tsv
      if case .table = recognition.layout, !isTable {
        recognition.layout = Self.layout(of: format, data, fileName)
      }
      if recognition.layout == .lines || recognition.layout == .document, isTable {
        recognition.layout = Self.layout(of: format, data, fileName)
      }
      recognition.format = format
    }
    if !options.map.columns.isEmpty, recognition.layout == .lines || recognition.layout == .document,
      ![.llamaIndex, .squad].contains(recognition.format)
    {
      recognition.format = .mapped
    }
    self.recognition = recognition
    if recognition.format == .llamaIndex, recognition.list == "queries" {
      notes.append("LlamaIndex has questions and passages: each question's passage stands for its answer")
    }
    if case .table(let delimiter) = recognition.layout { try checkColumns(delimiter) }
    if recognition.format == .mapped { try checkFields() }
  }

  /// UTF-16 with a byte order mark as UTF-8, and everything else as it is: what else is no UTF-8 is told line by line.
  static func transcoded(_ data: Data) -> Data {
    guard data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]),
      let (text, _) = TextEncoding.decode(data)
    else { return data }
    return Data(text.utf8)
  }

  /// For content that says nothing, by the name: so that each line is told what it lacks.
  private static func fallback(_ data: Data, _ name: String, _ options: Options) -> PairRecognition? {
    if let (format, layout) = options.format.map({ ($0, layout(of: $0, data, name)) }) {
      return PairRecognition(said: format, layout: layout)
    }
    // Objects with names that are not known: that is to be asked.
    guard firstNames(data) == nil || !options.map.columns.isEmpty else { return nil }
    let isDocument = name.lowercased().hasSuffix(".json") && firstNames(data) != nil
    return PairRecognition(said: .questionAnswer, layout: isDocument ? .document : .lines)
  }

  private static func layout(of format: PairFormat, _ data: Data, _ name: String) -> PairFormat.Layout {
    switch format {
    case .csv: return .table(delimiter: UInt8(ascii: ","))
    case .tsv: return .table(delimiter: UInt8(ascii: "\t"))
    case .squad, .llamaIndex, .syntheticDataKit: return .document
    default:
      let isList = data.first { $0 > 0x20 } == UInt8(ascii: "[")
      return isList && !name.lowercased().hasSuffix(".jsonl") ? .document : .lines
    }
  }

  /// The names of the first object's fields, if the file begins with objects.
  private static func firstNames(_ data: Data) -> [String]? {
    data.prefix(PairRecognition.beginning).withUnsafeBytes { raw -> [String]? in
      let bytes = raw.bindMemory(to: UInt8.self)
      var scanner = JSONScanner(bytes, from: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
      _ = scanner.take(UInt8(ascii: "["))
      guard case .object(let members)? = try? scanner.value(), !members.isEmpty else { return nil }
      return members.map(\.name)
    }
  }

  private static func problem(_ data: Data, _ fileName: String, _ options: Options) -> PairFileProblem {
    .unclear(firstNames(data) ?? [], isTable: false, map: options.map)
  }

  private func checkColumns(_ delimiter: UInt8) throws(PairFileProblem) {
    var names: [String]?
    data.withUnsafeBytes { raw in
      var table = DelimitedTable(raw.bindMemory(to: UInt8.self), delimiter: delimiter)
      names = try? table.next()?.cells
    }
    guard let names else { return }
    _ = try TableRecords(names: names.map(DelimitedTable.unguarded), map: options.map)
  }

  private func checkFields() throws(PairFileProblem) {
    let names = Self.firstNames(data) ?? []
    guard !names.isEmpty, options.map.completed(for: names) == nil else { return }
    throw .unclear(names, isTable: false, map: options.map)
  }

  // MARK: - Reading

  /// - Parameters:
  ///   - pair: takes each pair.
  ///   - rejection: takes each record that was left out.
  public func read(
    pair: (FormatPair) -> Void, rejection: (PairRejection) -> Void
  ) {
    data.withUnsafeBytes { raw in
      let bytes = raw.bindMemory(to: UInt8.self)
      switch recognition.layout {
      case .lines: readLines(bytes, pair, rejection)
      case .document: readDocument(bytes, pair, rejection)
      case .table(let delimiter): readTable(bytes, delimiter, pair, rejection)
      }
    }
  }

  private func readLines(
    _ bytes: UnsafeBufferPointer<UInt8>, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    let records = RecordReader(format: recognition.format, map: options.map)
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var line = 0
    while start < bytes.count {
      let end = Self.lineEnd(bytes, start)
      let range = start..<end
      start = end + 1
      line += 1
      do {
        guard let value = try Self.lineValue(bytes, range, longest: options.longestLine) else { continue }
        try records.read(value, place: line, to: pair)
      } catch {
        var error = error
        error.place = line
        rejection(error)
      }
    }
  }

  private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else {
      return bytes.count
    }
    return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }

  /// - Returns: nil for a blank line.
  private static func lineValue(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, longest: Int
  ) throws(PairRejection) -> JSONValue? {
    guard range.count <= longest else {
      throw PairRejection(
        "\(range.count) bytes in one line, more than \(longest)",
        reason: "more than \(longest) bytes in one line")
    }
    var scanner = JSONScanner(bytes, from: range.lowerBound, to: range.upperBound)
    scanner.skipSpace()
    if scanner.isAtEnd { return nil }
    if let value = try? scanner.value(), value.members != nil {
      scanner.skipSpace()
      if scanner.isAtEnd { return value }
    }
    let line = UnsafeBufferPointer(rebasing: bytes[range])
    let isText = !line.contains(0) && String(validating: line, as: UTF8.self) != nil
    throw PairRejection(isText ? "not a JSON object" : "not UTF-8 text")
  }

  private func readTable(
    _ bytes: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    /// After a quote without its other the next record is looked for anew; each costs a look at what follows.
    let mostFailures = 100
    var table = DelimitedTable(bytes, delimiter: delimiter, longestRecord: options.longestLine)
    var records: TableRecords?
    var failures = 0
    while true {
      let record: (cells: [String], line: Int)
      do {
        guard let next = try table.next() else { return }
        record = next
      } catch {
        let (problem, line) = (
          error == .openQuote ? "a quote is not closed" : "a record is too long", table.failedLine
        )
        rejection(PairRejection(problem, place: line))
        failures += 1
        if records == nil { return }
        guard failures < mostFailures else {
          return rejection(
            PairRejection("too many records are damaged: what follows is left out", place: line))
        }
        continue
      }
      if records == nil {
        // That it can be read was seen before.
        records = try? TableRecords(names: record.cells.map(DelimitedTable.unguarded), map: options.map)
        guard options.map.isNumbered else { continue }
      }
      take(records, record.cells, record.line, pair, rejection)
    }
  }

  private func take(
    _ records: TableRecords?, _ cells: [String], _ place: Int, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    guard let records else { return }
    var read: FormatPair
    do {
      read = try records.pair(cells)
    } catch {
      var error = error
      error.place = place
      return rejection(error)
    }
    read.place = place
    pair(read)
  }

  private func readDocument(
    _ bytes: UnsafeBufferPointer<UInt8>, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    var scanner = JSONScanner(bytes, from: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    scanner.skipSpace()
    let records = RecordReader(format: recognition.format, map: options.map)
    if recognition.format == .llamaIndex, recognition.list == "queries" {
      guard let value = try? scanner.value() else {
        return rejection(PairRejection("not a JSON document"))
      }
      return LlamaIndexQuestions.read(value, pair: pair, rejection: rejection)
    }
    if scanner.next == UInt8(ascii: "{") {
      if let list = recognition.list,
        let start = (try? scanner.memberStarts())?.first(where: { $0.name == list })?.start
      {
        scanner = JSONScanner(bytes, from: start)
      } else {
        scanner = JSONScanner(bytes, from: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
        return readOne(&scanner, 1, records, pair, rejection)
      }
    }
    guard scanner.take(UInt8(ascii: "[")) else {
      return rejection(PairRejection("its records are no list", place: 1))
    }
    if scanner.take(UInt8(ascii: "]")) { return }
    var number = 0
    while true {
      if recognition.format == .squad {
        let article: JSONValue
        do {
          article = try scanner.value()
        } catch {
          return rejection(broken(number + 1, error))
        }
        SQuAD.read(article, number: &number, pair: pair, rejection: rejection)
      } else {
        number += 1
        scanner.skipSpace()
        let start = scanner
        do {
          let value = try scanner.value()
          read(value, number, records, pair, rejection)
        } catch {
          let failure = error
          // A record that is no JSON may have an end, and others after it.
          scanner = start
          let hasEnd = (try? scanner.skipValue()) != nil && scanner.position > start.position
          guard hasEnd, scanner.take(UInt8(ascii: ",")) else { return rejection(broken(number, failure)) }
          rejection(broken(number, failure, hasEnd: true))
          continue
        }
      }
      if scanner.take(UInt8(ascii: ",")) { continue }
      guard scanner.take(UInt8(ascii: "]")) else { return rejection(broken(number + 1)) }
      return
    }
  }

  private func broken(
    _ number: Int, _ failure: JSONScanner.Failure = .malformed, hasEnd: Bool = false
  ) -> PairRejection {
    let problem =
      switch failure {
      case .malformed: hasEnd ? "not JSON" : "not JSON from here on"
      case .notUTF8: "not UTF-8 text"
      case .tooDeep: "nested too deeply"
      }
    return PairRejection(problem, place: number)
  }

  private func readOne(
    _ scanner: inout JSONScanner, _ number: Int, _ records: RecordReader, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    let value: JSONValue
    do {
      value = try scanner.value()
    } catch {
      return rejection(broken(number, error))
    }
    read(value, number, records, pair, rejection)
  }

  private func read(
    _ value: JSONValue, _ number: Int, _ records: RecordReader, _ pair: (FormatPair) -> Void,
    _ rejection: (PairRejection) -> Void
  ) {
    do {
      try records.read(value, place: number, to: pair)
    } catch {
      var error = error
      error.place = number
      rejection(error)
    }
  }
}

extension PairRecognition {
  fileprivate init(said format: PairFormat, layout: PairFormat.Layout) {
    self.format = format
    self.layout = layout
    confidence = 0
    reason = "taken for it"
  }
}

/// One record of a JSON format.
struct RecordReader {
  let format: PairFormat
  let map: ColumnMap

  func read(_ record: JSONValue, place: Int, to sink: (FormatPair) -> Void) throws(PairRejection) {
    func numbered(_ pair: FormatPair) {
      var pair = pair
      pair.place = place
      sink(pair)
    }
    guard record.members != nil || record.array != nil else { throw PairRejection("not a JSON object") }
    switch format {
    case .questionAnswer, .entityQuestions, .csv, .tsv, .squad:
      try numbered(QuestionAnswerRecord.read(record))
    case .alpaca: try numbered(AlpacaRecord.read(record))
    case .sharegpt, .messages: try ConversationRecord.read(record, to: numbered)
    case .promptCompletion: try ConversationRecord.readPrompt(record, to: numbered)
    case .deepEval: try numbered(EvaluationRows.readGolden(record))
    case .ragas: try numbered(EvaluationRows.readRagas(record))
    case .llamaIndex: try numbered(EvaluationRows.readExample(record))
    case .syntheticDataKit:
      if record.array != nil {
        try ConversationRecord.read(record, to: numbered)
      } else {
        try numbered(SyntheticDataKit.read(record))
      }
    case .mapped:
      guard let complete = map.completed(for: (record.members ?? []).map(\.name)) else {
        throw PairRejection.missing(map.question == nil ? "question" : "answer")
      }
      try numbered(QuestionAnswerRecord.read(record, complete))
    }
  }
}
