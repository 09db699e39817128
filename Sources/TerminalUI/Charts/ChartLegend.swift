/// The names beside a chart's lines.
struct ChartLegend {
  private let entries: [LegendEntry]

  init(_ entries: [LegendEntry]) { self.entries = entries }

  /// A letter and a name, then the details indented under them.
  private var lines: [StyledText] {
    entries.flatMap { entry in [title(entry)] + entry.details.map { StyledText("  ") + $0 } }
  }

  private func title(_ entry: LegendEntry) -> StyledText {
    StyledText(entry.letter.map { "\($0) " } ?? "", entry.role, .bold) + StyledText(entry.title, entry.role)
  }

  var size: Size { Size(width: lines.map(\.width).max() ?? 0, height: lines.count) }

  /// The room that is left for the plot, and that of the legend.
  func split(_ area: Rectangle, _ placement: LineChart.LegendPlacement) -> (
    plot: Rectangle, legend: Rectangle
  ) {
    switch placement {
    case .right:
      let width = min(size.width, area.width / 3)
      return (area.inset(right: width + 2), area.inset(left: area.width - width))
    case .top where area.height > 4:
      return (area.inset(top: 1), area.row(0))
    default:
      return (area, Rectangle(x: area.x, y: area.y, width: 0, height: 0))
    }
  }

  func draw(in grid: inout CellGrid, _ area: Rectangle) {
    for (index, line) in lines.prefix(area.height).enumerated() { grid.put(line, in: area.row(index)) }
  }

  /// In one row; where the names have no room the letters stand for them.
  func drawRow(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    let named = row { title($0) }
    guard named.width > area.width, entries.allSatisfy({ $0.letter != nil }) else {
      return grid.put(named, in: area)
    }
    grid.put(row { StyledText($0.letter.map(String.init) ?? "", $0.role, .bold) }, in: area)
  }

  private func row(_ name: (LegendEntry) -> StyledText) -> StyledText {
    var row = StyledText()
    for entry in entries {
      row += name(entry) + StyledText(" ")
      if let first = entry.details.first { row += first }
      row += StyledText("  ")
    }
    while row.runs.last?.text.allSatisfy({ $0 == " " }) == true { row.runs.removeLast() }
    return row
  }
}
