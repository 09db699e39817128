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
    drawRunList(in: &grid, layout.list)
    let line = layout.strips.isEmpty ? currentRun.map(stripLine) ?? "" : ""
    drawLossChart(in: &grid, layout.curves, isFocused: runList.pane == .curves, footer: line)
    drawStrips(in: &grid, layout.strips)
    drawEvents(in: &grid, layout.events)
    drawAnswers(in: &grid, layout.answers)
  }

  // MARK: List

  private func drawRunList(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    var title = StyledText("Runs") + StyledText(" · \(runs.count)", .dim)
    if !runList.marked.isEmpty { title += StyledText(" · \(runList.marked.count) marked", .dim) }
    grid.pane(area, title: title, isFocused: runList.pane == .list)
    let inside = area.insideBox
    var table = runTable(width: inside.width)
    table.isFocused = runList.pane == .list
    table.emptyText =
      isLoaded ? (isWatching ? emptyWatchText : noRunsText) : "Loading …"
    var selection = runList.list
    table.draw(in: &grid, inside, selection: &selection)
  }

  func runTable(width: Int) -> Table {
    let isWide = width >= 100
    let barWidth = width >= 130 ? 20 : isWide ? 12 : 8
    let stepWidth = max(4, runs.map { Figures.steps($0.step, of: $0.totalSteps).count }.max() ?? 0)
    let showsMore = width >= 140
    let nameWidth =
      showsMore ? min(40, max(24, (runs.map { DisplayText.width($0.name) }.max() ?? 0) + 3)) : 24
    var columns = [
      Table.Column("", minimum: isWide ? 10 : 1, priority: 9),
      Table.Column("run", minimum: 12, ideal: nameWidth, grows: !showsMore, priority: 10),
      Table.Column("progress", minimum: barWidth, priority: 4),
      Table.Column("step", minimum: stepWidth, align: .right, priority: 6),
      Table.Column("train", minimum: 6, align: .right, priority: 8),
      Table.Column("eval", minimum: 6, align: .right, priority: 7),
      Table.Column("best", minimum: 6, align: .right, priority: 2),
      Table.Column("tok/s", minimum: 6, align: .right, priority: 1),
      Table.Column(isWatching ? "written" : "left", minimum: 10, align: .right, priority: 3),
    ]
    if showsMore {
      columns += [
        Table.Column("  model", minimum: 12, ideal: 18, priority: 0),
        Table.Column("", minimum: 10, grows: true, priority: 0),
      ]
    }
    var table = Table(columns: columns, rowCount: runs.count) { index in
      row(runs[index], showsWord: isWide, barWidth: barWidth)
    }
    table.showsMarks = true
    table.isMarked = { runList.marked.contains(runs[$0].id) }
    return table
  }

  private func row(_ run: Run, showsWord: Bool, barWidth: Int) -> [StyledText] {
    let isNaN = run.trainLoss.map { !$0.isFinite } ?? false
    // Of runs that are over, the rate and the time left mean nothing.
    let isLive = run.state == .running || run.state == .paused || run.state == .stopping
    return [
      stateText(run, showsWord: showsWord),
      run.badge,
      progressBar(run, width: barWidth),
      StyledText(Figures.steps(run.step, of: run.totalSteps)),
      StyledText(Figures.loss(run.trainLoss), isNaN ? Style(.bad) : .text),
      StyledText(Figures.loss(run.evalLoss), isOverfitting(run) ? Style(.warning) : .text),
      StyledText(Figures.loss(run.bestEvalLoss)),
      isLive ? StyledText(Figures.rate(run.tokensPerSecond)) : "",
      timeLeftText(run),
      StyledText("  \(run.modelName)", .dim),
      StyledText(run.message ?? "", run.state.role),
    ]
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
