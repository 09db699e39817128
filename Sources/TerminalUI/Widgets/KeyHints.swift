/// The keys that matter here, in one line: `n new run   space pause   ? help`.
public struct KeyHints: Sendable {
  private let hints: [(key: String, title: String)]

  public init(_ hints: [(key: String, title: String)]) { self.hints = hints }

  /// The first key of each command.
  public init(_ commands: [Command]) {
    hints = commands.compactMap { command in
      command.keys.first.map { (key: $0.description, title: command.title) }
    }
  }

  /// Draws as many hints as fit whole, the first ones first, and a note at the right, which has precedence.
  public func draw(in grid: inout CellGrid, _ area: Rectangle, note: StyledText = "") {
    guard !area.isEmpty else { return }
    grid.put(note, in: area.row(0), align: .right)
    for (hint, place) in zip(hints, places(in: area, note: note)) {
      grid.put(Self.text(hint), x: place.x, y: place.y)
    }
  }

  /// The place of each hint that is drawn.
  public func places(in area: Rectangle, note: StyledText = "") -> [Rectangle] {
    let noteWidth = min(note.width, area.width)
    var x = area.x
    let end = area.maxX - (noteWidth > 0 ? noteWidth + 2 : 0)
    var places: [Rectangle] = []
    for hint in hints {
      let width = Self.text(hint).width
      guard x + width <= end else { break }
      places.append(Rectangle(x: x, y: area.y, width: width, height: min(1, area.height)))
      x += width + 3
    }
    return places
  }

  private static func text(_ hint: (key: String, title: String)) -> StyledText {
    StyledText(hint.key, .key, .bold) + StyledText(" " + hint.title, .dim)
  }
}
