/// A document as text in blocks: what chunks are cut from.
///
/// All ranges are of UTF-8 bytes in ``text``. For Markdown, plain text and reStructuredText that is the file itself,
/// decoded; for HTML, PDF and records it is what was taken out of them.
public struct DocumentText: Equatable, Sendable {
  public struct Block: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
      /// 1 is the highest.
      case heading(level: Int)
      case paragraph, list, table, code
      /// Front matter, navigation, comments: no part of what the document says.
      case boilerplate
    }

    public var kind: Kind
    public var range: Range<Int>

    public init(_ kind: Kind, _ range: Range<Int>) {
      self.kind = kind
      self.range = range
    }
  }

  /// What the document calls itself, or its first heading.
  public var title: String?
  public var text: String
  /// In their order, without overlap.
  public var blocks: [Block]
  /// What one should know of how it was read.
  public var notes: [String]

  public init(title: String? = nil, text: String, blocks: [Block], notes: [String] = []) {
    self.title = title
    self.text = text
    self.blocks = blocks
    self.notes = notes
  }

  /// The text of a range, which is cut at whole characters.
  public subscript(range: Range<Int>) -> String {
    let utf8 = text.utf8
    let start =
      utf8.index(utf8.startIndex, offsetBy: range.lowerBound, limitedBy: utf8.endIndex) ?? utf8.endIndex
    let end = utf8.index(start, offsetBy: range.count, limitedBy: utf8.endIndex) ?? utf8.endIndex
    return String(decoding: utf8[start..<end], as: UTF8.self)
  }
}

/// Lines of a text with their byte ranges, line ends left out.
struct TextLines {
  struct Line {
    var range: Range<Int>
    /// Without white space at its ends.
    var content: Substring.UTF8View
    /// Bytes of white space before the content; a tab counts as four.
    var indent: Int

    var isBlank: Bool { content.isEmpty }
  }

  let lines: [Line]

  init(_ text: String) {
    let utf8 = Substring(text).utf8
    var lines: [Line] = []
    var start = utf8.startIndex
    var offset = 0
    while start < utf8.endIndex {
      let end = utf8[start...].firstIndex(of: UInt8(ascii: "\n")) ?? utf8.endIndex
      var line = utf8[start..<end]
      let length = line.count
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      var indent = 0
      let body = line.drop { byte in
        guard byte == 0x20 || byte == 0x09 else { return false }
        indent += byte == 0x09 ? 4 : 1
        return true
      }
      var content = body
      while let last = content.last, last == 0x20 || last == 0x09 { content = content.dropLast() }
      lines.append(Line(range: offset..<offset + line.count, content: content, indent: indent))
      offset += length + 1
      start = end < utf8.endIndex ? utf8.index(after: end) : end
    }
    self.lines = lines
  }
}

extension Substring.UTF8View {
  /// The text of these bytes.
  var string: String { String(decoding: self, as: UTF8.self) }
}
