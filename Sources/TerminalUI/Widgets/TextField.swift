/// A line of text with a cursor, edited by keys.
public struct TextField: Hashable, Sendable {
  public private(set) var characters: [Character]
  /// Between 0 and the number of characters.
  public private(set) var cursor: Int

  public init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  public var text: String { String(characters) }

  /// Puts text in at the cursor, such as a paste; line breaks become spaces.
  public mutating func insert(_ text: String) {
    let clean = text.map { $0.isNewline ? " " : $0 }
    // Joined anew, since what is typed may combine with what is before it.
    let before = Array(String(characters[..<cursor]) + String(clean))
    characters = before + characters[cursor...]
    cursor = before.count
  }

  /// Edits for a key: characters, ← → Home End ^A ^E, Backspace, Delete, ^U, ^K, ^W. Returns whether it was one.
  public mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert(String(character))
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(characters.count, cursor + 1)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = characters.count
    case .backspace: delete(from: cursor - 1)
    case .delete: if cursor < characters.count { characters.remove(at: cursor) }
    case .control("u"): delete(from: 0)
    case .control("k"): characters.removeSubrange(cursor...)
    case .control("w"):
      var start = cursor
      while start > 0, characters[start - 1].isWhitespace { start -= 1 }
      while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
      delete(from: start)
    default: return false
    }
    return true
  }

  private mutating func delete(from start: Int) {
    guard start >= 0, start < cursor else { return }
    characters.removeSubrange(start..<cursor)
    cursor = start
  }

  /// Draws the text so that the cursor is seen, marking it if the field has the focus.
  ///
  /// - Parameter highlight: characters in which something is wrong.
  public func draw(
    in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool, _ style: Style = .text,
    highlight: Range<Int>? = nil
  ) {
    guard !area.isEmpty else { return }
    let widths = characters.map { DisplayText.width(String($0)) }
    var start = 0
    // One cell is for the cursor behind the last character.
    while start < cursor, widths[start..<cursor].reduce(0, +) + 1 > area.width { start += 1 }
    grid.clipped(to: area) { grid in
      var x = area.x
      for index in start..<characters.count where x < area.maxX {
        let isAt = isFocused && index == cursor
        let style = highlight?.contains(index) == true ? Style(.bad, .underline) : style
        let end = grid.put(String(characters[index]), x: x, y: area.y, isAt ? style.with(.reverse) : style)
        x = end
      }
      if isFocused, cursor == characters.count { grid.put(" ", x: x, y: area.y, style.with(.reverse)) }
    }
  }
}
