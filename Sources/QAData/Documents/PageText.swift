/// Text in pages, as `pdftotext` writes it: pages end in a form feed. Lines that stand at the top or the foot of most
/// pages, page numbers apart, are no part of the text; words cut at the end of a line are joined.
enum PageText {
  static func read(_ text: String) -> DocumentText {
    var pages = text.split(separator: "\u{C}", omittingEmptySubsequences: false).map { page in
      page.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmed(of: " \t\r") }
    }
    let repeated = repeatedLines(pages)
    for index in pages.indices {
      pages[index].removeAll { repeated.contains(key($0)) }
    }
    return PlainText.read(pages.map { joined($0) }.joined(separator: "\n\n"))
  }

  /// Of lines at the ends of pages those that most pages have.
  private static func repeatedLines(_ pages: [[String]]) -> Set<String> {
    guard pages.count >= 4 else { return [] }
    var counts: [String: Int] = [:]
    for page in pages {
      let filled = page.filter { !$0.isEmpty }
      for line in Set((filled.prefix(2) + filled.suffix(2)).map(key)) { counts[line, default: 0] += 1 }
    }
    return Set(counts.filter { !$0.key.isEmpty && $0.value * 2 > pages.count }.keys)
  }

  /// A line with its numbers, such as the page's own, made alike.
  private static func key(_ line: String) -> String { line.replacing(/\d+/, with: "#").lowercased() }

  private static func joined(_ lines: [String]) -> String {
    var text = ""
    for line in lines {
      if text.hasSuffix("-"), let first = line.first, first.isLowercase {
        text.removeLast()
        text += line
      } else {
        text += (text.isEmpty ? "" : "\n") + line
      }
    }
    return text
  }
}
