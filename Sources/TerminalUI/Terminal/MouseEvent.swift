/// What a mouse did, and over which cell.
public struct MouseEvent: Hashable, Sendable {
  public enum Button: Hashable, Sendable { case left, middle, right }

  public enum Kind: Hashable, Sendable {
    case press(Button)
    case release(Button)
    /// Moved with the button held.
    case drag(Button)
    case wheelUp
    case wheelDown
  }

  public var kind: Kind
  public var place: Point

  public init(_ kind: Kind, at place: Point) {
    self.kind = kind
    self.place = place
  }

  /// Reads what terminals send after `ESC [ <` in mode 1006: `button;column;row`, both counted from 1, and `M`, or `m`
  /// for a release. `nil` for buttons that nothing here has a use for.
  init?(report: String) {
    guard let end = report.last, end == "M" || end == "m" else { return nil }
    let numbers = report.dropLast().split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 3, let code = numbers[0], let column = numbers[1], let row = numbers[2],
      column > 0, row > 0
    else { return nil }
    place = Point(x: column - 1, y: row - 1)
    // Shift 4, meta 8 and control 16 are let pass; 32 is movement, 64 the wheel.
    let buttons: [Button?] = [.left, .middle, .right, nil]
    switch code & ~(4 | 8 | 16) {
    case 64: kind = .wheelUp
    case 65: kind = .wheelDown
    case let code where code < 64:
      guard let button = buttons[code & 3] else { return nil }
      kind = end == "m" ? .release(button) : code & 32 != 0 ? .drag(button) : .press(button)
    default: return nil
    }
  }
}
