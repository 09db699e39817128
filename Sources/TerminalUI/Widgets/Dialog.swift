/// A question with a few answers, one of which is what Enter means.
public struct Dialog: Hashable, Sendable {
  public struct Choice: Hashable, Sendable {
    public var name: String
    public var title: String
    public var key: Character

    public init(name: String, title: String, key: Character) {
      self.name = name
      self.title = title
      self.key = key
    }
  }

  public enum Outcome: Hashable, Sendable {
    case open
    /// The name of a choice.
    case chosen(String)
    case cancelled
  }

  public var title: String
  public var message: String
  public var choices: [Choice]
  public private(set) var focus: Int

  /// `initial` is the index of the choice that Enter takes at first.
  public init(title: String, message: String, choices: [Choice], initial: Int = 0) {
    self.title = title
    self.message = message
    self.choices = choices
    focus = choices.indices.contains(initial) ? initial : 0
  }

  public mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case .escape: return .cancelled
    case .enter: return choices.indices.contains(focus) ? .chosen(choices[focus].name) : .cancelled
    case .left, .up, .backTab: move(by: -1)
    case .right, .down, .tab: move(by: 1)
    case .character(let character):
      if let choice = choices.first(where: { $0.key == character }) { return .chosen(choice.name) }
    default: break
    }
    return .open
  }

  private mutating func move(by step: Int) {
    guard !choices.isEmpty else { return }
    focus = (focus + step + choices.count) % choices.count
  }

  /// Takes the choice that was clicked; a click beside the dialog cancels it.
  public func handle(click point: Point, in area: Rectangle) -> Outcome {
    if let index = choices.indices.first(where: { row(of: $0, in: area).contains(point) }) {
      return .chosen(choices[index].name)
    }
    return box(in: area).contains(point) ? .open : .cancelled
  }

  private func box(in area: Rectangle) -> Rectangle {
    area.centred(Size(width: min(area.width, 60), height: lines(in: area).count + choices.count + 3))
  }

  private func lines(in area: Rectangle) -> [String] {
    DisplayText.wrapped(message, to: max(1, min(area.width, 60) - 4))
  }

  private func row(of index: Int, in area: Rectangle) -> Rectangle {
    let inside = box(in: area).insideBox.inset(left: 1, right: 1)
    return inside.row(inside.height - choices.count + index)
  }

  /// Draws the question as a box in the middle of an area, an answer a row.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    let box = box(in: area)
    grid.fill(box)
    grid.box(box, title: StyledText(title, .title, .bold), border: Style(.accent))
    let inside = box.insideBox.inset(left: 1, right: 1)
    let textRows = max(0, min(lines(in: area).count, inside.height - choices.count))
    grid.putWrapped(message, in: inside.rows([.fixed(textRows)])[0])
    for (index, choice) in choices.enumerated() {
      let row = row(of: index, in: area)
      let isFocused = index == focus
      if isFocused {
        grid.fill(row, Style(.selection).on(.selection))
        grid.put(StyledText(String(grid.glyphs.selected), .accent), in: row)
      }
      let style = isFocused ? Style(.selection, .bold) : .text
      let text = StyledText("\(choice.key) ", .key, .bold) + StyledText(choice.title, style)
      grid.put(text, in: row.inset(left: 2))
    }
  }
}
