import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// How the project's pairs divide: by category, by split, by source.
  func drawPairs(in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool) {
    guard !area.isEmpty else { return }
    let total = pairs.total
    let count = isLoaded ? StyledText(" · \(NumberText.count(total))", .dim) : ""
    grid.pane(area, title: StyledText("QA pairs") + count, isFocused: isFocused)
    let inside = area.insideBox.inset(left: 1, right: 1)
    guard total > 0 else {
      let text = isLoaded ? "No QA pairs yet — assay import FILE.jsonl" : "Loading …"
      grid.putWrapped(text, in: inside, .dim)
      return
    }
    var bars = BarRows(categoryRows)
    bars.total = total
    bars.draw(in: &grid, inside)
    // Without the empty rows between them where they would cost a row of figures.
    let gap = inside.height < bars.rows.count + 1 + splitCount + 1 ? 0 : 1
    let splits = inside.inset(top: bars.rows.count + gap)
    let used = drawSplits(in: &grid, splits)
    drawSources(in: &grid, splits.inset(top: used + 1))
  }

  /// Rows that the panel fills if it gets them.
  var pairRows: Int {
    guard pairs.total > 0 else { return 4 }
    let sources = Set(pairs.bySourceAndCategory.keys.map(\.source)).count
    return categoryRows.count + splitCount + sources + 4
  }

  private var splitCount: Int { Set(pairs.byCategoryAndSplit.keys.map(\.split)).count }

  /// The categories, the pairs without one last.
  private var categoryRows: [BarRows.Row] {
    var rows = QAPair.Category.allCases.map { category in
      BarRows.Row(
        label: category.rawValue, count: pairs.count(category: category), role: category.role)
    }
    let unknown = pairs.count(category: nil)
    if unknown > 0 { rows.append(BarRows.Row(label: "none", count: unknown, role: .dim)) }
    return rows
  }

  /// The categories of all pairs, or of all that have none.
  private var shownCategories: [QAPair.Category?] {
    QAPair.Category.allCases + (pairs.count(category: nil) > 0 ? [nil] : [])
  }

  /// Splits as rows, categories as columns. Returns the rows used.
  private func drawSplits(in grid: inout CellGrid, _ area: Rectangle) -> Int {
    let splits = (QAPair.Split.allCases + [nil] as [QAPair.Split?]).filter { pairs.count(split: $0) > 0 }
    let rows = splits.map { split in
      CountRow(
        label: split?.rawValue ?? "none",
        counts: shownCategories.map { category in
          pairs.byCategoryAndSplit[PairCounts.SplitCell(category: category, split: split)] ?? 0
        })
    }
    return drawCounts(in: &grid, area, title: "split", rows)
  }

  /// Sources as rows, those with the most pairs first.
  private func drawSources(in grid: inout CellGrid, _ area: Rectangle) {
    var bySource: [String?: [Int]] = [:]
    let categories = shownCategories
    for (cell, count) in pairs.bySourceAndCategory {
      guard let column = categories.firstIndex(of: cell.category) else { continue }
      bySource[cell.source, default: Array(repeating: 0, count: categories.count)][column] += count
    }
    let rows = bySource.map { CountRow(label: $0.key ?? "no source", counts: $0.value) }
      .sorted { ($1.total, $0.label) < ($0.total, $1.label) }
    _ = drawCounts(in: &grid, area, title: "source", rows)
  }

  private struct CountRow {
    var label: String
    /// By category.
    var counts: [Int]
    var total: Int { counts.reduce(0, +) }
  }

  /// Rows of a label and, for each category, a bar and a count on one scale:
  ///
  ///     source      factual       conceptual
  ///     manuals     ███▌ 212      ██▊ 190
  private func drawCounts(
    in grid: inout CellGrid, _ area: Rectangle, title: String, _ rows: [CountRow]
  ) -> Int {
    let categories = shownCategories
    guard area.height >= 2, area.width >= 24, !rows.isEmpty, !categories.isEmpty else { return 0 }
    let labelWidth = min(
      max(rows.map { DisplayText.width($0.label) }.max() ?? 0, title.count), area.width / 3)
    let cells = area.inset(left: labelWidth + 2).columns(categories.map { _ in .share() }, gap: 2)
    grid.put(title, x: area.x, y: area.y, .dim)
    for (category, cell) in zip(categories, cells) {
      grid.put(StyledText(category?.rawValue ?? "none", category?.role ?? .dim), in: cell.row(0))
    }
    let scale = max(1, rows.flatMap(\.counts).max() ?? 1)
    let countWidth = NumberText.count(scale).count
    let room = area.height - 1
    let isCut = rows.count > room
    let shown = rows.prefix(isCut ? room - 1 : room)
    for (line, row) in shown.enumerated() {
      let y = area.y + 1 + line
      grid.put(row.label, x: area.x, y: y, maximum: labelWidth)
      for ((category, cell), count) in zip(zip(categories, cells), row.counts) where count > 0 {
        let number = NumberText.count(count)
        let barWidth = max(0, cell.width - countWidth - 1)
        grid.bar(
          Double(count) / Double(scale), x: cell.x, y: y, width: barWidth,
          Style(category?.role ?? .dim))
        let place = Rectangle(x: cell.x + barWidth + 1, y: y, width: countWidth, height: 1)
        grid.put(StyledText(number), in: place, align: .right)
      }
    }
    if isCut, room > 0 {
      let rest = rows.count - shown.count
      grid.put(
        StyledText("and \(rest) more", .dim), in: area.row(room))
    }
    return min(rows.count, room) + 1
  }
}

extension QAPair.Category {
  var role: Role {
    switch self {
    case .factual: .factual
    case .conceptual: .conceptual
    }
  }
}
