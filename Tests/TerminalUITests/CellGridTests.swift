import Testing

@testable import TerminalUI

@Suite struct CellGridTests {
  @Test func boxesHaveTitlesNotesAndFooters() throws {
    let grid = drawn(40, 5) {
      $0.box(
        $0.bounds, title: StyledText("Loss", .title, .bold), note: StyledText("2 NaN", .bad), footer: "1/9")
    }
    try expectGolden(grid.styledText, "box")
  }

  @Test func titlesAreCutBeforeTheCorner() {
    let grid = drawn(12, 2) { $0.box($0.bounds, title: "A very long title", note: "note") }
    #expect(grid.text == "╭ A very … ╮\n╰──────────╯")
  }

  @Test func boxesOfAnySizeDoNotTrap() {
    for width in 0...6 {
      for height in 0...3 {
        let grid = drawn(6, 3) {
          $0.box(Rectangle(x: 0, y: 0, width: width, height: height), title: "t", note: "n")
        }
        #expect(grid.text.split(separator: "\n", omittingEmptySubsequences: false).count == 3)
      }
    }
  }

  @Test func drawingOutsideTheClipDoesNothing() {
    let grid = drawn(10, 3) {
      $0.clipped(to: Rectangle(x: 2, y: 1, width: 4, height: 1)) { grid in
        grid.put("0123456789", x: 0, y: 1)
        grid.put("above", x: 0, y: 0)
        grid.clipped(to: Rectangle(x: 0, y: 0, width: 3, height: 3)) { $0.put("xxxxxx", x: 0, y: 1) }
      }
      $0.put("far", x: 100, y: -5)
    }
    #expect(grid.text == "\n  x345\n")
  }

  @Test func wideCharactersAreNeverHalf() {
    #expect(drawn(4, 1) { $0.put("日本語", x: 0, y: 0) }.text == "日本")
    #expect(drawn(5, 1) { $0.put("日本語", x: 0, y: 0) }.text == "日本")
    let left = drawn(6, 1) {
      $0.put("日本語", x: 0, y: 0)
      $0.put("x", x: 3, y: 0)
    }
    #expect(left.text == "日 x語")
    let right = drawn(6, 1) {
      $0.put("日本語", x: 0, y: 0)
      $0.put("x", x: 2, y: 0)
    }
    #expect(right.text == "日x 語")
    let shifted = drawn(6, 1) {
      $0.put("日本語", x: 0, y: 0)
      $0.put("中国", x: 1, y: 0)
    }
    #expect(shifted.text == " 中国")
  }

  @Test func textIsSanitisedOnItsWayIn() {
    #expect(drawn(20, 1) { $0.put("a\u{1B}[2Jb\nc", x: 0, y: 0) }.text == "ab↵c")
    #expect(drawn(20, 1) { $0.put("\u{1B}" as Character, x: 0, y: 0) }.text == "")
  }

  @Test func styledTextIsCutAcrossRuns() {
    let text = StyledText("abc", .good) + StyledText("def", .bad)
    #expect(drawn(10, 1) { $0.put(text, x: 0, y: 0, maximum: 6) }.text == "abcdef")
    #expect(drawn(10, 1) { $0.put(text, x: 0, y: 0, maximum: 5) }.text == "abcd…")
    #expect(drawn(10, 1) { $0.put(text, x: 0, y: 0, maximum: 3) }.text == "ab…")
    #expect(drawn(10, 1) { $0.put(text, in: $0.bounds, align: .right) }.styledText == "    ‹good›abc‹bad›def")
  }

  @Test func aBackgroundStaysUnderText() {
    let grid = drawn(4, 1) {
      $0.fill($0.bounds, Style().on(.selection))
      $0.put("ab", x: 1, y: 0, Style(.good))
    }
    #expect(grid[1, 0].style == Style(.good).on(.selection))
  }
}
