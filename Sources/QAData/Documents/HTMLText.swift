import CHTML

/// The text of an HTML page: headings, paragraphs, lists, tables and code; scripts, styles, navigation and forms are left
/// out. Read by libxml2, which forgives what browsers forgive.
enum HTMLText {
  private static let skipped: Set<String> = [
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "button", "select",
    "svg", "math",
    "iframe", "object", "canvas", "dialog", "menu",
  ]
  private static let blocks: Set<String> = [
    "p", "div", "section", "article", "main", "body", "li", "dt", "dd", "blockquote", "pre", "table", "tr",
    "h1", "h2", "h3",
    "h4", "h5", "h6", "ul", "ol", "dl", "figure", "figcaption", "caption", "hr", "address", "details",
    "summary", "center",
    "fieldset", "thead", "tbody", "tfoot",
  ]

  static func read(_ html: String) -> DocumentText? {
    let bytes = Array(html.utf8)
    guard let tape = html_parse(bytes, bytes.count) else { return nil }
    defer { html_tape_free(tape) }
    var entries = [UInt8](repeating: 0, count: html_tape_size(tape))
    html_tape_copy(tape, &entries)
    var builder = Builder()
    var at = 0
    while at + 5 <= entries.count {
      let length = (0..<4).reduce(0) { $0 | Int(entries[at + 1 + $1]) << (8 * $1) }
      let body = entries[(at + 5)..<min(at + 5 + length, entries.count)]
      switch entries[at] {
      case UInt8(ascii: "S"): builder.begin(String(decoding: body, as: UTF8.self).lowercased())
      case UInt8(ascii: "E"): builder.end(String(decoding: body, as: UTF8.self).lowercased())
      default: builder.add(body)
      }
      at += 5 + length
    }
    return builder.document
  }

  /// Puts the text together as the elements come.
  private struct Builder {
    private var text: [UInt8] = []
    private var found: [DocumentText.Block] = []
    private var title: [UInt8] = []
    /// The block in the making, and what kind it is.
    private var block: [UInt8] = []
    private var kind = DocumentText.Block.Kind.paragraph
    private var skipDepth = 0
    private var isInTitle = false
    private var preDepth = 0
    private var listDepth = 0
    private var tableDepth = 0
    private var needsSpace = false

    mutating func begin(_ name: String) {
      if HTMLText.skipped.contains(name) { skipDepth += 1 }
      guard skipDepth == 0 else { return }
      switch name {
      case "title": isInTitle = true
      case "br": block.append(UInt8(ascii: "\n"))
      case "pre":
        flush()
        preDepth += 1
        kind = .code
      case "td", "th":
        if let last = block.last, last != UInt8(ascii: "\n") { block += Array(" | ".utf8) }
        needsSpace = false
      case "ul", "ol", "dl":
        flush()
        listDepth += 1
      case "table":
        flush()
        tableDepth += 1
        kind = .table
      case "tr":
        if !block.isEmpty { block.append(UInt8(ascii: "\n")) }
        needsSpace = false
      case "li", "dt", "dd":
        if listDepth > 0 {
          if kind != .list { flush() }
          kind = .list
          if !block.isEmpty { block.append(UInt8(ascii: "\n")) }
          block += Array("- ".utf8)
          needsSpace = false
        }
      case "h1", "h2", "h3", "h4", "h5", "h6":
        flush()
        kind = .heading(level: Int(name.dropFirst()) ?? 1)
      case _ where HTMLText.blocks.contains(name):
        // Inside of a list or a table it is a part of that.
        if listDepth == 0, tableDepth == 0 { flush() } else { needsSpace = true }
      default: break
      }
    }

    mutating func end(_ name: String) {
      if HTMLText.skipped.contains(name) {
        skipDepth = max(0, skipDepth - 1)
        return
      }
      guard skipDepth == 0 else { return }
      switch name {
      case "title": isInTitle = false
      case "pre":
        flush()
        preDepth = max(0, preDepth - 1)
      case "ul", "ol", "dl":
        listDepth = max(0, listDepth - 1)
        if listDepth == 0 { flush() }
      case "table":
        tableDepth = max(0, tableDepth - 1)
        if tableDepth == 0 { flush() }
      case "h1", "h2", "h3", "h4", "h5", "h6": flush()
      case _ where HTMLText.blocks.contains(name):
        if listDepth == 0, tableDepth == 0 { flush() } else { needsSpace = true }
      default: break
      }
    }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
      guard skipDepth == 0 else { return }
      if isInTitle {
        if title.count < 1000 { title += bytes }
        return
      }
      if preDepth > 0 {
        block += bytes
        return
      }
      for byte in bytes {
        if byte == 0x20 || (0x09...0x0D).contains(byte) {
          needsSpace = true
          continue
        }
        if needsSpace, let last = block.last, last != 0x20, last != UInt8(ascii: "\n") { block.append(0x20) }
        needsSpace = false
        block.append(byte)
      }
    }

    private mutating func flush() {
      let content = String(decoding: block, as: UTF8.self).trimmed(of: "\n \t\r|")
      let isSaid = content.contains { $0.isLetter || $0.isNumber }
      if isSaid {
        if !text.isEmpty { text += Array("\n\n".utf8) }
        let start = text.count
        text += Array(content.utf8)
        found.append(.init(kind, start..<text.count))
      }
      block = []
      needsSpace = false
      kind = tableDepth > 0 ? .table : listDepth > 0 ? .list : .paragraph
    }

    var document: DocumentText {
      mutating get {
        flush()
        let named = String(decoding: title, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(
          separator: " ")
        var document = DocumentText(text: String(decoding: text, as: UTF8.self), blocks: found)
        document.title = named.isEmpty ? document.firstHeading : named
        return document
      }
    }
  }
}
