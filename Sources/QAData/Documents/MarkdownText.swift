/// The blocks of a Markdown text (https://spec.commonmark.org): front matter, headings of both kinds, fenced code, tables,
/// lists, paragraphs. Only what chunks are cut at is looked for; what stands inside of a block stays as it is.
enum MarkdownText {
  static func read(_ text: String) -> DocumentText {
    let lines = TextLines(text).lines
    var document = DocumentText(text: text, blocks: [])
    var index = 0
    if let end = frontMatterEnd(lines) {
      document.title = title(inFrontMatter: lines[1..<end])
      document.blocks.append(.init(.boilerplate, lines[0].range.lowerBound..<lines[end].range.upperBound))
      index = end + 1
    }
    while index < lines.count {
      let line = lines[index]
      if line.isBlank {
        index += 1
        continue
      }
      let (kind, end) = block(lines, index)
      // A paragraph over a line of === or --- is a heading.
      if case .paragraph = kind, let level = setextLevel(lines, end) {
        document.blocks.append(
          .init(.heading(level: level), line.range.lowerBound..<lines[end].range.upperBound))
        index = end + 1
      } else {
        document.blocks.append(.init(kind, line.range.lowerBound..<lines[end - 1].range.upperBound))
        index = end
      }
    }
    if document.title == nil { document.title = document.firstHeading }
    return document
  }

  /// The kind of the block that begins at a line, and the line after it.
  private static func block(_ lines: [TextLines.Line], _ start: Int) -> (DocumentText.Block.Kind, Int) {
    let line = lines[start]
    if let level = headingLevel(line) { return (.heading(level: level), start + 1) }
    if let fence = fence(line) {
      let end = lines[(start + 1)...].firstIndex { closes($0, fence) }
      return (.code, end.map { $0 + 1 } ?? lines.count)
    }
    if line.content.starts(with: "<!--".utf8) {
      let end = lines[start...].firstIndex { $0.content.string.contains("-->") } ?? lines.count - 1
      return (.boilerplate, end + 1)
    }
    if isRule(line) { return (.boilerplate, start + 1) }
    if line.indent >= 4 {
      let end = lines[start...].firstIndex { !$0.isBlank && $0.indent < 4 } ?? lines.count
      return (.code, lastFilled(lines, start, end) + 1)
    }
    if isTable(lines, start) {
      return (
        .table,
        lines[start...].firstIndex { $0.isBlank || !$0.content.contains(UInt8(ascii: "|")) } ?? lines.count
      )
    }
    if isItem(line) { return (.list, listEnd(lines, start)) }
    let end = lines[(start + 1)...].firstIndex { next in
      next.isBlank || headingLevel(next) != nil || fence(next) != nil || isItem(next)
        || setextMark(next) != nil || next.content.starts(with: "<!--".utf8)
    }
    return (.paragraph, end ?? lines.count)
  }

  /// A list goes on over blank lines while what follows is an item or indented.
  private static func listEnd(_ lines: [TextLines.Line], _ start: Int) -> Int {
    var end = start + 1
    var index = end
    while index < lines.count {
      let line = lines[index]
      if line.isBlank {
        index += 1
        continue
      }
      let follows = index == end || isItem(line) || line.indent >= 2
      guard follows, headingLevel(line) == nil, fence(line) == nil || line.indent >= 2 else { break }
      index += 1
      end = index
    }
    return end
  }

  private static func lastFilled(_ lines: [TextLines.Line], _ start: Int, _ end: Int) -> Int {
    lines[start..<end].lastIndex { !$0.isBlank } ?? start
  }

  // MARK: Lines

  private static func headingLevel(_ line: TextLines.Line) -> Int? {
    guard line.indent < 4 else { return nil }
    let level = line.content.prefix { $0 == UInt8(ascii: "#") }.count
    let next = line.content.dropFirst(level).first
    return (1...6).contains(level) && (next == nil || next == 0x20 || next == 0x09) ? level : nil
  }

  private static func setextMark(_ line: TextLines.Line) -> Int? {
    guard line.indent < 4, let mark = line.content.first, line.content.allSatisfy({ $0 == mark }) else {
      return nil
    }
    if mark == UInt8(ascii: "=") { return 1 }
    return mark == UInt8(ascii: "-") && line.content.count >= 2 ? 2 : nil
  }

  private static func setextLevel(_ lines: [TextLines.Line], _ index: Int) -> Int? {
    index < lines.count ? setextMark(lines[index]) : nil
  }

  private static func fence(_ line: TextLines.Line) -> (mark: UInt8, count: Int)? {
    guard let mark = line.content.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else {
      return nil
    }
    let count = line.content.prefix { $0 == mark }.count
    guard count >= 3 else { return nil }
    // A line of text may begin with code between backticks.
    return mark == UInt8(ascii: "`") && line.content.dropFirst(count).contains(mark) ? nil : (mark, count)
  }

  private static func closes(_ line: TextLines.Line, _ fence: (mark: UInt8, count: Int)) -> Bool {
    line.content.count >= fence.count && line.content.allSatisfy { $0 == fence.mark }
  }

  /// `---`, `***`, `___`, spaces between them or not.
  private static func isRule(_ line: TextLines.Line) -> Bool {
    let marks = line.content.filter { $0 != 0x20 && $0 != 0x09 }
    guard line.indent < 4, marks.count >= 3, let mark = marks.first else { return false }
    return (mark == UInt8(ascii: "-") || mark == UInt8(ascii: "*") || mark == UInt8(ascii: "_"))
      && marks.allSatisfy { $0 == mark }
  }

  private static func isItem(_ line: TextLines.Line) -> Bool {
    guard let first = line.content.first else { return false }
    if first == UInt8(ascii: "-") || first == UInt8(ascii: "*") || first == UInt8(ascii: "+") {
      return line.content.dropFirst().first == 0x20
    }
    let digits = line.content.prefix { (0x30...0x39).contains($0) }.count
    let mark = line.content.dropFirst(digits).first
    return (1...9).contains(digits) && (mark == UInt8(ascii: ".") || mark == UInt8(ascii: ")"))
      && line.content.dropFirst(digits + 1).first == 0x20
  }

  /// A row of cells over one of dashes.
  private static func isTable(_ lines: [TextLines.Line], _ start: Int) -> Bool {
    guard start + 1 < lines.count, lines[start].content.contains(UInt8(ascii: "|")) else { return false }
    let under = lines[start + 1].content
    return under.contains(UInt8(ascii: "-")) && under.allSatisfy { "|-: ".utf8.contains($0) }
  }

  // MARK: Front matter

  /// The line of `---` or `+++` that ends what begins with one in the first line.
  private static func frontMatterEnd(_ lines: [TextLines.Line]) -> Int? {
    guard let first = lines.first?.content.string, first == "---" || first == "+++" else { return nil }
    // Longer than any: then it is a rule.
    return lines.dropFirst().prefix(200).firstIndex {
      let text = $0.content.string
      return text == first || first == "---" && text == "..."
    }
  }

  private static func title(inFrontMatter lines: ArraySlice<TextLines.Line>) -> String? {
    for line in lines where line.indent == 0 {
      let text = line.content.string
      guard text.lowercased().hasPrefix("title"),
        let mark = text.firstIndex(where: { $0 == ":" || $0 == "=" })
      else {
        continue
      }
      let value = text[text.index(after: mark)...].trimmingPrefix { $0 == " " }
      let title = String(value).trimmed(of: "\"'")
      if !title.isEmpty { return title }
    }
    return nil
  }
}

extension DocumentText {
  /// The text of the first heading, without its marks.
  var firstHeading: String? {
    for block in blocks {
      if case .heading = block.kind { return headingText(block) }
    }
    return nil
  }

  /// A heading's words: without `#`, underlines, and the marks of links and emphasis.
  public func headingText(_ block: Block) -> String {
    let first = self[block.range].split(separator: "\n").first { line in
      line.contains { $0.isLetter || $0.isNumber }
    }
    var text = String(first ?? "").trimmed(of: "# \t\r")
    text = text.replacing(/!?\[([^\]]*)\]\([^)]*\)/) { String($0.1) }
    return text.replacing("**", with: "").replacing("`", with: "").trimmed(of: " ")
  }
}

extension String {
  /// Without some characters at both ends.
  func trimmed(of characters: String) -> String {
    var result = Substring(self)
    while let first = result.first, characters.contains(first) { result.removeFirst() }
    while let last = result.last, characters.contains(last) { result.removeLast() }
    return String(result)
  }
}
