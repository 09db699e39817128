import Foundation
import Testing

@testable import QAData

@Suite struct DocumentTests {
  private func kinds(_ document: DocumentText) -> [String] {
    document.blocks.map { block in
      let kind =
        switch block.kind {
        case .heading(let level): "h\(level)"
        case .paragraph: "p"
        case .list: "list"
        case .table: "table"
        case .code: "code"
        case .boilerplate: "–"
        }
      return "\(kind) \(document[block.range].split(separator: "\n").first ?? "")"
    }
  }

  // MARK: Markdown

  @Test func markdownBlocks() {
    let document = MarkdownText.read(
      """
      ---
      title: "Hot aisles"
      date: 2026-01-01
      ---
      # The *hot* aisle

      Air leaves
      the servers here.
      ## Limits ##
      - one

        more of one
      - two
      1. not a new list

      | a | b |
      |---|---|
      | 1 | 2 |

      ```swift
      # no heading

      let x = 1
      ```
      Setext
      ------
          indented code

      <!-- hidden
      words -->
      ***
      `x` is code in a paragraph
      """)
    #expect(document.title == "Hot aisles")
    #expect(
      kinds(document) == [
        "– ---", "h1 # The *hot* aisle", "p Air leaves", "h2 ## Limits ##", "list - one", "table | a | b |",
        "code ```swift", "h2 Setext", "code     indented code", "– <!-- hidden", "– ***",
        "p `x` is code in a paragraph",
      ])
    #expect(document.headingText(document.blocks[3]) == "Limits")
    #expect(document[document.blocks[4].range].hasSuffix("1. not a new list"))
    #expect(document[document.blocks[6].range].hasSuffix("```"))
  }

  /// Whatever the text, blocks are in order, apart, and no word is in none of them.
  @Test(arguments: [
    "", "\n\n\n", "---", "---\n---\n", "```", "# ", "####### seven", "a\n===\n", "===", "- ", "|x|\n|-|",
    "<!--", "\t\tx\n\n\ty",
    "a\r\nb\r\n\r\n# c\r\n", "日本語。\n\n# 見出し\n", "\u{0}\u{1B}[31m", "> quote\n> more\n\nb",
  ])
  func blocksCoverAllWords(_ text: String) {
    for document in [MarkdownText.read(text), PlainText.read(text), RestructuredText.read(text)] {
      var end = 0
      for block in document.blocks {
        #expect(block.range.lowerBound >= end && !block.range.isEmpty)
        let between = document[end..<block.range.lowerBound]
        #expect(between.allSatisfy { $0.isWhitespace }, "\(between) is in no block")
        end = block.range.upperBound
      }
      #expect(end <= text.utf8.count)
      #expect(document[end..<text.utf8.count].allSatisfy { $0.isWhitespace })
    }
  }

  @Test func hugeMarkdownIsReadInLinearTime() {
    let clock = ContinuousClock()
    for piece in ["> ", "- ", "[", "*", "`", "|", "#", "\n- a\n\n", "<!-- "] {
      let text = String(repeating: piece, count: 200_000)
      let time = clock.measure { _ = MarkdownText.read(text) }
      #expect(time < .seconds(10), "\(piece)")
    }
  }

  // MARK: Others

  @Test func plainTextHeadings() {
    let document = PlainText.read(
      "INTRODUCTION\n\nFirst paragraph\ngoes on.\n\n2.1 Cooling limits\n\nIt ends here.\n\nShort.\n")
    #expect(
      kinds(document) == [
        "h1 INTRODUCTION", "p First paragraph", "h2 2.1 Cooling limits", "p It ends here.", "p Short.",
      ])
  }

  @Test func restructuredTextTitlesHaveTheLevelsOfTheirMarks() {
    let document = RestructuredText.read(
      """
      =====
      Title
      =====

      .. comment to nobody

      First
      -----
      Text.

      .. note:: It is said.

         And more.

      .. image:: x.png
         :width: 3

      - item

        more

      Second
      ------
      Deeper
      ~~~~~~
      :author: nobody
      """)
    #expect(document.title == "Title")
    #expect(
      kinds(document) == [
        "h1 =====", "– .. comment to nobody", "h2 First", "p Text.", "p .. note:: It is said.",
        "– .. image:: x.png",
        "list - item", "h2 Second", "h3 Deeper", "– :author: nobody",
      ])
  }

  @Test func htmlIsReadAsPeopleReadIt() throws {
    let document = try #require(
      HTMLText.read(
        """
        <html><head><title>Hot &amp; cold</title><style>p {}</style></head><body>
        <nav><a href=x>Home</a></nav>
        <h1>The   hot
        aisle</h1><p>Air &lt;leaves&gt; the <b>servers</b> here.<br>Then &#176;C.
        <ul><li>one<li>two <p>more</p></ul>
        <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
        <pre>  x = 1
          y</pre><script>alert("<p>no</p>")</script><p>unclosed
        """))
    #expect(document.title == "Hot & cold")
    #expect(
      kinds(document) == [
        "h1 The hot aisle", "p Air <leaves> the servers here.", "list - one", "table a | b", "code x = 1",
        "p unclosed",
      ])
    #expect(document.text.contains("here.\nThen °C."))
    #expect(document.text.contains("- two more"))
    #expect(document.text.contains("a | b\n1 | 2"))
    #expect(!document.text.contains("alert") && !document.text.contains("Home"))
  }

  @Test(arguments: [
    "<div>", "<p>", "<table><tr><td>", "<ul><li>", "</div>", "<b>x", "&", "<!--", "<a href=\"",
  ])
  func hostileHTMLIsReadQuickly(_ piece: String) {
    let html = String(repeating: piece, count: 200_000)
    var document: DocumentText?
    let time = ContinuousClock().measure { document = HTMLText.read(html) }
    #expect(document != nil)
    #expect(time < .seconds(10))
  }

  @Test func recordsOfTexts() throws {
    let lines = TextRecords.readLines(
      #"""
      {"text":"# One\n\nFirst.","title":"first"}

      not json
      {"content":"Second."}
      {"id":5}
      "Third."
      {"text":"  "}
      """#)
    #expect(lines.records.map(\.place) == [1, 4, 6])
    #expect(lines.records.map(\.document.title) == ["first", nil, nil])
    #expect(lines.records[0].document.blocks.count == 2)
    #expect(lines.rejected.map(\.place) == [3, 5, 7])
    let document = try #require(TextRecords.readDocument(#"{"data":[{"body":"a"},{"x":1},"b"]}"#))
    #expect(document.records.map(\.place) == [1, 3])
    #expect(TextRecords.readDocument("{") == nil)
  }

  @Test func pagesLoseWhatAllOfThemSay() {
    let words = ["Air", "Water", "Power", "Racks", "Cables"]
    let pages = words.enumerated().map { index, word in
      "ACME Handbook\n\n\(word) goes on for a while and is not lo-\nst to \(word).\n\nPage \(index + 1)\n"
    }
    let document = PageText.read(pages.joined(separator: "\u{C}"))
    #expect(!document.text.contains("ACME") && !document.text.contains("Page"))
    #expect(document.text.contains("Power goes on for a while and is not lost to Power."))
  }

  // MARK: Encodings

  @Test func encodingsAreFoundOut() throws {
    let text = "Größe: 5 µm – “ok”\n"
    func decode(_ data: Data) -> String? {
      TextEncoding.decode(data).map { "\($0.encoding.rawValue) \($0.text)" }
    }
    #expect(decode(Data(text.utf8)) == "UTF-8 \(text)")
    #expect(decode(Data([0xEF, 0xBB, 0xBF]) + Data(text.utf8)) == "UTF-8 \(text)")
    let little = Data(text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    let big = Data(text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
    #expect(decode(Data([0xFF, 0xFE]) + little) == "UTF-16LE \(text)")
    #expect(decode(Data([0xFE, 0xFF]) + big) == "UTF-16BE \(text)")
    #expect(decode(little) == "UTF-16LE \(text)")
    #expect(decode(big) == "UTF-16BE \(text)")
    #expect(
      decode(Data([0x47, 0x72, 0xF6, 0xDF, 0x65, 0x20, 0x93, 0x6F, 0x6B, 0x94])) == "Windows-1252 Größe “ok”")
    #expect(decode(Data([0x7F, 0x45, 0x4C, 0x46, 0, 0, 1, 2])) == nil)
    #expect(decode(Data()) == "UTF-8 ")
  }

  @Test func filesThatHoldNothingSayWhy() throws {
    #expect(DocumentFormat(fileName: "a.MD", beginning: Data()) == .markdown)
    #expect(DocumentFormat(fileName: "a.md", beginning: Data("%PDF-1.7".utf8)) == .pdf)
    #expect(DocumentFormat(fileName: "a.png", beginning: Data()) == nil)
    #expect(DocumentFormat(fileName: "LICENSE", beginning: Data()) == .text)
    let empty = try DocumentReader.read(Data("---\na: b\n---\n".utf8), format: .markdown, path: "a.md")
    #expect(empty.documents.isEmpty)
    #expect(empty.rejected.map(\.description) == ["a.md: holds no text"])
    #expect(throws: DocumentError.self) {
      try DocumentReader.read(Data("%PDF".utf8), format: .pdf, path: "a.pdf")
    }
    #expect(throws: DocumentError.self) {
      try DocumentReader.read(Data([1, 0, 2, 0, 0]), format: .text, path: "a")
    }
    let lines = try DocumentReader.read(
      Data("{\"text\":\"x\"}\n{}\n".utf8), format: .jsonLines, path: "a.jsonl")
    #expect(lines.documents.map(\.record) == [1])
    #expect(lines.rejected.first?.description.hasPrefix("a.jsonl:2: no text") == true)
  }
}
