import Foundation
import ProjectStore
import TerminalUI

/// All runs, the curves of those that are marked, and what the current one is doing.
extension WorkbenchState {
  var runsLayout: RunsLayout {
    // The grid of metrics says what the strips say.
    RunsLayout(
      size: size, view: runList, runCount: runs.count, hasAnswers: !isWatching,
      hasStrips: !options.showsAllMetrics)
  }

  func drawRuns(in grid: inout CellGrid) {
    let layout = runsLayout
    let line = layout.strips.isEmpty ? currentRun.map(stripLine) ?? "" : ""
    drawRunList(in: &grid, layout.list, footer: layout.curves.isEmpty ? line : "")
    drawLossChart(in: &grid, layout.curves, isFocused: runList.pane == .curves, footer: line)
    drawStrips(in: &grid, layout.strips)
    drawEvents(in: &grid, layout.events)
    drawAnswers(in: &grid, layout.answers)
  }

  // MARK: List

  private func drawRunList(in grid: inout CellGrid, _ area: Rectangle, footer: StyledText) {
    guard !area.isEmpty else { return }
    grid.pane(area, title: listTitle, note: listNote, footer: footer, isFocused: runList.pane == .list)
    let inside = area.insideBox
    var table = runTable(width: inside.width)
    table.isFocused = runList.pane == .list
    table.emptyText = emptyListText
    var selection = runList.list
    table.draw(in: &grid, inside, selection: &selection)
  }

  private var listTitle: StyledText {
    var title = StyledText("Runs") + StyledText(" · \(countText)", .dim)
    if !runList.marked.isEmpty { title += StyledText(" · \(runList.marked.count) marked", .dim) }
    if !runList.wish.filter.isEmpty {
      title += StyledText(" · \(runList.wish.filter.text.trimmingCharacters(in: .whitespaces))", .accent)
    }
    return title
  }

  /// The order, if it is not the usual one, and what is left out.
  private var listNote: StyledText {
    var parts: [String] = []
    let sort = runList.wish.sort
    if sort == RunSort(.created, isDescending: false) {
      parts.append("oldest first")
    } else if sort != .newest {
      parts.append("by \(sort.column.rawValue) \(sortArrow)")
    }
    if listing.hiddenCount > 0 { parts.append("\(NumberText.count(listing.hiddenCount)) archived") }
    return StyledText(parts.joined(separator: " · "), .dim)
  }

  private var sortArrow: Character { runList.wish.sort.isDescending ? glyphs.arrowDown : glyphs.arrowUp }

  private var emptyListText: String {
    if !isLoaded { return "Loading …" }
    if runs.isEmpty { return isWatching ? emptyWatchText : noRunsText }
    if !runList.wish.filter.isEmpty { return "No run passes the filter — \(keyName(.leave)) drops it" }
    return "All runs are archived — press \(keyName(.showArchived)) to see them"
  }

  func runTable(width: Int) -> Table {
    let isWide = width >= 100
    let barWidth = width >= 130 ? 20 : isWide ? 12 : 8
    let stepWidth = max(4, listing.stepWidth)
    let showsMore = width >= 140
    let nameWidth = showsMore ? min(40, max(24, listing.nameWidth + 3)) : 24
    func title(_ text: String, _ column: RunSort.Column) -> String {
      runList.wish.sort.column == column ? "\(text)\(sortArrow)" : text
    }
    var columns = [
      Table.Column(title("", .state), minimum: isWide ? 10 : 1, priority: 9),
      Table.Column(title("run", .name), minimum: 12, ideal: nameWidth, grows: !showsMore, priority: 10),
      Table.Column(title("progress", .progress), minimum: barWidth, priority: 4),
      Table.Column(title("step", .step), minimum: stepWidth, align: .right, priority: 6),
      Table.Column(title("train", .train), minimum: 6, align: .right, priority: 8),
      Table.Column(title("eval", .eval), minimum: 6, align: .right, priority: 7),
      Table.Column(title("best", .best), minimum: 6, align: .right, priority: 2),
      Table.Column(title("tok/s", .speed), minimum: 6, align: .right, priority: 1),
      Table.Column(title(isWatching ? "written" : "left", .ended), minimum: 10, align: .right, priority: 3),
    ]
    if showsMore {
      columns += [
        Table.Column(title("  model", .model), minimum: 12, ideal: 18, priority: 0),
        Table.Column("", minimum: 10, grows: true, priority: 0),
      ]
    }
    let listed = listing.runs
    var table = Table(columns: columns, rowCount: listed.count) { index in
      row(listed[index], showsWord: isWide, barWidth: barWidth)
    }
    table.showsMarks = true
    table.isMarked = { runList.marked.contains(listed[$0].id) }
    return table
  }

  private func row(_ run: Run, showsWord: Bool, barWidth: Int) -> [StyledText] {
    let isNaN = run.trainLoss.map { !$0.isFinite } ?? false
    // Of runs that are over, the rate and the time left mean nothing.
    let isLive = run.state == .running || run.state == .paused || run.state == .stopping
    // Unless they are what the list is sorted by.
    let showsRate = isLive || runList.wish.sort.column == .speed
    return [
      stateText(run, showsWord: showsWord),
      nameText(run),
      progressBar(run, width: barWidth),
      StyledText(Figures.steps(run.step, of: run.totalSteps)),
      StyledText(Figures.loss(run.trainLoss), isNaN ? Style(.bad) : .text),
      StyledText(Figures.loss(run.evalLoss), isOverfitting(run) ? Style(.warning) : .text),
      StyledText(Figures.loss(run.bestEvalLoss)),
      showsRate ? StyledText(Figures.rate(run.tokensPerSecond)) : "",
      timeLeftText(run),
      StyledText("  \(run.modelName)", .dim),
      run.labels.note.isEmpty ? StyledText(run.message ?? "", run.state.role) : StyledText(run.labels.note),
    ]
  }

  /// Letter, pin, name and tags.
  private func nameText(_ run: Run) -> StyledText {
    var text =
      run.labels.isPinned
      ? StyledText("\(run.letter)", run.role, .bold) + StyledText("\(glyphs.pin)", .accent)
      : StyledText("\(run.letter) ", run.role, .bold)
    text += run.labels.isArchived ? StyledText(run.name, .dim) : StyledText(run.name, run.role)
    if !run.labels.tags.isEmpty {
      text += StyledText(run.labels.tags.map { " #\($0)" }.joined(), .dim)
    }
    return text
  }

  /// A sign for the state and the word for it. Whether another tool's run goes on is told by its log alone.
  func stateText(_ run: Run, showsWord: Bool = true) -> StyledText {
    let glyph = run.state.glyph(isAscii: glyphs.isAscii)
    guard run.state == .followed else {
      return StyledText(showsWord ? "\(glyph) \(run.state.rawValue)" : glyph, run.state.role)
    }
    let isFresh = isFresh(run)
    return StyledText(
      showsWord ? "\(glyph) \(isFresh ? "live" : "quiet")" : glyph, isFresh ? Style(.good) : .dim)
  }

  /// Time left while it trains, how long ago it ended or was last heard of otherwise.
  func timeLeftText(_ run: Run) -> StyledText {
    if run.state == .running {
      return StyledText(secondsLeft(run).map { NumberText.duration(seconds: $0.rounded()) } ?? "…")
    }
    guard let end = run.state.isOver ? run.finishedAt : histories[run.id]?.writtenAt else { return "" }
    return StyledText("\(Figures.age(now.timeIntervalSince(end))) ago", .dim)
  }

  func progressBar(_ run: Run, width: Int) -> StyledText {
    guard let share = run.share else {
      return StyledText(String(repeating: glyphs.barRest, count: width), .dim)
    }
    var eighths = Int((share * Double(width * 8)).rounded())
    if share < 1, eighths == width * 8 { eighths -= 1 }
    let parts = glyphs.barParts
    var bar = String(repeating: parts[7], count: eighths / 8)
    if eighths % 8 > 0 { bar.append(parts[eighths % 8 - 1]) }
    let rest = String(repeating: glyphs.barRest, count: max(0, width - bar.count))
    return StyledText(bar, run.state.isAlive ? run.role : .dim) + StyledText(rest, .chartGrid)
  }
}
