import Foundation

/// What a file of pairs was taken for, and why.
public struct PairRecognition: Equatable, Sendable {
  public var format: PairFormat
  public var layout: PairFormat.Layout
  /// 0…1.
  public var confidence: Double
  public var reason: String
  /// Under which name a JSON document keeps its records.
  var list: String?

  /// How much of a file is looked at.
  public static let beginning = 1 << 20

  /// By a file's content; its name decides only where that says nothing. Nil if it holds no pairs that are known.
  ///
  /// - Parameter data: the file, or its beginning.
  public init?(_ data: Data, fileName: String, map: ColumnMap = ColumnMap()) {
    let text = PairReader.transcoded(data.prefix(Self.beginning))
    let isCut = data.count >= Self.beginning
    let found = text.withUnsafeBytes {
      Self.recognize($0.bindMemory(to: UInt8.self), fileName: fileName, isCut: isCut, map: map)
    }
    guard let found else { return nil }
    self = found
  }

  /// Whether a file is a list of objects that are neither pairs nor texts by the names of their fields: whoever named it
  /// is to say which fields are meant.
  public static func isOfUnknownRecords(_ data: Data) -> Bool {
    PairReader.transcoded(data.prefix(beginning)).withUnsafeBytes { raw -> Bool in
      let bytes = raw.bindMemory(to: UInt8.self)
      var scanner = JSONScanner(
        bytes, from: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, isCut: bytes.count >= beginning)
      guard scanner.take(UInt8(ascii: "[")), let members = (try? scanner.value())?.members else {
        return false
      }
      return !members.contains { TextRecords.textKeys.contains($0.name) }
    }
  }

  private init(
    _ format: PairFormat, _ layout: PairFormat.Layout, _ confidence: Double, _ reason: String,
    list: String? = nil
  ) {
    self.format = format
    self.layout = layout
    self.confidence = confidence
    self.reason = reason
    self.list = list
  }

  private static func recognize(
    _ bytes: UnsafeBufferPointer<UInt8>, fileName: String, isCut: Bool, map: ColumnMap
  ) -> PairRecognition? {
    let ending = fileName.lowercased().split(separator: ".").last.map(String.init) ?? ""
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var scanner = JSONScanner(bytes, from: start, isCut: isCut)
    scanner.skipSpace()
    if scanner.next == UInt8(ascii: "[") || scanner.next == UInt8(ascii: "{") {
      let isObject = scanner.next == UInt8(ascii: "{")
      if isObject, let found = lines(bytes, atMost: 1, ending: ending, map) { return found }
      if let found = document(bytes, start: start, isCut: isCut, map: map) { return found }
    }
    // JSON lines whose first is damaged.
    if let found = lines(bytes, atMost: 20, ending: ending, map) { return found }
    guard !["json", "jsonl", "ndjson", "md", "html", "htm", "rst"].contains(ending) else { return nil }
    guard let delimiter = DelimitedTable.delimiter(bytes, fileName: fileName) else { return nil }
    var table = DelimitedTable(bytes, delimiter: delimiter)
    guard let names = try? table.next()?.cells else { return nil }
    let format: PairFormat = delimiter == UInt8(ascii: "\t") ? .tsv : .csv
    if let guess = map.completed(for: names) {
      let reason = "a table with “\(guess.question ?? "")” and “\(guess.answer ?? "")”"
      return PairRecognition(format, .table(delimiter: delimiter), 0.9, reason)
    }
    guard ["csv", "tsv", "tab"].contains(ending) else { return nil }
    return PairRecognition(format, .table(delimiter: delimiter), 0.4, "its name ends in .\(ending)")
  }

  /// Lines of which the first that is an object is a record.
  private static func lines(
    _ bytes: UnsafeBufferPointer<UInt8>, atMost count: Int, ending: String, _ map: ColumnMap
  ) -> PairRecognition? {
    var start = 0
    for _ in 0..<count where start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      defer { start = end + 1 }
      let begin = start == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : start
      var scanner = JSONScanner(
        bytes, from: begin, to: end, isCut: end == bytes.count && bytes.count >= Self.beginning)
      guard let value = try? scanner.value(), value.members != nil else { continue }
      scanner.skipSpace()
      guard scanner.isAtEnd else { continue }
      // One object alone may be a whole document.
      let names = (value.members ?? []).map(\.name)
      if PairFormat.ofDocument(names) != nil { return nil }
      guard let (format, confidence, reason) = PairFormat.ofRecord(value, map: map), !isDocument(value) else {
        return nil
      }
      return PairRecognition(
        format, .lines, ending == "jsonl" ? min(1, confidence + 0.05) : confidence, "a line " + reason)
    }
    return nil
  }

  /// Whether an object keeps its records in a list, like `{"conversations": [[…], […]]}`.
  private static func isDocument(_ value: JSONValue) -> Bool {
    value["conversations"]?.array?.first?.array != nil
  }

  private static func document(
    _ bytes: UnsafeBufferPointer<UInt8>, start: Int, isCut: Bool, map: ColumnMap
  ) -> PairRecognition? {
    var scanner = JSONScanner(bytes, from: start, isCut: isCut)
    if scanner.take(UInt8(ascii: "[")) {
      guard let record = try? scanner.value() else { return nil }
      if let (format, confidence, reason) = PairFormat.ofRecord(record, map: map) {
        return PairRecognition(format, .document, confidence, "a list of records, the first " + reason)
      }
      if record["paragraphs"] != nil { return PairRecognition(.squad, .document, 0.9, "a list of articles") }
      return nil
    }
    guard let members = try? scanner.memberStarts() else { return nil }
    let names = members.map(\.name)
    if let (format, list) = PairFormat.ofDocument(names) {
      return PairRecognition(format, .document, 0.95, "has “\(list)”", list: list)
    }
    for name in PairFormat.listNames {
      guard let member = members.first(where: { $0.name == name }) else { continue }
      var inner = JSONScanner(bytes, from: member.start, isCut: isCut)
      guard inner.take(UInt8(ascii: "[")), let record = try? inner.value() else { continue }
      if record["paragraphs"] != nil {
        return PairRecognition(.squad, .document, 0.95, "has articles with paragraphs", list: name)
      }
      if name == "conversations", record.array != nil {
        return PairRecognition(.syntheticDataKit, .document, 0.9, "has lists of messages", list: name)
      }
      if let (format, confidence, reason) = PairFormat.ofRecord(record, map: map) {
        return PairRecognition(
          format, .document, confidence * 0.95, "has “\(name)”, of which the first \(reason)", list: name)
      }
    }
    // One record that is written over several lines.
    var whole = JSONScanner(bytes, from: start, isCut: isCut)
    guard let value = try? whole.value(),
      let (format, confidence, reason) = PairFormat.ofRecord(value, map: map)
    else {
      return nil
    }
    return PairRecognition(format, .document, confidence * 0.9, "one record, which " + reason)
  }
}
