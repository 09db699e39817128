/// All keys of the sections that count, out of the table that dispatches them.
public struct HelpSheet: Sendable {
  private let lines: [StyledText]

  public init(_ table: KeyTable, sections: [String]) {
    var lines: [StyledText] = []
    for section in sections + [KeyTable.everywhere] {
      let commands = table.commands.filter { $0.section == section }
      guard !commands.isEmpty else { continue }
      if !lines.isEmpty { lines.append("") }
      lines.append(StyledText(section, .title, .bold))
      for command in commands {
        let keys = command.keys.map(\.description).joined(separator: " ")
        let padding = String(repeating: " ", count: max(0, 14 - DisplayText.width(keys)))
        let name = "  " + (keys.isEmpty ? ":\(command.name)" : "")
        lines.append(
          StyledText("  \(keys)\(padding) ", .key, .bold) + StyledText(command.title)
            + StyledText(name, .dim))
      }
    }
    self.lines = lines
  }

  public var lineCount: Int { lines.count }

  /// Rows of the sheet seen in an area, for scrolling.
  public func visibleRows(in area: Rectangle) -> Int { max(1, min(lines.count, area.height - 2)) }

  public func box(in area: Rectangle) -> Rectangle {
    let width = min(area.width, max(40, (lines.map(\.width).max() ?? 0) + 4))
    return area.centred(Size(width: width, height: lines.count + 2))
  }

  /// Draws the sheet as a box in the middle of an area, from a line on.
  public func draw(in grid: inout CellGrid, _ area: Rectangle, offset: Int = 0) {
    let box = box(in: area)
    grid.fill(box)
    let inside = box.insideBox.inset(left: 1, right: 1)
    let start = max(0, min(offset, lines.count - inside.height))
    let end = min(lines.count, start + inside.height)
    let footer: StyledText = end - start < lines.count ? StyledText("\(end)/\(lines.count)", .dim) : ""
    grid.box(box, title: StyledText("Keys", .title, .bold), footer: footer, border: Style(.accent))
    for (row, line) in lines[start..<end].enumerated() { grid.put(line, in: inside.row(row)) }
  }
}
