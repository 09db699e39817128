import ProjectStore
import TerminalUI

/// How the Runs screen is looked at.
struct RunsView: Equatable, Sendable {
  enum Pane: CaseIterable, Sendable {
    case list, curves, events, answers

    func moved(by step: Int) -> Pane {
      let all = Pane.allCases
      return all[((all.firstIndex(of: self) ?? 0) + step + all.count) % all.count]
    }
  }

  var pane = Pane.list
  /// The run under the cursor; it stays that when runs come and go.
  var selected: Run.ID?
  /// A run that was begun here and is about to appear.
  var expected: Run.ID?
  /// Runs whose curves are laid over each other; the current one if there are none.
  var marked: Set<Run.ID> = []
  var showsDetails = true
  /// Which runs are listed, and in what order.
  var wish = RunListing.Wish()
  /// How far the list is scrolled.
  var list = ListSelection()
  /// The first event seen, and the first answer.
  var eventOffset = 0
  var answerOffset = 0
  /// The first row of the grid of metrics that is seen.
  var metricOffset = 0
}

extension WorkbenchState {
  /// Keeps the list's cursor on its run, and everything within its bounds.
  mutating func settleRunsView() {
    if let expected = runList.expected, run(expected) != nil {
      select(expected)
      runList.expected = nil
    }
    let count = listing.runs.count
    let place = runList.selected.flatMap { listing.places[$0] }
    runList.list.select(place ?? runList.list.selected, count: count)
    // A run that is only filtered out has the cursor again when it is back.
    if place == nil, run(runList.selected) == nil { runList.selected = currentRun?.id }
    let layout = runsLayout
    let rows = max(1, layout.list.insideBox.height - 1)
    runList.list.reveal(height: rows, count: count)
    if options.showsAllMetrics { runList.metricOffset = metricGridLayout(layout.curves).offset }
    runList.eventOffset = max(0, min(runList.eventOffset, shownEvents.count - 1))
    let answerCount = currentRun.flatMap { answers[$0.id]?.count } ?? 0
    runList.answerOffset = max(0, min(runList.answerOffset, answerCount - 1))
  }

  /// Moves in the pane that has the focus.
  mutating func move(_ action: Action) { move(action, in: runList.pane) }

  mutating func move(_ action: Action, in pane: RunsView.Pane) {
    let layout = runsLayout
    switch pane {
    case .curves where options.showsAllMetrics:
      let grid = metricGridLayout(layout.curves)
      var rows = ListSelection(selected: grid.offset)
      Self.move(&rows, action, page: grid.rows, count: grid.rowCount - grid.rows + 1)
      runList.metricOffset = rows.selected
    case .list, .curves:
      let rows = max(1, layout.list.insideBox.height - 1)
      let count = listing.runs.count
      let place = runList.selected.flatMap { listing.places[$0] }
      runList.list.select(place ?? runList.list.selected, count: count)
      Self.move(&runList.list, action, page: rows, count: count)
      selectListed()
    case .events:
      var lines = ListSelection(selected: runList.eventOffset)
      Self.move(&lines, action, page: layout.events.insideBox.height, count: shownEvents.count)
      runList.eventOffset = lines.selected
    case .answers:
      var lines = ListSelection(selected: runList.answerOffset)
      let count = currentRun.flatMap { answers[$0.id]?.count } ?? 0
      Self.move(&lines, action, page: 2, count: count)
      runList.answerOffset = lines.selected
    }
  }

  /// Takes the cursor to a row of the list.
  mutating func select(row index: Int) {
    guard listing.runs.indices.contains(index) else { return }
    runList.list.select(index, count: listing.runs.count)
    selectListed()
  }

  /// Puts the cursor on a run, which the list must show for that.
  mutating func select(_ id: Run.ID) {
    runList.selected = id
    settleListing()
    guard let run = run(id), listing.places[id] == nil else { return }
    if run.labels.isArchived { runList.wish.showsArchived = true }
    settleListing()
    if listing.places[id] == nil { runList.wish.filter = .all }
    settleListing()
  }

  /// To the next run that passes the filter, or the one before; behind the last comes the first.
  mutating func moveToMatch(by step: Int) {
    let count = listing.runs.count
    guard count > 0 else { return }
    let place = runList.selected.flatMap { listing.places[$0] } ?? runList.list.selected
    runList.list.select((place + step + count) % count, count: count)
    selectListed()
  }

  private mutating func selectListed() {
    guard listing.runs.indices.contains(runList.list.selected) else { return }
    runList.selected = listing.runs[runList.list.selected].id
    runList.expected = nil
    runList.eventOffset = 0
    runList.answerOffset = 0
  }

  /// Sorts by the column right of the one that the list is sorted by.
  mutating func sortByNextColumn() {
    let all = RunSort.Column.allCases
    let place = all.firstIndex(of: runList.wish.sort.column) ?? 0
    runList.wish.sort = RunSort(all[(place + 1) % all.count])
  }

  private static func move(_ list: inout ListSelection, _ action: Action, page: Int, count: Int) {
    switch action {
    case .moveDown: list.move(by: 1, count: count)
    case .moveUp: list.move(by: -1, count: count)
    case .moveToFirst: list.select(0, count: count)
    case .moveToLast: list.select(count - 1, count: count)
    case .pageDown: list.move(by: max(1, page - 1), count: count)
    case .pageUp: list.move(by: -max(1, page - 1), count: count)
    default: break
    }
  }

  /// Moves the charts' cursor to the next measured point of the current run's train loss; there is one from
  /// the first move on.
  mutating func moveCursor(by step: Int) {
    placeCursor(by: step)
    if let cursor = options.cursor, let data = progressRange { options.window.show(cursor, in: data) }
  }

  private mutating func placeCursor(by step: Int) {
    guard let run = screen == .runs ? currentRun : shownRuns.first, let curves = curves[run.id] else {
      return
    }
    let stretches = curves.train.filter { !$0.isSuperseded }.compactMap { $0.points as? PyramidPoints }
    let ends = stretches.compactMap(\.xRange)
    guard let first = ends.map(\.lowerBound).min(), let last = ends.map(\.upperBound).max() else { return }
    let shown = progressRange.flatMap { options.window.range(in: $0) } ?? first...last
    guard let cursor = options.cursor else {
      options.cursor =
        step > 0
        ? stretches.compactMap { $0.smallestX(from: shown.lowerBound) }.min() ?? first
        : stretches.compactMap { $0.largestX(upTo: shown.upperBound) }.max() ?? last
      return
    }
    // A chart has about so many columns; a step is one of them, or the next point if those are rarer.
    let stride = (shown.upperBound - shown.lowerBound) / 100
    if step > 0 {
      let wanted = max(cursor.nextUp, cursor + stride)
      options.cursor = stretches.compactMap { $0.smallestX(from: wanted) }.min() ?? last
    } else {
      let wanted = min(cursor.nextDown, cursor - stride)
      options.cursor = stretches.compactMap { $0.largestX(upTo: wanted) }.max() ?? first
    }
  }
}
