import Foundation

/// What kind of document a file is.
public enum DocumentFormat: String, CaseIterable, Sendable {
  case markdown, text
  case restructuredText = "rst"
  case html, json
  case jsonLines = "jsonl"
  case pdf

  /// By a file's name and its beginning; nil for what is none of these.
  public init?(fileName: String, beginning: Data) {
    if beginning.starts(with: "%PDF-".utf8) {
      self = .pdf
      return
    }
    let ending = fileName.lowercased().split(separator: ".").last.map(String.init) ?? ""
    switch ending {
    case "md", "markdown", "mdown", "mkd", "mdx": self = .markdown
    case "rst", "rest": self = .restructuredText
    case "html", "htm", "xhtml": self = .html
    case "jsonl", "ndjson": self = .jsonLines
    case "json": self = .json
    case "txt", "text", "log": self = .text
    default:
      guard fileName.contains(".") == false || ending == "" else { return nil }
      self = .text
    }
  }
}

/// What a file held.
public struct ReadDocument: Sendable {
  /// The record's line or number in a file of many.
  public var record: Int?
  public var document: DocumentText
}

/// Why a file, or a part of it, is no document.
public struct DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
  public var path: String
  /// Of the record, in a file of many.
  public var record: Int?
  public var reason: String

  public init(path: String, record: Int? = nil, reason: String) {
    self.path = path
    self.record = record
    self.reason = reason
  }

  public var description: String { "\(path)\(record.map { ":\($0)" } ?? ""): \(reason)" }
}

/// Documents out of the bytes of a file.
public enum DocumentReader {
  public struct Result: Sendable {
    public var documents: [ReadDocument] = []
    public var rejected: [DocumentError] = []
    public var encoding: TextEncoding?
  }

  /// - Parameters:
  ///   - pdfText: what `pdftotext` made of a PDF; a PDF is refused without it.
  /// - Throws: ``DocumentError`` when nothing of the file can be read.
  public static func read(
    _ data: Data, format: DocumentFormat, path: String, pdfText: (() throws -> Data)? = nil
  ) throws -> Result {
    var bytes = data
    if format == .pdf {
      guard let pdfText else {
        throw DocumentError(path: path, reason: "PDF is read through pdftotext (poppler-utils)")
      }
      bytes = try pdfText()
    }
    guard let (text, encoding) = TextEncoding.decode(bytes) else {
      throw DocumentError(path: path, reason: "is no text")
    }
    var result = Result(encoding: encoding)
    switch format {
    case .markdown: result.add(MarkdownText.read(text))
    case .text: result.add(PlainText.read(text))
    case .restructuredText: result.add(RestructuredText.read(text))
    case .pdf: result.add(PageText.read(text))
    case .html:
      guard let document = HTMLText.read(text) else {
        throw DocumentError(path: path, reason: "memory is short")
      }
      result.add(document)
    case .json:
      guard let records = TextRecords.readDocument(text) else {
        throw DocumentError(path: path, reason: "is no JSON")
      }
      result.add(records, path)
    case .jsonLines: result.add(TextRecords.readLines(text), path)
    }
    result.documents.removeAll { read in
      let isEmpty = read.document.blocks.allSatisfy { $0.kind == .boilerplate }
      if isEmpty {
        result.rejected.append(DocumentError(path: path, record: read.record, reason: "holds no text"))
      }
      return isEmpty
    }
    return result
  }
}

extension DocumentReader.Result {
  fileprivate mutating func add(_ document: DocumentText) {
    documents.append(ReadDocument(document: document))
  }

  fileprivate mutating func add(_ records: TextRecords.Result, _ path: String) {
    documents += records.records.map { ReadDocument(record: $0.place, document: $0.document) }
    rejected += records.rejected.map { DocumentError(path: path, record: $0.place, reason: $0.reason) }
  }
}
