/// The signs that a terminal can show, by purpose. Drawings ask for these and never name a character themselves.
public struct Glyphs: Hashable, Sendable {
  /// How lines of a chart are made of characters.
  public enum Plot: String, Sendable, CaseIterable {
    /// 2 × 4 dots a cell.
    case braille
    /// 2 × 2 blocks a cell, for fonts without braille.
    case quadrant
    /// 1 × 2 marks a cell.
    case ascii
  }

  public var plot: Plot
  /// Whether only ASCII may be written.
  public var isAscii: Bool

  public var horizontal, vertical: Character
  public var topLeft, topRight, bottomLeft, bottomRight: Character
  public var tickLeft, tickDown, axisCorner: Character
  public var dottedHorizontal, dottedVertical: Character
  public var ellipsis: Character
  public var point, best, selected, marked, unmarked: Character
  public var arrowUp, arrowDown, arrowLeft, arrowRight: Character
  public var notANumber, infinity: Character
  public var pin: Character
  public var scrollTrack, scrollThumb: Character
  /// A bar's last cell by eighths, from one eighth to full.
  public var barParts: [Character]
  /// Levels of a sparkline, lowest first.
  public var levels: [Character]
  /// The unfilled rest of a progress bar.
  public var barRest: Character

  public static let unicode = Glyphs(
    plot: .braille, isAscii: false,
    horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯",
    tickLeft: "┤", tickDown: "┬", axisCorner: "└", dottedHorizontal: "┄", dottedVertical: "┊",
    ellipsis: "…", point: "•", best: "◎", selected: "▌", marked: "●", unmarked: "○",
    arrowUp: "▲", arrowDown: "▼", arrowLeft: "◀", arrowRight: "▶", notANumber: "×", infinity: "∞", pin: "★",
    scrollTrack: "│", scrollThumb: "┃",
    barParts: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"], levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    barRest: "░")

  public static let ascii = Glyphs(
    plot: .ascii, isAscii: true,
    horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
    tickLeft: "+", tickDown: "+", axisCorner: "+", dottedHorizontal: ".", dottedVertical: ":",
    ellipsis: "~", point: "o", best: "@", selected: ">", marked: "*", unmarked: "o",
    arrowUp: "^", arrowDown: "v", arrowLeft: "<", arrowRight: ">", notANumber: "x", infinity: "I", pin: "*",
    scrollTrack: "|", scrollThumb: "#",
    barParts: [" ", " ", " ", "=", "=", "=", "#", "#"], levels: ["_", ".", "-", "=", "+", "*", "%", "#"],
    barRest: ".")
}
