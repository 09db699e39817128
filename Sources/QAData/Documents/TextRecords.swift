import Foundation

/// Texts kept as JSON: an array, an object with an array in it, or an object a line. A text is a string, or an object's
/// `text`, `content`, `page_content`, `body` or `document`.
enum TextRecords {
  static let textKeys = ["text", "content", "page_content", "body", "document", "passage", "context"]
  private static let titleKeys = ["title", "name", "heading", "id", "source", "url"]
  private static let listKeys = ["documents", "data", "texts", "items", "records", "passages", "pages"]

  struct Result {
    /// With the record's place: its line, or its index from 1.
    var records: [(place: Int, document: DocumentText)] = []
    /// Records that hold no text, and why.
    var rejected: [(place: Int, reason: String)] = []
  }

  static func readLines(_ text: String) -> Result {
    var result = Result()
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.contains(where: { !$0.isWhitespace }) else { continue }
      do {
        let value = try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
        take(value, place: index + 1, into: &result)
      } catch {
        result.rejected.append((index + 1, "no JSON"))
      }
    }
    return result
  }

  /// Nil if the text is no JSON document.
  static func readDocument(_ text: String) -> Result? {
    guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else { return nil }
    var result = Result()
    let object = value as? [String: Any]
    let list = value as? [Any] ?? listKeys.lazy.compactMap { object?[$0] as? [Any] }.first
    for (index, item) in (list ?? [value]).enumerated() { take(item, place: index + 1, into: &result) }
    return result
  }

  private static func take(_ value: Any, place: Int, into result: inout Result) {
    let object = value as? [String: Any]
    guard let text = value as? String ?? textKeys.lazy.compactMap({ object?[$0] as? String }).first else {
      result.rejected.append(
        (place, "no text: none of \(textKeys.prefix(5).joined(separator: ", ")) is a string"))
      return
    }
    guard text.contains(where: { !$0.isWhitespace }) else {
      result.rejected.append((place, "the text is empty"))
      return
    }
    var document = MarkdownText.read(text)
    let title = titleKeys.lazy.compactMap { object?[$0] as? String }.first { !$0.isEmpty }
    if let title { document.title = String(title.prefix(300)) }
    result.records.append((place, document))
  }
}
