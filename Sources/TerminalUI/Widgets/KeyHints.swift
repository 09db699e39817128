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
    let noteWidth = min(note.width, area.width)
    grid.put(note, in: area.row(0), align: .right)
    var x = area.x
    let end = area.maxX - (noteWidth > 0 ? noteWidth + 2 : 0)
    for hint in hints {
      let text = StyledText(hint.key, .key, .bold) + StyledText(" " + hint.title, .dim)
      guard x + text.width <= end else { break }
      x = grid.put(text, x: x, y: area.y) + 3
    }
  }
}
