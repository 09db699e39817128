/// Which row of a list is selected and which is the first one shown. Kept by whoever shows the list.
public struct ListSelection: Hashable, Sendable {
  public private(set) var selected: Int
  public private(set) var offset: Int

  public init(selected: Int = 0, offset: Int = 0) {
    self.selected = max(0, selected)
    self.offset = max(0, offset)
  }

  /// Moves by a number of rows; it stops at the ends.
  public mutating func move(by rows: Int, count: Int) {
    let (sum, overflow) = selected.addingReportingOverflow(rows)
    select(overflow ? (rows > 0 ? Int.max : 0) : sum, count: count)
  }

  public mutating func select(_ row: Int, count: Int) {
    selected = max(0, min(row, count - 1))
  }

  /// Scrolls as little as shows the selected row, with a row of context above and below where there is room, and no
  /// emptier than it must be.
  public mutating func reveal(height: Int, count: Int) {
    guard height > 0, count > 0 else {
      offset = 0
      return
    }
    selected = min(selected, count - 1)
    let context = height >= 5 ? 1 : 0
    offset = min(offset, max(0, selected - context))
    offset = max(offset, min(selected + context, count - 1) - height + 1)
    offset = max(0, min(offset, count - height))
  }

  /// Moves for a key that moves in lists: arrows, hjkl's j and k, g and G, Home and End, pages and half pages.
  /// Returns whether it was one.
  public mutating func handle(_ key: Key, height: Int, count: Int) -> Bool {
    switch key {
    case .up, .character("k"): move(by: -1, count: count)
    case .down, .character("j"): move(by: 1, count: count)
    case .home, .character("g"): select(0, count: count)
    case .end, .character("G"): select(count - 1, count: count)
    case .pageUp: move(by: -max(1, height - 1), count: count)
    case .pageDown: move(by: max(1, height - 1), count: count)
    case .control("u"): move(by: -max(1, height / 2), count: count)
    case .control("d"): move(by: max(1, height / 2), count: count)
    default: return false
    }
    return true
  }
}
