import GRDB

/// What people say of a run, beside what its worker measures.
public struct RunLabels: Equatable, Hashable, Sendable {
  /// Words without spaces, sorted, each once.
  public var tags: [String]
  public var note: String
  /// Stays at the top of lists.
  public var isPinned: Bool
  /// Put away: lists leave it out unless asked.
  public var isArchived: Bool

  public init(tags: [String] = [], note: String = "", isPinned: Bool = false, isArchived: Bool = false) {
    self.tags = tags
    self.note = note
    self.isPinned = isPinned
    self.isArchived = isArchived
  }

  static let maximumTags = 32
  static let maximumTagLength = 40
  static let maximumNoteLength = 2000

  /// The tags that a text names, with spaces or commas between them; `#x` is the tag `x`.
  public static func tags(in text: String) -> [String] {
    let words = text.split { $0.isWhitespace || $0 == "," }.map { $0.drop { $0 == "#" } }
    let tags = Set(words.map { String($0.prefix(maximumTagLength)) }.filter { !$0.isEmpty })
    return Array(tags.sorted().prefix(maximumTags))
  }

  /// One line, without the spaces around it.
  static func note(_ text: String) -> String {
    let line = text.map { $0.isNewline ? " " : $0 }.drop { $0.isWhitespace }.prefix(maximumNoteLength)
    return String(String(line).reversed().drop { $0.isWhitespace }.reversed())
  }

  init(_ row: Row) {
    let words: String = row["tags"]
    tags = words.isEmpty ? [] : words.split(separator: " ").map(String.init)
    note = row["note"]
    isPinned = row["is_pinned"]
    isArchived = row["is_archived"]
  }
}
