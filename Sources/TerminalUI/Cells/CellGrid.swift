/// A screen, or a part of one, as a value. Widgets draw into it; the terminal shows it; tests read it.
///
/// Drawing outside the clip region does nothing, so that no widget needs to check its room.
public struct CellGrid: Hashable, Sendable {
  public let size: Size
  /// The signs to draw with.
  public let glyphs: Glyphs
  /// Where drawing has an effect.
  public private(set) var clip: Rectangle
  /// Row by row. Count: width × height.
  private(set) var cells: [Cell]

  public init(size: Size, glyphs: Glyphs = .unicode) {
    self.size = size
    self.glyphs = glyphs
    clip = Rectangle(size)
    cells = Array(repeating: .blank, count: size.width * size.height)
  }

  public var bounds: Rectangle { Rectangle(size) }

  /// The cell at a place inside the bounds; a blank one outside.
  public subscript(x: Int, y: Int) -> Cell {
    bounds.contains(Point(x: x, y: y)) ? cells[y * size.width + x] : .blank
  }

  /// The cells of one row.
  func row(_ y: Int) -> ArraySlice<Cell> { cells[y * size.width..<(y + 1) * size.width] }

  /// Draws with the clip region narrowed to `region`.
  public mutating func clipped(to region: Rectangle, _ draw: (inout CellGrid) -> Void) {
    let before = clip
    clip = clip.intersection(region)
    draw(&self)
    clip = before
  }

  // MARK: Cells

  /// Puts one sign at a place; what it hides of a wide character beside it becomes blank.
  public mutating func put(_ character: Character, x: Int, y: Int, _ style: Style = .text) {
    for (offset, cell) in DisplayCell.cells(of: String(character), ascii: glyphs.isAscii).prefix(1)
      .enumerated()
    {
      put(cell, x: x + offset, y: y, style)
    }
  }

  /// A sign of the glyph set or of a chart: known to be safe and one column wide.
  mutating func putGlyph(_ glyph: Character, x: Int, y: Int, _ style: Style) {
    guard clip.contains(Point(x: x, y: y)) else { return }
    store(Cell(character: glyph, style: style), x: x, y: y)
  }

  mutating func put(_ cell: DisplayCell, x: Int, y: Int, _ style: Style) {
    guard clip.contains(Point(x: x, y: y)) else { return }
    if cell.width == 2 {
      guard clip.contains(Point(x: x + 1, y: y)) else { return putGlyph(" ", x: x, y: y, style) }
      store(Cell(character: Cell.continuationMark, style: style), x: x + 1, y: y)
    }
    store(Cell(character: cell.character, style: style), x: x, y: y)
    if cell.width == 2 { cells[y * size.width + x + 1].character = Cell.continuationMark }
  }

  private mutating func store(_ cell: Cell, x: Int, y: Int) {
    let index = y * size.width + x
    let old = cells[index]
    if old.isContinuation, x > 0 { cells[index - 1].character = " " }
    if x + 1 < size.width, cells[index + 1].isContinuation, !old.isContinuation {
      cells[index + 1].character = " "
    }
    var cell = cell
    if cell.style.background == nil { cell.style.background = old.style.background }
    cells[index] = cell
  }

  /// Fills a rectangle with blanks of a style.
  public mutating func fill(_ area: Rectangle, _ style: Style = .text) {
    let visible = area.intersection(clip)
    for y in visible.y..<visible.maxY {
      for x in visible.x..<visible.maxX {
        store(Cell(character: " ", style: style), x: x, y: y)
        if style.background == nil { cells[y * size.width + x].style.background = nil }
      }
    }
  }

  /// Changes the look of what is there: a selected row, a cursor column.
  public mutating func restyle(_ area: Rectangle, _ change: (inout Style) -> Void) {
    let visible = area.intersection(clip)
    for y in visible.y..<visible.maxY {
      for x in visible.x..<visible.maxX { change(&cells[y * size.width + x].style) }
    }
  }

  /// Draws another grid with its top left corner at a place.
  public mutating func draw(_ other: CellGrid, x: Int, y: Int) {
    for row in 0..<other.size.height {
      for column in 0..<other.size.width {
        let cell = other[column, row]
        guard !cell.isContinuation, clip.contains(Point(x: x + column, y: y + row)) else { continue }
        let wide = other[column + 1, row].isContinuation
        put(
          DisplayCell(character: cell.character, width: wide ? 2 : 1), x: x + column, y: y + row, cell.style)
        cells[(y + row) * size.width + x + column].style = cell.style
      }
    }
  }
}
