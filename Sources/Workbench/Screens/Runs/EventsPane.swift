import Foundation
import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// The events of the shown runs, newest first.
  var shownEvents: [RunEvent] {
    let shown = screen == .runs ? shownRuns : []
    let lists = shown.map { crashEvent($0) + (events[$0.id] ?? []) }
    let stalls = shown.compactMap(stallEvent)
    guard lists.count > 1 || !stalls.isEmpty else { return lists.first ?? [] }
    return (stalls + lists.flatMap { $0 }).sorted { ($0.time, $0.id) > ($1.time, $1.id) }
  }

  /// A worker that died could not tell it.
  private func crashEvent(_ run: Run) -> [RunEvent] {
    guard run.state == .crashed else { return [] }
    let last = histories[run.id]?[.trainLoss].last.map { Date(timeIntervalSince1970: $0.wallTime) }
    return [
      RunEvent(
        run: run.id, time: last ?? run.startedAt ?? run.createdAt, step: run.step, kind: .failed,
        message:
          "its worker died here without a word; \(keyName(.resumeRun)) resumes from the last checkpoint")
    ]
  }

  /// Only the screen sees that a run has been silent for too long.
  private func stallEvent(_ run: Run) -> RunEvent? {
    alerts.list[run.id, .stalled].map { entry in
      RunEvent(
        run: run.id, time: entry.alert.time, step: entry.alert.step, kind: .warning,
        message: entry.alert.message)
    }
  }

  func drawEvents(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    let all = shownEvents
    let isFocused = runList.pane == .events
    let note: StyledText =
      runList.eventOffset > 0 ? StyledText("from \(runList.eventOffset + 1) of \(all.count)", .dim) : ""
    grid.pane(
      area,
      title: StyledText("Events") + StyledText(area.width >= 60 ? " · newest first" : " · time, step", .dim),
      note: note,
      isFocused: isFocused)
    let inside = area.insideBox.inset(left: 1, right: 1)
    guard !all.isEmpty else {
      grid.putWrapped(
        "No events yet: evaluations, checkpoints and warnings are told here.", in: inside, .dim)
      return
    }
    let stepWidth = all.map { "\($0.step)".count }.max() ?? 1
    var y = 0
    for event in all.dropFirst(runList.eventOffset) {
      guard y < inside.height else { break }
      y += draw(event, in: &grid, inside.inset(top: y), stepWidth: stepWidth)
    }
  }

  /// One event: time, run, step, message; the message is wrapped under itself. Returns the rows used.
  private func draw(_ event: RunEvent, in grid: inout CellGrid, _ area: Rectangle, stepWidth: Int) -> Int {
    let row = area.row(0)
    let run = run(event.run)
    // Without the words where the message would have too little room.
    let isWide = area.width >= 56
    var head = StyledText(Figures.clock(event.time, timeZone) + " ", .dim)
    if shownRuns.count > 1, let run { head += StyledText("\(run.letter) ", run.role, .bold) }
    if isWide { head += StyledText("step ", .dim) }
    head += StyledText(Figures.padded("\(event.step)", stepWidth) + " ")
    head += StyledText("\(event.kind.glyph(isAscii: glyphs.isAscii)) ", event.kind.role)
    let end = grid.put(head, x: row.x, y: row.y, maximum: row.width)
    let room = area.inset(left: end - area.x)
    guard room.width >= 12 else { return 1 }
    let lines = min(4, DisplayText.wrapped(event.message, to: room.width).count)
    let place = Rectangle(x: room.x, y: room.y, width: room.width, height: min(lines, room.height))
    let isLoud = event.kind.role == .bad || event.kind.role == .warning
    return max(1, grid.putWrapped(event.message, in: place, isLoud ? Style(event.kind.role) : .text))
  }
}
