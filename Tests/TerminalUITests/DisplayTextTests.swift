import CNcurses
import Foundation
import Testing

@testable import TerminalUI

@Suite struct DisplayTextTests {
  @Test(arguments: [
    ("plain", "plain"),
    ("\u{1B}[31mred\u{1B}[0m", "red"),
    ("a\u{1B}]0;title\u{7}b", "ab"),
    ("a\u{1B}]52;c;aGk=\u{1B}\\b", "ab"),
    ("a\u{9D}8;;http://x\u{9C}b", "ab"),
    ("a\u{9B}2Jb", "ab"),
    ("a\u{1B}P1$r\u{1B}\\b", "ab"),
    ("a\u{1B}]0;never ends", "a0;never ends"),
    ("\u{1B}]\u{1B}]\u{1B}]x", "x"),
    ("a\u{1B}[", "a"),
    ("a\u{1B}", "a"),
    ("a\u{1B}cb", "ab"),
    ("a\u{1B}(Bb", "ab"),
    ("a\u{85}b", "a\u{FFFD}b"),
    ("a\nb\r\nc\rd", "a↵b↵c↵d"),
    ("a\tb", "a b"),
    ("a\0b\u{8}\u{7F}", "a␀b␈␡"),
    ("a\u{202E}b", "a<U+202E>b"),
    ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"),
    ("x\u{E0041}", "x<U+E0041>"),
    ("a\u{200B}b\u{FEFF}c\u{AD}d\u{2060}", "abcd"),
    ("a\u{A0}b\u{2003}c", "a b c"),
    ("\u{FFFF}", "\u{FFFD}"),
  ])
  func hostileTextIsMadeSafe(_ hostile: String, _ safe: String) {
    #expect(DisplayText.sanitised(hostile) == safe)
  }

  @Test func nothingThatATerminalObeysIsLeft() {
    for value in (0..<0x3000).compactMap(Unicode.Scalar.init) {
      for text in ["\(value)", "\u{1B}\(value)", "\u{1B}[\(value)x", "\u{1B}]\(value)"] {
        for scalar in DisplayText.sanitised(text).unicodeScalars {
          #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
        }
      }
    }
  }

  @Test func manyUnendedSequencesTakeLinearTime() {
    let text = String(repeating: "\u{1B}]", count: 200_000) + "end"
    #expect(DisplayText.sanitised(text) == "end")
  }

  @Test(arguments: [
    ("abc", 3), ("日本語", 6), ("é", 1), ("e\u{301}", 1), ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2),
    ("👍", 2), ("👍🏽", 2), ("👨‍👩‍👧", 2), ("🇩🇪", 2), ("❤️", 1), ("1️⃣", 1), ("ﾊﾝｶｸ", 4), ("　", 2), ("", 0),
    ("\u{301}", 1), ("नि", 2), ("─│⣿▌", 4), ("a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", 1),
  ])
  func widths(_ text: String, _ columns: Int) {
    #expect(DisplayText.width(text) == columns)
  }

  /// ncurses counts columns with the C library's wcwidth(3); where both know a scalar they must agree.
  @Test func widthsAgreeWithTheCLibrary() throws {
    let utf8 = try #require(
      newlocale(1 << LC_CTYPE, "C.UTF-8", nil) ?? newlocale(1 << LC_CTYPE, "en_US.UTF-8", nil))
    let before = uselocale(utf8)
    defer { uselocale(before) }
    let blocks: [ClosedRange<UInt32>] = [
      0x20...0x7E, 0xC0...0x2FF, 0x370...0x481, 0x2500...0x25FC, 0x2800...0x28FF, 0x3041...0x3096,
      0x4E00...0x9FFF,
      0xAC00...0xD7A3, 0xFF01...0xFF60, 0x1F600...0x1F64F,
    ]
    for value in blocks.joined() {
      let scalar = try #require(Unicode.Scalar(value))
      let columns = cn_wcwidth(value)
      if columns >= 0 {
        #expect(DisplayCell.columns(of: scalar) == Int(columns), "U+\(String(value, radix: 16))")
      }
    }
  }

  /// Every cell must be one that ncurses and the terminal count alike: a base and marks of width 0.
  /// Alone, after a letter, after a mark, beside an emoji and twice: Swift has its own mind on what is one character.
  @Test func everyMarkHasACell() {
    let marks: [Unicode.GeneralCategory] = [.nonspacingMark, .spacingMark, .enclosingMark, .format]
    for scalar in (UInt32(0)...0xE_1000).lazy.compactMap(Unicode.Scalar.init) {
      let value = scalar.value
      // Of the others a sample.
      guard value % 397 == 0 || marks.contains(scalar.properties.generalCategory) else { continue }
      for text in [
        "\(scalar)", "a\(scalar)b", "\u{301}\(scalar)\u{301}", "👍\(scalar)é", "\(scalar)\(scalar)",
      ] {
        for cell in DisplayCell.cells(of: text) where !(1...2).contains(cell.width) {
          Issue.record("U+\(String(value, radix: 16))")
        }
      }
    }
    #expect(DisplayText.width("a\u{600}b") == 3)
  }

  @Test func cellsHoldOneSpacingScalar() {
    for cell in DisplayCell.cells(of: "👨‍👩‍👧🇩🇪❤️1️⃣नि\u{301}Z̴̷̵̶̗a̸̡̢ 日\u{3099}") {
      let widths = cell.character.unicodeScalars.map(DisplayCell.columns)
      #expect(widths.first == cell.width)
      #expect(widths.dropFirst().allSatisfy { $0 == 0 })
      #expect(widths.count <= 1 + DisplayCell.maximumMarks)
    }
  }

  @Test func truncationCountsCells() {
    #expect(DisplayText.truncated("日本語", to: 6) == "日本語")
    #expect(DisplayText.truncated("日本語", to: 5) == "日本…")
    #expect(DisplayText.truncated("日本語", to: 4) == "日…")
    #expect(DisplayText.truncated("abc", to: 1) == "…")
    #expect(DisplayText.truncated("abc", to: 0) == "")
  }

  @Test func wrappingBreaksAtSpacesAndInsideLongWords() {
    #expect(DisplayText.wrapped("the quick brown fox", to: 9) == ["the quick", "brown fox"])
    #expect(DisplayText.wrapped("abcdefghij", to: 4) == ["abcd", "efgh", "ij"])
    #expect(DisplayText.wrapped("a\n\nb", to: 4) == ["a", "", "b"])
    #expect(DisplayText.wrapped("日本語", to: 5) == ["日本", "語"])
    for columns in 1...12 {
      let lines = DisplayText.wrapped("日本 words of several lengths, incomprehensibly", to: columns)
      #expect(lines.allSatisfy { DisplayText.width($0) <= columns })
    }
  }

  @Test func asciiKeepsWidths() {
    let text = "Loss · é → 日本 “x” ∞ 👍"
    let cells = DisplayCell.cells(of: text, ascii: true)
    #expect(String(cells.map(\.character)) == "Loss . e > ???? \"x\" I ??")
    #expect(cells.count == DisplayText.width(text))
  }
}
