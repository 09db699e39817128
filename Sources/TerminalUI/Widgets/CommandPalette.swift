/// Every action by name, found by a few letters of it.
public struct CommandPalette: Sendable {
  public enum Outcome: Hashable, Sendable {
    case open
    case chosen(Command)
    case cancelled
  }

  private let commands: [Command]
  public private(set) var query = TextField()
  private var selection = ListSelection()
  public private(set) var matches: [Command]

  public init(_ commands: [Command]) {
    self.commands = commands
    matches = commands
  }

  private mutating func search() {
    let text = query.text
    let scored = commands.enumerated().compactMap { index, command -> (Int, Int, Command)? in
      let title = FuzzyMatch(text, in: command.title)?.score
      // The name counts a little less than the words that the user sees.
      let name = FuzzyMatch(text, in: command.name).map { $0.score - 2 }
      return [title, name].compactMap { $0 }.max().map { ($0, index, command) }
    }
    matches = scored.sorted { ($0.0, -$0.1) > ($1.0, -$1.1) }.map(\.2)
    selection = ListSelection()
  }

  public mutating func paste(_ text: String) {
    query.insert(text)
    search()
  }

  public mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case .escape: return .cancelled
    case .enter:
      guard matches.indices.contains(selection.selected) else { return .open }
      return .chosen(matches[selection.selected])
    case .up, .down, .pageUp, .pageDown:
      _ = selection.handle(key, height: 10, count: matches.count)
    case .tab: selection.move(by: 1, count: matches.count)
    case .backTab: selection.move(by: -1, count: matches.count)
    case .backspace where query.characters.isEmpty: return .cancelled
    default:
      if query.handle(key) { search() }
    }
    return .open
  }

  /// Takes the command that was clicked; a click beside the palette cancels it.
  public func handle(click point: Point, in area: Rectangle) -> Outcome {
    let list = listArea(in: area)
    if list.contains(point) {
      var shown = selection
      shown.reveal(height: list.height, count: matches.count)
      let index = shown.offset + point.y - list.y
      return matches.indices.contains(index) ? .chosen(matches[index]) : .open
    }
    return box(in: area).contains(point) ? .open : .cancelled
  }

  private func box(in area: Rectangle) -> Rectangle {
    let width = min(area.width, 64)
    let height = min(area.height, min(commands.count, 12) + 4)
    return Rectangle(x: area.x + (area.width - width) / 2, y: area.y, width: width, height: height)
  }

  private func listArea(in area: Rectangle) -> Rectangle {
    box(in: area).insideBox.inset(left: 1, top: 2, right: 1)
  }

  /// Draws the palette as a box at the top of an area.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    let box = box(in: area)
    grid.fill(box)
    grid.box(box, title: StyledText("Commands", .title, .bold), border: Style(.accent))
    let inside = box.insideBox.inset(left: 1, right: 1)
    guard inside.height > 1 else { return }
    grid.put(StyledText(":", .accent, .bold), in: inside.row(0))
    query.draw(in: &grid, inside.row(0).inset(left: 1), isFocused: true)
    var list = Table(
      columns: [
        Table.Column("", minimum: 12, ideal: 30, grows: true, priority: 2),
        Table.Column("", minimum: 8, ideal: 20, priority: 0),
        Table.Column("", minimum: 6, ideal: 9, align: .right, priority: 1),
      ], rowCount: matches.count
    ) { [matches, query] index in
      let command = matches[index]
      return [
        Self.highlighted(command.title, query.text), StyledText(command.section, .dim),
        StyledText(command.keys.first?.description ?? "", .key),
      ]
    }
    list.showsHeader = false
    list.emptyText = "Nothing of that name"
    var selection = selection
    list.draw(in: &grid, listArea(in: area), selection: &selection)
  }

  private static func highlighted(_ title: String, _ query: String) -> StyledText {
    let positions = Set(FuzzyMatch(query, in: title)?.positions ?? [])
    return StyledText(
      title.enumerated().map { index, character in
        StyledText.Run(String(character), positions.contains(index) ? Style(.accent, .bold) : .text)
      })
  }
}
