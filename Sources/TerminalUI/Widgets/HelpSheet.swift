/// All keys of the sections that count, out of the table that dispatches them.
public struct HelpSheet: Sendable {
  private let wide: [StyledText]
  /// With no more room for the keys than they need.
  private let narrow: [StyledText]

  public init(_ table: KeyTable, sections: [String]) {
    let commands = table.commands(in: sections)
    let widest = commands.map { DisplayText.width(Self.keys(of: $0)) }.max() ?? 0
    wide = Self.lines(table, sections, indent: 2, keyWidth: 14)
    narrow = Self.lines(table, sections, indent: 0, keyWidth: min(14, widest))
  }

  private static func keys(of command: Command) -> String {
    command.keys.map(\.description).joined(separator: " ")
  }

  private static func lines(
    _ table: KeyTable, _ sections: [String], indent: Int, keyWidth: Int
  ) -> [StyledText] {
    var lines: [StyledText] = []
    for section in sections + [KeyTable.everywhere] {
      let commands = table.commands.filter { $0.section == section }
      guard !commands.isEmpty else { continue }
      if !lines.isEmpty { lines.append("") }
      lines.append(StyledText(section, .title, .bold))
      for command in commands {
        let keys = keys(of: command)
        let padding = String(repeating: " ", count: max(0, keyWidth - DisplayText.width(keys)))
        let name = keys.isEmpty ? "  :\(command.name)" : ""
        lines.append(
          StyledText("\(String(repeating: " ", count: indent))\(keys)\(padding) ", .key, .bold)
            + StyledText(command.title)
            + StyledText(name, .dim))
      }
    }
    return lines
  }

  public var lineCount: Int { wide.count }

  /// Rows of the sheet seen in an area, for scrolling.
  public func visibleRows(in area: Rectangle) -> Int { max(1, min(lineCount, area.height - 2)) }

  public func box(in area: Rectangle) -> Rectangle {
    area.centred(Size(width: min(area.width, max(40, fullWidth)), height: lineCount + 2))
  }

  private var fullWidth: Int { (wide.map(\.width).max() ?? 0) + 4 }

  /// Draws the sheet as a box in the middle of an area, from a line on.
  public func draw(in grid: inout CellGrid, _ area: Rectangle, offset: Int = 0) {
    let box = box(in: area)
    let lines = fullWidth > area.width ? narrow : wide
    grid.fill(box)
    let inside = box.insideBox.inset(left: 1, right: 1)
    let start = max(0, min(offset, lines.count - inside.height))
    let end = min(lines.count, start + inside.height)
    let footer: StyledText = end - start < lines.count ? StyledText("\(end)/\(lines.count)", .dim) : ""
    grid.box(box, title: StyledText("Keys", .title, .bold), footer: footer, border: Style(.accent))
    for (row, line) in lines[start..<end].enumerated() { grid.put(line, in: inside.row(row)) }
  }
}
