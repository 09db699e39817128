/// Where text stands in the room it has.
public enum Alignment: Sendable {
  case left, right, centre
}

extension CellGrid {
  /// Writes a text and returns the column after it. It is cut, with an ellipsis, at `maximum` columns if that is given.
  @discardableResult
  public mutating func put(
    _ text: String, x: Int, y: Int, _ style: Style = .text, maximum: Int? = nil
  ) -> Int {
    var cells = DisplayCell.cells(of: text, ascii: glyphs.isAscii)
    if let maximum { cells = DisplayCell.truncated(cells, to: maximum, ellipsis: glyphs.ellipsis) }
    var column = x
    for cell in cells {
      put(cell, x: column, y: y, style)
      column += cell.width
    }
    return column
  }

  /// Writes a text of several styles and returns the column after it.
  @discardableResult
  public mutating func put(_ text: StyledText, x: Int, y: Int, maximum: Int? = nil) -> Int {
    var column = x
    var room = maximum ?? Int.max
    for (index, run) in text.runs.enumerated() {
      let width = DisplayText.width(run.text)
      // A run that fits exactly is still cut if more follows, so that the ellipsis has a cell.
      let rest = text.runs[(index + 1)...].contains { !$0.text.isEmpty }
      if width > room || (rest && width == room && room != .max) {
        let cut = width > room ? run.text : run.text + " "
        return put(cut, x: column, y: y, run.style, maximum: room)
      }
      put(run.text, x: column, y: y, run.style)
      column += width
      room -= room == .max ? 0 : width
    }
    return column
  }

  /// Writes a text into the first row of an area, cut to it.
  public mutating func put(_ text: StyledText, in area: Rectangle, align: Alignment = .left) {
    guard !area.isEmpty else { return }
    let spare = max(0, area.width - text.width)
    let offset: Int
    switch align {
    case .left: offset = 0
    case .right: offset = spare
    case .centre: offset = spare / 2
    }
    put(text, x: area.x + offset, y: area.y, maximum: area.width - offset)
  }

  /// Writes a text over the rows of an area, wrapped at spaces; returns the rows used.
  @discardableResult
  public mutating func putWrapped(_ text: String, in area: Rectangle, _ style: Style = .text) -> Int {
    let lines = DisplayText.wrapped(text, to: area.width)
    for (index, line) in lines.prefix(area.height).enumerated() {
      let cut = index == area.height - 1 && lines.count > area.height
      put(cut ? line + " …" : line, x: area.x, y: area.y + index, style, maximum: area.width)
    }
    return min(lines.count, area.height)
  }

  /// Draws a box along the edge of an area, its title in the top border and a note at the right of that.
  ///
  ///     ╭ Loss · x step ───────────── 2 NaN ╮
  public mutating func box(
    _ area: Rectangle, title: StyledText = "", note: StyledText = "", footer: StyledText = "",
    border: Style = Style(.border)
  ) {
    guard area.width >= 2, area.height >= 2 else { return }
    for x in area.x + 1..<area.maxX - 1 {
      putGlyph(glyphs.horizontal, x: x, y: area.y, border)
      putGlyph(glyphs.horizontal, x: x, y: area.maxY - 1, border)
    }
    for y in area.y + 1..<area.maxY - 1 {
      putGlyph(glyphs.vertical, x: area.x, y: y, border)
      putGlyph(glyphs.vertical, x: area.maxX - 1, y: y, border)
    }
    putGlyph(glyphs.topLeft, x: area.x, y: area.y, border)
    putGlyph(glyphs.topRight, x: area.maxX - 1, y: area.y, border)
    putGlyph(glyphs.bottomLeft, x: area.x, y: area.maxY - 1, border)
    putGlyph(glyphs.bottomRight, x: area.maxX - 1, y: area.maxY - 1, border)

    // The note gives way to the title, and the title is cut last.
    let room = area.width - 4
    guard room > 0 else { return }
    let titleWidth = min(title.width, room)
    if titleWidth > 0 {
      put(" ", x: area.x + 1, y: area.y, border)
      let end = put(title.inPlace(of: .text, Style(.title, .bold)), x: area.x + 2, y: area.y, maximum: room)
      put(" ", x: end, y: area.y, border)
    }
    let noteRoom = room - (titleWidth > 0 ? titleWidth + 3 : 0)
    putInBorder(note, row: area.y, of: area, room: noteRoom, border)
    putInBorder(footer, row: area.maxY - 1, of: area, room: room, border)
  }

  private mutating func putInBorder(
    _ text: StyledText, row: Int, of area: Rectangle, room: Int, _ border: Style
  ) {
    guard text.width > 0, room > 2 else { return }
    let start = area.maxX - 2 - min(text.width, room)
    put(" ", x: start - 1, y: row, border)
    let end = put(text, x: start, y: row, maximum: room)
    put(" ", x: end, y: row, border)
  }
}
