/// One place of the screen: a base character with its combining marks, and how it looks.
///
/// A character two columns wide takes its cell and the one to the right, which is then a `continuation`.
public struct Cell: Hashable, Sendable {
  /// `"\0"` marks the right half of a wide character.
  public internal(set) var character: Character
  public var style: Style

  static let continuationMark: Character = "\0"

  public static let blank = Cell(character: " ", style: .text)

  public var isContinuation: Bool { character == Self.continuationMark }
  public var isBlank: Bool { character == " " }

  init(character: Character, style: Style) {
    self.character = character
    self.style = style
  }
}
