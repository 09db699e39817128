import ProjectStore
import TerminalUI

/// The recipes of some runs side by side, over the screen: a column a run, only the fields that differ, and under them
/// what came of the runs.
struct CompareView: Sendable {
  let comparison: RunComparison
  /// The first row and the first run that are seen.
  var row = 0
  var column = 0

  init(_ runs: [Run]) { comparison = RunComparison(runs) }
}

extension WorkbenchState {
  /// The marked runs, or the current one and the one made before it.
  mutating func compareRuns() {
    var runs = markedRuns
    if runs.count < 2, let current = currentRun {
      runs = runs.isEmpty || runs[0].id == current.id ? [current] : [current, runs[0]]
      if runs.count == 1, let place = index.places[current.id] {
        runs +=
          self.runs.indices.contains(place + 1) ? [self.runs[place + 1]] : self.runs.prefix(place).suffix(1)
      }
    }
    guard runs.count >= 2 else {
      message = Message(
        kind: .note, text: "There must be two runs to compare; \(keyName(.markRun)) marks them.")
      return
    }
    overlay = .compare(CompareView(runs.sorted { $0.ordinal < $1.ordinal }))
  }

  mutating func handleCompare(_ key: Key, _ view: CompareView) {
    var view = view
    let body = Rectangle(size).inset(top: 1, bottom: 1)
    let height = CompareTable(view, self, body).visibleRows
    switch key {
    case .escape, .enter, .character("q"), .character("d"):
      overlay = nil
      return
    case .right, .character("l"): view.column = min(view.column + 1, view.comparison.runs.count - 1)
    case .left, .character("h"): view.column = max(0, view.column - 1)
    default:
      var lines = ListSelection(selected: view.row)
      let count = CompareTable(view, self, body).rows.count
      _ = lines.handle(key, height: height, count: max(1, count - height + 1))
      view.row = lines.selected
    }
    overlay = .compare(view)
  }

  func drawComparison(_ view: CompareView, in grid: inout CellGrid, _ area: Rectangle) {
    CompareTable(view, self, area).draw(in: &grid)
  }
}

/// The table of a comparison, as it fits into an area.
private struct CompareTable {
  struct Row {
    var name: StyledText
    var cells: [StyledText]
  }

  private let area: Rectangle
  private let inside: Rectangle
  private let view: CompareView
  private let runs: [Run]
  let rows: [Row]
  private let nameWidth: Int
  private let widths: [Int]

  init(_ view: CompareView, _ state: WorkbenchState, _ area: Rectangle) {
    self.area = area
    self.view = view
    inside = area.insideBox.inset(left: 1, right: 1)
    let comparison = view.comparison
    let runs = comparison.runs.compactMap(state.run)
    self.runs = runs
    var rows = comparison.differences.map { row in
      Row(name: StyledText(row.name), cells: row.values.map(Self.cell))
    }
    let same = comparison.sameCount
    let title = rows.isEmpty ? "the recipes are the same" : "\(same) field\(same == 1 ? "" : "s") the same"
    rows.append(Row(name: StyledText(title, .dim), cells: []))
    // A run that was deleted meanwhile has no results.
    if runs.count == comparison.runs.count {
      let best = runs.compactMap(\.bestEvalLoss).filter { !$0.isNaN }.min()
      rows += RunComparison.results(of: runs).map { row in
        let cells = zip(runs, row.values).map { run, value in
          let isBest = row.name == "best eval" && best != nil && run.bestEvalLoss == best
          return isBest ? StyledText(value ?? "", .good, .bold) : Self.cell(value)
        }
        return Row(name: StyledText(row.name, .dim), cells: cells)
      }
    }
    self.rows = rows
    let allRows = rows
    let longest = rows.filter { !$0.cells.isEmpty }.map(\.name.width).max() ?? 0
    let nameWidth = min(longest, max(8, inside.width * 2 / 5))
    self.nameWidth = nameWidth
    let room = max(8, inside.width - nameWidth - 2)
    widths = comparison.runs.indices.map { run in
      let cells = allRows.map { run < $0.cells.count ? $0.cells[run].width : 0 }.max() ?? 0
      let name = run < runs.count ? DisplayText.width(runs[run].name) + 2 : 0
      return min(max(cells, name, 8), 28, room)
    }
  }

  private static func cell(_ value: String?) -> StyledText {
    value.map { $0.isEmpty ? StyledText("–", .dim) : StyledText($0) } ?? StyledText("–", .dim)
  }

  var visibleRows: Int { max(1, inside.height - 1) }

  /// The runs from the first one on that fit whole.
  private var shownColumns: Range<Int> {
    var start = min(view.column, max(0, widths.count - 1))
    let room = inside.width - nameWidth
    // What is free at the right shows more at the left.
    while start > 0, widths[(start - 1)...].reduce(0, { $0 + $1 + 2 }) <= room { start -= 1 }
    var end = start
    var used = 0
    while end < widths.count, end == start || used + widths[end] + 2 <= room {
      used += widths[end] + 2
      end += 1
    }
    return start..<end
  }

  func draw(in grid: inout CellGrid) {
    guard !area.isEmpty else { return }
    let columns = shownColumns
    let letters = runs.map { String($0.letter) }.joined(separator: " ")
    var note = StyledText("")
    if columns.count < widths.count {
      note = StyledText("\(columns.lowerBound + 1)–\(columns.upperBound) of \(widths.count) runs", .dim)
    }
    grid.fill(area)
    let offset = min(view.row, max(0, rows.count - visibleRows))
    let isScrolled = rows.count > visibleRows
    let footer = "esc closes" + (isScrolled ? " · j k scroll" : "") + (note.isEmpty ? "" : " · h l runs")
    grid.pane(
      area, title: StyledText("Compare \(letters)"), note: note, footer: StyledText(footer, .dim),
      isFocused: true)
    guard inside.height > 1 else { return }
    let header = Row(
      name: "", cells: view.comparison.runs.indices.map { $0 < runs.count ? runs[$0].badge : "" })
    draw(header, in: &grid, inside.row(0), columns)
    for (line, row) in rows.dropFirst(offset).prefix(visibleRows).enumerated() {
      draw(row, in: &grid, inside.row(line + 1), columns)
    }
  }

  private func draw(_ row: Row, in grid: inout CellGrid, _ line: Rectangle, _ columns: Range<Int>) {
    if row.cells.isEmpty {
      _ = grid.put(row.name, x: line.x, y: line.y, maximum: line.width)
      return
    }
    grid.put(row.name, x: line.x, y: line.y, maximum: nameWidth)
    var x = line.x + nameWidth
    for column in columns where column < row.cells.count {
      x += 2
      let place = Rectangle(x: x, y: line.y, width: min(widths[column], max(0, line.maxX - x)), height: 1)
      grid.put(row.cells[column], in: place, align: .right)
      x += widths[column]
    }
  }
}
