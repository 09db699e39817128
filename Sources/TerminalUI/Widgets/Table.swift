/// Rows and columns with a selection. Only the rows that are seen are asked for, so there may be millions.
public struct Table: Sendable {
  public struct Column: Sendable {
    public var title: String
    /// Columns below the narrowest are left out, least important first.
    public var minimumWidth: Int
    public var idealWidth: Int
    /// Whether the column takes what is left over.
    public var grows: Bool
    public var alignment: Alignment
    /// The higher, the longer it stays when room gets scarce.
    public var priority: Int

    public init(
      _ title: String, minimum: Int, ideal: Int? = nil, grows: Bool = false, align: Alignment = .left,
      priority: Int = 0
    ) {
      self.title = title
      minimumWidth = max(1, minimum)
      idealWidth = max(minimumWidth, ideal ?? minimum)
      self.grows = grows
      alignment = align
      self.priority = priority
    }
  }

  public var columns: [Column]
  public var rowCount: Int
  /// Rows that are marked, for an overlay or an action on several.
  public var isMarked: @Sendable (Int) -> Bool = { _ in false }
  public var showsMarks = false
  public var showsHeader = true
  /// Whether keys go here: a selection elsewhere is drawn quieter.
  public var isFocused = true
  public var emptyText = ""
  /// The cells of a row, one a column.
  public var row: @Sendable (Int) -> [StyledText]

  public init(columns: [Column], rowCount: Int, row: @escaping @Sendable (Int) -> [StyledText]) {
    self.columns = columns
    self.rowCount = rowCount
    self.row = row
  }

  /// Rows that fit into a height.
  public func visibleRows(height: Int) -> Int { max(0, height - (showsHeader ? 1 : 0)) }

  /// Draws the table; `selection` is scrolled so that the selected row is seen.
  public func draw(in grid: inout CellGrid, _ area: Rectangle, selection: inout ListSelection) {
    guard !area.isEmpty else { return }
    let body = area.inset(top: showsHeader ? 1 : 0)
    selection.reveal(height: body.height, count: rowCount)
    let scrolls = rowCount > body.height && body.width > 8
    let content = Rectangle(
      x: area.x + (showsMarks ? 4 : 2), y: area.y,
      width: area.width - (showsMarks ? 4 : 2) - (scrolls ? 2 : 1),
      height: area.height)
    let widths = Self.widths(of: columns, total: content.width)

    grid.clipped(to: area) { grid in
      if showsHeader { drawHeader(in: &grid, content.row(0), widths) }
      guard rowCount > 0 else {
        grid.putWrapped(emptyText, in: body.inset(left: 2, right: 1), .dim)
        return
      }
      for line in 0..<min(body.height, rowCount - selection.offset) {
        let index = selection.offset + line
        draw(row: index, in: &grid, body.row(line), content, widths, isSelected: index == selection.selected)
      }
      if scrolls { drawScrollBar(in: &grid, body, selection.offset) }
    }
  }

  /// The row at a place of the table as it was drawn, `nil` beside the rows.
  public func row(at point: Point, in area: Rectangle, _ selection: ListSelection) -> Int? {
    let body = area.inset(top: showsHeader ? 1 : 0)
    guard body.contains(point) else { return nil }
    var selection = selection
    selection.reveal(height: body.height, count: rowCount)
    let index = selection.offset + point.y - body.y
    return index < rowCount ? index : nil
  }

  /// Whether a place is in the column of marks.
  public func isMark(_ point: Point, in area: Rectangle) -> Bool {
    showsMarks && (area.x + 1...area.x + 3).contains(point.x)
  }

  private func drawHeader(in grid: inout CellGrid, _ area: Rectangle, _ widths: [Int]) {
    var x = area.x
    for (column, width) in zip(columns, widths) where width > 0 {
      let place = Rectangle(x: x, y: area.y, width: width, height: 1)
      grid.put(StyledText(column.title, .dim, .underline), in: place, align: column.alignment)
      x += width + 1
    }
  }

  private func draw(
    row index: Int, in grid: inout CellGrid, _ line: Rectangle, _ content: Rectangle, _ widths: [Int],
    isSelected: Bool
  ) {
    if isSelected, isFocused { grid.fill(line, Style(.selection).on(.selection)) }
    if isSelected {
      grid.putGlyph(grid.glyphs.selected, x: line.x, y: line.y, Style(isFocused ? .accent : .dim))
    }
    if showsMarks {
      let marked = isMarked(index)
      let glyph = marked ? grid.glyphs.marked : grid.glyphs.unmarked
      grid.putGlyph(glyph, x: line.x + 2, y: line.y, Style(marked ? .accent : .dim))
    }
    var x = content.x
    for ((column, width), text) in zip(zip(columns, widths), row(index)) where width > 0 {
      let place = Rectangle(x: x, y: line.y, width: width, height: 1)
      let shown = isSelected && isFocused ? text.inPlace(of: .text, Style(.selection)) : text
      grid.put(shown, in: place, align: column.alignment)
      x += width + 1
    }
  }

  private func drawScrollBar(in grid: inout CellGrid, _ body: Rectangle, _ offset: Int) {
    let length = max(1, body.height * body.height / rowCount)
    let free = body.height - length
    let top = Int((Double(free) * Double(offset) / Double(max(1, rowCount - body.height))).rounded())
    for y in 0..<body.height {
      let isThumb = (top..<top + length).contains(y)
      let glyph = isThumb ? grid.glyphs.scrollThumb : grid.glyphs.scrollTrack
      grid.putGlyph(glyph, x: body.maxX - 1, y: body.y + y, Style(isThumb ? .dim : .chartGrid))
    }
  }

  /// Widths for a total, 0 for a column left out. Columns stand one cell apart.
  static func widths(of columns: [Column], total: Int) -> [Int] {
    var widths = columns.map(\.minimumWidth)
    func used() -> Int {
      let shown = widths.filter { $0 > 0 }
      return shown.reduce(0, +) + max(0, shown.count - 1)
    }
    let byImportance = columns.indices.sorted {
      (columns[$0].priority, -$0) > (columns[$1].priority, -$1)
    }
    for index in byImportance.reversed() where used() > total {
      if widths.filter({ $0 > 0 }).count == 1 {
        widths[index] = max(0, total)
      } else {
        widths[index] = 0
      }
    }
    for index in byImportance where widths[index] > 0 {
      widths[index] += max(0, min(total - used(), columns[index].idealWidth - widths[index]))
    }
    let growing = columns.indices.filter { columns[$0].grows && widths[$0] > 0 }
    for (place, index) in growing.enumerated() {
      widths[index] += max(0, total - used()) / (growing.count - place)
    }
    return widths
  }
}
