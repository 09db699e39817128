/// Plain text: paragraphs between blank lines. A short line in capitals, or one that is numbered like a section, with blank
/// lines around it, is a heading.
enum PlainText {
  static func read(_ text: String) -> DocumentText {
    let lines = TextLines(text).lines
    var blocks: [DocumentText.Block] = []
    var index = 0
    while index < lines.count {
      guard !lines[index].isBlank else {
        index += 1
        continue
      }
      let end = lines[index...].firstIndex(where: \.isBlank) ?? lines.count
      let range = lines[index].range.lowerBound..<lines[end - 1].range.upperBound
      let kind = end == index + 1 ? kind(of: lines[index]) : .paragraph
      blocks.append(.init(kind, range))
      index = end
    }
    var document = DocumentText(text: text, blocks: blocks)
    document.title = document.firstHeading
    return document
  }

  private static let longestHeading = 80

  private static func kind(of line: TextLines.Line) -> DocumentText.Block.Kind {
    let text = line.content.string
    guard text.count <= longestHeading, let last = text.last, !".,;:!?".contains(last) else {
      return .paragraph
    }
    if let number = text.prefixMatch(
      of: /(?:Chapter |Section |Appendix )?(\d{1,3}(?:\.\d{1,3})*)\.?[ \t]+\p{L}/)
    {
      return .heading(level: min(6, number.1.count { $0 == "." } + 1))
    }
    let letters = text.filter(\.isLetter)
    return letters.count >= 3 && letters.allSatisfy(\.isUppercase) ? .heading(level: 1) : .paragraph
  }
}

/// reStructuredText (https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html): titles with lines under, or
/// also over, them; their levels are in the order in which their marks come. Directives and comments are left out, but for
/// the text of notes and the like.
enum RestructuredText {
  static func read(_ text: String) -> DocumentText {
    let lines = TextLines(text).lines
    var document = DocumentText(text: text, blocks: [])
    var marks: [String] = []
    var index = 0
    while index < lines.count {
      guard !lines[index].isBlank else {
        index += 1
        continue
      }
      if let (mark, length) = title(lines, index) {
        let level = marks.firstIndex(of: mark) ?? marks.count
        if level == marks.count { marks.append(mark) }
        let range = lines[index].range.lowerBound..<lines[index + length - 1].range.upperBound
        document.blocks.append(.init(.heading(level: min(6, level + 1)), range))
        index += length
        continue
      }
      let (kind, end) = block(lines, index)
      document.blocks.append(.init(kind, lines[index].range.lowerBound..<lines[end - 1].range.upperBound))
      index = end
    }
    document.title = document.firstHeading
    return document
  }

  private static func ruleMark(_ line: TextLines.Line) -> Character? {
    guard line.content.count >= 3, let mark = line.content.first, line.content.allSatisfy({ $0 == mark }),
      "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".utf8.contains(mark)
    else { return nil }
    return Character(Unicode.Scalar(mark))
  }

  /// The mark of a title that begins at a line, and how many lines it has.
  private static func title(_ lines: [TextLines.Line], _ start: Int) -> (mark: String, length: Int)? {
    if let over = ruleMark(lines[start]), start + 2 < lines.count, !lines[start + 1].isBlank,
      ruleMark(lines[start + 2]) == over
    {
      return ("\(over)\(over)", 3)
    }
    guard lines[start].indent == 0, ruleMark(lines[start]) == nil, start + 1 < lines.count,
      let under = ruleMark(lines[start + 1]),
      lines[start + 1].content.count >= min(lines[start].content.string.count, 200)
    else { return nil }
    return ("\(under)", 2)
  }

  private static func block(_ lines: [TextLines.Line], _ start: Int) -> (DocumentText.Block.Kind, Int) {
    let line = lines[start]
    let text = line.content.string
    if text.hasPrefix("..") && (text == ".." || text.hasPrefix(".. ")) {
      let isSaid = text.contains(
        /^\.\. (note|warning|tip|important|caution|hint|attention|danger|admonition)::/)
      return (isSaid ? .paragraph : .boilerplate, indentedEnd(lines, start))
    }
    if line.indent == 0, text.contains(/^:[\w -]+:/) { return (.boilerplate, indentedEnd(lines, start)) }
    if ruleMark(line) != nil { return (.boilerplate, start + 1) }
    if text.hasPrefix("+-") || text.hasPrefix("==") {
      return (.table, lines[start...].firstIndex(where: \.isBlank) ?? lines.count)
    }
    let isItem = Self.isItem(text)
    var end = start + 1
    while end < lines.count, !lines[end].isBlank, title(lines, end) == nil { end += 1 }
    if isItem {
      while end < lines.count, let next = lines[end...].firstIndex(where: { !$0.isBlank }),
        lines[next].indent >= 2 || Self.isItem(lines[next].content.string)
      {
        end = next + 1
      }
      return (.list, end)
    }
    // What is indented after a line that ends in :: is literal.
    return (line.indent >= 2 && start > 0 ? .code : .paragraph, end)
  }

  private static func isItem(_ text: String) -> Bool {
    text.prefixMatch(of: #/(?:[-*+•]|\d{1,3}[.)]|\#\.) /#) != nil
  }

  private static func indentedEnd(_ lines: [TextLines.Line], _ start: Int) -> Int {
    var end = start + 1
    var index = end
    while index < lines.count, lines[index].isBlank || lines[index].indent > lines[start].indent {
      if !lines[index].isBlank { end = index + 1 }
      index += 1
    }
    return end
  }
}
