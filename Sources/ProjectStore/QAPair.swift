import GRDB

/// A question with its answer.
public struct QAPair: Identifiable, Equatable, Sendable {
  public typealias ID = Int64

  /// What an answer asks of a reader: to recall a fact, or to understand.
  public enum Category: String, CaseIterable, Codable, Sendable {
    case factual, conceptual
  }

  public enum Split: String, CaseIterable, Codable, Sendable {
    case train, eval, test
  }

  /// 0 before it is stored.
  public var id: ID
  public var question: String
  public var answer: String
  public var category: Category?
  public var split: Split?
  /// Where the pair's content is from: a document, a method, a collection.
  public var source: String?
  /// The file it was first imported from, and the line in it (from 1).
  public var importedFrom: String?
  public var line: Int?

  public init(
    id: ID = 0, question: String, answer: String, category: Category? = nil, split: Split? = nil,
    source: String? = nil, importedFrom: String? = nil, line: Int? = nil
  ) {
    self.id = id
    self.question = question
    self.answer = answer
    self.category = category
    self.split = split
    self.source = source
    self.importedFrom = importedFrom
    self.line = line
  }

  init(_ row: Row) {
    self.init(
      id: row["id"], question: row["question"], answer: row["answer"],
      category: row.category, split: row.split, source: row["source"], importedFrom: row["imported_from"],
      line: row["line"])
  }

  /// Equal for equal question and answer. It only narrows the search; the texts themselves are compared.
  var contentHash: Int64 { ContentHash.of(question, answer) }
}

/// What an import did.
public struct PairImport: Equatable, Sendable {
  /// New pairs.
  public var inserted = 0
  /// Known pairs that got another category, split or source.
  public var updated = 0
  /// Known pairs that stayed as they were.
  public var unchanged = 0
  /// Pairs that were already in the same import.
  public var repeated = 0
}

/// How many pairs there are of each kind, as the Overview draws it.
public struct PairCounts: Equatable, Sendable {
  public struct SplitCell: Hashable, Sendable {
    public var category: QAPair.Category?
    public var split: QAPair.Split?

    public init(category: QAPair.Category?, split: QAPair.Split?) {
      self.category = category
      self.split = split
    }
  }

  public struct SourceCell: Hashable, Sendable {
    public var source: String?
    public var category: QAPair.Category?

    public init(source: String?, category: QAPair.Category?) {
      self.source = source
      self.category = category
    }
  }

  public var byCategoryAndSplit: [SplitCell: Int] = [:]
  public var bySourceAndCategory: [SourceCell: Int] = [:]

  /// No pairs.
  public init() {}

  public var total: Int { byCategoryAndSplit.values.reduce(0, +) }

  /// Pairs of a category (nil: without one), in all splits.
  public func count(category: QAPair.Category?) -> Int {
    byCategoryAndSplit.reduce(0) { $1.key.category == category ? $0 + $1.value : $0 }
  }

  /// Pairs of a split (nil: without one), of all categories.
  public func count(split: QAPair.Split?) -> Int {
    byCategoryAndSplit.reduce(0) { $1.key.split == split ? $0 + $1.value : $0 }
  }
}

extension Row {
  /// Nil also for a value that this version does not know.
  var category: QAPair.Category? { (self["category"] as String?).flatMap(QAPair.Category.init) }
  var split: QAPair.Split? { (self["split"] as String?).flatMap(QAPair.Split.init) }
}
