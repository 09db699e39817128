import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// The whole screen: status line, screen, key hints or a message, and what lies over it. Call `settle`
  /// first.
  func frame() -> CellGrid {
    var grid = CellGrid(size: size, glyphs: glyphs)
    guard size.height >= 3 else { return grid }
    statusLine.draw(in: &grid, statusArea)
    switch screen {
    case .overview: drawOverview(in: &grid)
    case .runs: drawRuns(in: &grid)
    }
    drawChartDrag(in: &grid)
    drawBottomLine(in: &grid, bottomArea)
    drawOverlay(in: &grid, bodyArea)
    return grid
  }

  var statusArea: Rectangle { Rectangle(size).row(0).inset(left: 1, right: 1) }
  var bodyArea: Rectangle { Rectangle(size).inset(top: 1, bottom: 1) }
  var bottomArea: Rectangle { Rectangle(size).row(size.height - 1).inset(left: 1, right: 1) }
  var paletteArea: Rectangle { bodyArea.inset(top: min(2, bodyArea.height / 8)) }

  var statusLine: StatusLine {
    let place =
      StyledText("assay", .accent, .bold) + StyledText(" · ", .dim) + StyledText(projectName, .bold)
    let tabs = screens.map { StatusLine.Tab(key: keyName($0.action), title: $0.title) }
    var facts: [StyledText] = []
    let alive = aliveRuns
    let running = alive.filter { $0.state != .paused }.count
    let paused = alive.count - running
    if running > 0 { facts.append(StyledText("● \(running) running", .good)) }
    if paused > 0 {
      facts.append(StyledText("\(RunState.paused.glyph(isAscii: glyphs.isAscii)) \(paused) paused", .warning))
    }
    let alerts = alertCount
    if alerts > 0 {
      facts.append(
        StyledText("\(glyphs.arrowUp) \(alerts) alert\(alerts == 1 ? "" : "s")", .bad, .bold))
    }
    let live = index.open.count { runs[$0].state == .followed && isFresh(runs[$0]) }
    if live > 0 { facts.append(StyledText("● \(live) live", .good)) }
    if !runList.wish.filter.isEmpty {
      facts.append(StyledText(size.width < 60 ? "filter" : "filter \(countText)", .accent))
    }
    if facts.isEmpty {
      facts.append(StyledText(!isLoaded ? "loading …" : isWatching ? "all quiet" : "no run alive", .dim))
    }
    if let loadingText { facts.append(loadingText) }
    if options.clipsOutliers { facts.append(StyledText("clip", .warning)) }
    return StatusLine(
      place: place, tabs: tabs, selectedTab: screens.firstIndex(of: screen) ?? 0, facts: facts)
  }

  private func drawBottomLine(in grid: inout CellGrid, _ row: Rectangle) {
    if case .filter(let line) = overlay {
      let hint = Rectangle(x: row.x, y: row.y - 1, width: row.width, height: 1)
      return drawFilterLine(line, in: &grid, row, hint: hint)
    }
    if case .metricFilter(let line) = overlay {
      let hint = Rectangle(x: row.x, y: row.y - 1, width: row.width, height: 1)
      return drawMetricFilterLine(line, in: &grid, row, hint: hint)
    }
    if let message {
      let isError = message.kind == .error
      let text =
        isError
        ? StyledText("\(glyphs.arrowUp) ", .bad, .bold) + StyledText(message.text, .bad)
        : StyledText(message.text, .accent)
      grid.put(text, in: row)
      return
    }
    keyHints.draw(in: &grid, row, note: progressNote)
  }

  var keyHints: KeyHints { KeyHints(shownHints.map { ($0.key.description, hintTitle($0.action)) }) }

  /// The hints whose actions have a key.
  var shownHints: [(action: Action, key: Key)] {
    hints.compactMap { action in
      keyTable.keys(of: action.rawValue, in: sections).first.map { (action, $0) }
    }
  }

  /// The keys that matter here, the most useful first.
  private var hints: [Action] {
    var actions = screenHints
    if alertCount > 0 { actions.insert(.alerts, at: (actions.firstIndex(of: .quit) ?? 0) + 1) }
    return actions
  }

  private var screenHints: [Action] {
    switch screen {
    case .overview:
      if size.width < 80 { return [.nextPane, .newRun, .help, .openRuns, .quit, .palette] }
      return runs.isEmpty
        ? [.newRun, .palette, .help, .quit]
        : [.newRun, .openRuns, .help, .quit, .progressAxis, .lossScale, .smoothMore, .palette]
    case .runs where isWatching:
      let first: [Action] =
        !runList.wish.filter.isEmpty
        ? [.nextMatch, .leave, .filterRuns] : size.width < 80 ? [.nextPane, .help, .markRun] : [.markRun]
      return first + [.progressAxis, .lossScale, .smoothMore, .zoomIn, .help, .quit, .nextPane, .palette]
    case .runs:
      if !runList.wish.filter.isEmpty {
        return [.nextMatch, .previousMatch, .leave, .filterRuns, .markRun, .help, .sortByNext, .quit]
      }
      guard let run = currentRun else { return [.newRun, .palette, .help, .quit] }
      let forRun: [Action] =
        run.state.isAlive
        ? [.pauseRun, .stopRun]
        : run.state == .queued ? [.stopRun] : run.state == .finished ? [] : [.resumeRun]
      // With one pane at a time the way to the others comes first.
      if size.width < 80 { return [.nextPane, .help, .markRun, .newRun] + forRun + [.quit, .palette] }
      return [.newRun, .markRun] + forRun
        + [.filterRuns, .help, .quit, .nextPane, .palette, .progressAxis, .lossScale, .smoothMore]
    }
  }

  private func hintTitle(_ action: Action) -> String {
    switch action {
    case .pauseRun where currentRun?.state == .paused: "go on"
    case .resumeRun: "resume"
    case .quit where !aliveRuns.isEmpty && size.width >= 100: "quit (runs go on)"
    case .lossScale: options.lossScale == .linear ? "log loss" : "linear loss"
    case .nextPane: "pane"
    case .leave where !runList.wish.filter.isEmpty: "no filter"
    case .sortByNext: "sort"
    default: action.title
    }
  }

  /// `A step 84/120  left 41 s`, of the newest run that trains. The list of runs says it itself.
  var progressNote: StyledText {
    guard screen == .overview, size.width >= 60,
      let run = aliveRuns.first(where: { $0.state == .running })
    else { return "" }
    var note = StyledText("\(run.letter)", run.role, .bold)
    note += StyledText(" step ", .dim) + StyledText(Figures.steps(run.step, of: run.totalSteps))
    if let seconds = secondsLeft(run) {
      let time = NumberText.duration(seconds: seconds.rounded())
      note += StyledText("  left ", .dim) + StyledText(Figures.padded(time, 8))
    }
    return note
  }

  private func drawOverlay(in grid: inout CellGrid, _ area: Rectangle) {
    switch overlay {
    case .help(let offset):
      HelpSheet(keyTable, sections: sections).draw(in: &grid, area, offset: offset)
    case .palette(let palette): palette.draw(in: &grid, paletteArea)
    case .stop(let dialog, _), .quit(let dialog), .delete(let dialog, _): dialog.draw(in: &grid, area)
    case .learningRate(let form, _), .export(let form), .tags(let form, _), .note(let form, _):
      form.draw(in: &grid, area)
    case .compare(let view): drawComparison(view, in: &grid, area)
    case .filter, .metricFilter: break
    case .newRun(let form): form.draw(in: &grid, area)
    case .alerts(let view): drawAlerts(view, in: &grid, area)
    case nil: break
    }
  }
}
