import ProjectStore
import TerminalUI

/// A stretch of a chart that is being marked with the mouse, to be zoomed to.
struct ChartDrag: Equatable, Sendable {
  /// Where the chart's plot was when the button went down.
  var geometry: ChartGeometry
  var start: Int
  var end: Int

  /// The columns of the screen, within the plot.
  var columns: ClosedRange<Int> {
    let area = geometry.area
    func inside(_ column: Int) -> Int { min(max(column, area.x), max(area.x, area.maxX - 1)) }
    return inside(min(start, end))...inside(max(start, end))
  }

  /// A click is not a stretch.
  var isStretch: Bool { columns.count > 2 }
}

extension WorkbenchState {
  /// Does what the mouse points at. Everything here has a key too.
  mutating func handle(_ event: MouseEvent) -> [Effect] {
    guard isMouseOn else { return [] }
    switch event.kind {
    case .press(.left): return press(at: event.place)
    case .drag(.left): chartDrag?.end = event.place.x
    case .release(.left): release()
    case .wheelUp: turnWheel(at: event.place, isUp: true)
    case .wheelDown: turnWheel(at: event.place, isUp: false)
    case .press, .drag, .release: break
    }
    return []
  }

  private mutating func press(at point: Point) -> [Effect] {
    defer { seeCurrentRun() }
    chartDrag = nil
    let hadMessage = message != nil
    message = nil
    if overlay != nil { return clickOverlay(at: point) }
    if point.y == 0 {
      let places = statusLine.tabPlaces(in: statusArea)
      if let tab = places.firstIndex(where: { $0.contains(point) }), screens.indices.contains(tab) {
        return perform(screens[tab].action)
      }
    } else if point.y == size.height - 1 {
      // A message lies over the hints.
      guard !hadMessage else { return [] }
      let places = keyHints.places(in: bottomArea, note: progressNote)
      if let hint = places.firstIndex(where: { $0.contains(point) }) {
        return perform(shownHints[hint].action)
      }
    } else {
      switch screen {
      case .overview: pressOverview(at: point)
      case .runs: pressRuns(at: point)
      }
    }
    return []
  }

  // MARK: Screens

  private mutating func pressOverview(at point: Point) {
    guard let pane = overviewPane(at: point) else { return }
    overview.pane = pane
    if pane == .curves { beginDrag(at: point) }
  }

  private func overviewPane(at point: Point) -> OverviewView.Pane? {
    let layout = overviewLayout
    if layout.curves.contains(point) { return .curves }
    if layout.pairs.contains(point) { return .pairs }
    return layout.judges.contains(point) ? .judges : nil
  }

  private mutating func pressRuns(at point: Point) {
    guard let pane = runsPane(at: point) else { return }
    runList.pane = pane
    let layout = runsLayout
    switch pane {
    case .curves: beginDrag(at: point)
    case .list:
      let inside = layout.list.insideBox
      let table = runTable(width: inside.width)
      guard let index = table.row(at: point, in: inside, runList.list) else { return }
      select(row: index)
      if table.isMark(point, in: inside) { _ = perform(.markRun) }
    case .events, .answers: break
    }
  }

  private func runsPane(at point: Point) -> RunsView.Pane? {
    let layout = runsLayout
    let panes: [(Rectangle, RunsView.Pane)] = [
      (layout.list, .list), (layout.curves, .curves), (layout.events, .events), (layout.answers, .answers),
    ]
    return panes.first { $0.0.contains(point) }?.1
  }

  // MARK: Charts

  private mutating func beginDrag(at point: Point) {
    guard let geometry = chartGeometry(at: point) else { return }
    chartDrag = ChartDrag(geometry: geometry, start: point.x, end: point.x)
  }

  /// A click puts the cursor to the nearest measured point, a drag zooms to its stretch.
  private mutating func release() {
    guard let drag = chartDrag else { return }
    chartDrag = nil
    let columns = drag.columns
    if drag.isStretch, let data = progressRange {
      let stretch =
        drag.geometry.x(ofColumn: columns.lowerBound)...drag.geometry.x(ofColumn: columns.upperBound)
      options.window.show(stretch, in: data)
    } else if !drag.isStretch {
      placeCursor(near: drag.geometry.x(ofColumn: drag.start))
    }
  }

  private mutating func placeCursor(near x: Double) {
    guard let run = screen == .runs ? currentRun : shownRuns.first, let curves = curves[run.id] else {
      return
    }
    let segments = curves.train.isEmpty ? curves.main : curves.train
    let points = segments.filter { !$0.isSuperseded }.compactMap { $0.points.nearest(to: x) }
    options.cursor = points.min { abs($0.x - x) < abs($1.x - x) }?.x ?? options.cursor
  }

  /// The stretch that is being marked, over the chart.
  func drawChartDrag(in grid: inout CellGrid) {
    guard let drag = chartDrag, drag.isStretch else { return }
    let area = drag.geometry.area
    let place = Rectangle(
      x: drag.columns.lowerBound, y: area.y, width: drag.columns.count, height: area.height)
    grid.restyle(place) { style in
      if isMono { style.attributes.formSymmetricDifference(.reverse) } else { style = style.on(.selection) }
    }
  }

  // MARK: The wheel

  /// Scrolls what is under the pointer, and zooms a chart around it.
  private mutating func turnWheel(at point: Point, isUp: Bool) {
    guard overlay == nil else { return scrollOverlay(isUp: isUp) }
    if let geometry = chartGeometry(at: point), let data = progressRange {
      let factor = isUp ? Self.wheelZoom : 1 / Self.wheelZoom
      options.window.zoom(by: factor, around: geometry.x(ofColumn: point.x), in: data)
    } else if screen == .runs, let pane = runsPane(at: point) {
      // An answer is several lines tall.
      for _ in 0..<(pane == .answers ? 1 : Self.wheelLines) { move(isUp ? .moveUp : .moveDown, in: pane) }
    }
  }

  private static let wheelZoom = 1.25
  private static let wheelLines = 3

  // MARK: Overlays

  private mutating func clickOverlay(at point: Point) -> [Effect] {
    let area = bodyArea
    switch overlay {
    case .help:
      let sheet = HelpSheet(keyTable, sections: sections)
      if !sheet.box(in: area).contains(point) { overlay = nil }
    case .palette(let palette):
      return take(palette.handle(click: point, in: paletteArea), of: palette)
    case .stop(let dialog, let run):
      return take(dialog.handle(click: point, in: area), of: dialog, stopping: run)
    case .quit(let dialog):
      return take(dialog.handle(click: point, in: area), of: dialog)
    case .learningRate(var form, let run):
      let outcome = form.handle(click: point, in: area)
      return take(outcome, of: form, for: run)
    case .export(var form):
      let outcome = form.handle(click: point, in: area)
      return take(exporting: outcome, of: form)
    case .newRun(var form):
      let outcome = form.handle(click: point, in: area)
      return take(outcome, of: form)
    case .tags(var form, let runs):
      let outcome = form.handle(click: point, in: area)
      return take(outcome, of: form, tagging: runs)
    case .note(var form, let run):
      let outcome = form.handle(click: point, in: area)
      return take(outcome, of: form, noting: run)
    case .delete(let dialog, let runs):
      return take(dialog.handle(click: point, in: area), of: dialog, deleting: runs)
    case .alerts(let view): clickAlerts(at: point, view)
    case .filter, .metricFilter, .compare, nil: break
    }
    return []
  }

  private mutating func scrollOverlay(isUp: Bool) {
    switch overlay {
    case .help:
      for _ in 0..<Self.wheelLines { _ = handle(.key(isUp ? .up : .down)) }
    case .palette, .newRun, .learningRate, .export, .alerts, .tags, .note, .filter, .compare:
      _ = handle(.key(isUp ? .up : .down))
    case .stop, .quit, .delete, .metricFilter, nil: break
    }
  }
}
