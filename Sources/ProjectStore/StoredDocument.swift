import Foundation
import GRDB

/// A document of a project, or a record of a file of many.
public struct StoredDocument: Identifiable, Equatable, Sendable {
  public typealias ID = Int64

  /// 0 before it is stored.
  public var id: ID
  /// The file that it was read from.
  public var path: String
  /// The record's place in that file; 0 for the whole file.
  public var record: Int
  public var title: String?
  /// As `DocumentFormat` names it; the store does not look inside.
  public var format: String
  /// Of the text: equal for equal texts, by ``ContentHash``.
  public var contentHash: Int64
  public var importedAt: Date

  public init(
    id: ID = 0, path: String, record: Int = 0, title: String? = nil, format: String, text: String,
    importedAt: Date = .now
  ) {
    self.id = id
    self.path = path
    self.record = record
    self.title = title
    self.format = format
    contentHash = ContentHash.of(text)
    self.importedAt = importedAt
  }

  init(_ row: Row) {
    id = row["id"]
    path = row["path"]
    record = row["record"]
    title = row["title"]
    format = row["format"]
    contentHash = row["content_hash"]
    importedAt = row.date("imported_at") ?? .distantPast
  }
}

/// A stretch of a document that is read at once.
public struct StoredChunk: Identifiable, Equatable, Sendable {
  public typealias ID = Int64

  /// 0 before it is stored. It stays the same when a document is imported again and the chunk's text is as before.
  public var id: ID
  public var document: StoredDocument.ID
  /// UTF-8 bytes of the document's text.
  public var range: Range<Int>
  /// The headings that it stands under, the highest first.
  public var headings: [String]
  public var tokenCount: Int
  public var text: String
  /// An earlier chunk that says nearly the same.
  public var duplicateOf: ID?

  public init(
    id: ID = 0, document: StoredDocument.ID = 0, range: Range<Int>, headings: [String] = [], tokenCount: Int,
    text: String, duplicateOf: ID? = nil
  ) {
    self.id = id
    self.document = document
    self.range = range
    self.headings = headings
    self.tokenCount = tokenCount
    self.text = text
    self.duplicateOf = duplicateOf
  }

  init(_ row: Row) {
    id = row["id"]
    document = row["document_id"]
    let start: Int = row["start_byte"]
    range = start..<max(start, row["end_byte"])
    let names: String = row["headings"]
    headings = names.isEmpty ? [] : names.split(separator: Self.separator).map(String.init)
    tokenCount = row["token_count"]
    text = row["text"]
    duplicateOf = row["duplicate_of"]
  }

  /// ASCII's unit separator, which no heading has.
  static let separator: Character = "\u{1F}"

  var storedHeadings: String {
    headings.map { $0.filter { $0 != Self.separator } }.joined(separator: String(Self.separator))
  }
}

/// Equal for equal texts, in every process: FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv). It finds what may
/// be equal and proves nothing.
enum ContentHash {
  static func of(_ texts: String...) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for (index, text) in texts.enumerated() {
      if index > 0 { add(0) }
      text.utf8.forEach(add)
    }
    return Int64(bitPattern: hash)
  }
}

/// What became of documents and their chunks at an import.
public struct DocumentImport: Equatable, Sendable {
  public enum Outcome: String, Sendable { case added, updated, unchanged }

  public var outcome: Outcome
  public var document: StoredDocument.ID
  public var chunksAdded = 0
  /// Chunks whose text was there before: they keep their ids and what hangs on those.
  public var chunksKept = 0
  public var chunksRemoved = 0
}
