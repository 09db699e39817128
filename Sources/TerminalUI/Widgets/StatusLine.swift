/// The top line: where one is at the left, the screens, and what goes on at the right.
public struct StatusLine: Sendable {
  public struct Tab: Hashable, Sendable {
    public var key: String
    public var title: String

    public init(key: String, title: String) {
      self.key = key
      self.title = title
    }
  }

  public var place: StyledText
  public var tabs: [Tab]
  public var selectedTab: Int
  /// State of runs, alerts, loading. What comes first stays longest.
  public var facts: [StyledText]

  public init(place: StyledText, tabs: [Tab], selectedTab: Int, facts: [StyledText]) {
    self.place = place
    self.tabs = tabs
    self.selectedTab = selectedTab
    self.facts = facts
  }

  /// Draws into the first row: the facts first, then the place, then as many tabs as fit, by title or by key alone.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    let right = right(in: area)
    grid.put(right, in: area.row(0), align: .right)
    let left = left(in: area, beside: right)
    grid.put(place, x: left.x, y: left.y, maximum: left.width)
    for (tab, place) in zip(shownTabs(in: left), tabPlaces(in: area)) {
      grid.put(tab, x: place.x, y: place.y)
    }
  }

  /// The place of each tab, in order; none if they do not fit.
  public func tabPlaces(in area: Rectangle) -> [Rectangle] {
    let left = left(in: area, beside: right(in: area))
    var x = left.x + place.width + 3
    return shownTabs(in: left).map { tab in
      defer { x += tab.width + 2 }
      return Rectangle(x: x, y: left.y, width: tab.width, height: 1)
    }
  }

  private func right(in area: Rectangle) -> StyledText {
    var right = StyledText()
    for fact in facts {
      let wider = right.isEmpty ? fact : right + StyledText("   ") + fact
      guard wider.width + 12 <= area.width else { break }
      right = wider
    }
    return right
  }

  private func left(in area: Rectangle, beside right: StyledText) -> Rectangle {
    area.row(0).inset(right: right.isEmpty ? 0 : right.width + 2)
  }

  private func shownTabs(in left: Rectangle) -> [StyledText] {
    let full = tabTexts(titled: true)
    let short = tabTexts(titled: false)
    let fits = { (texts: [StyledText]) in
      place.width + 3 + texts.reduce(0) { $0 + $1.width + 2 } <= left.width
    }
    return fits(full) ? full : fits(short) ? short : []
  }

  private func tabTexts(titled: Bool) -> [StyledText] {
    tabs.enumerated().map { index, tab in
      let isSelected = index == selectedTab
      let text = titled || isSelected ? " \(tab.title)" : ""
      return StyledText(tab.key, .key, isSelected ? [.bold, .underline] : [])
        + StyledText(text, isSelected ? Style(.text, .bold) : .dim)
    }
  }
}
