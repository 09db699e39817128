import Jobs
import ProjectStore
import TerminalUI

/// How the list of alerts is looked at.
struct AlertsView: Equatable, Sendable {
  /// The alert under the cursor; it stays that when others come.
  var selected: AlertList.Key?
  /// How far the list is scrolled.
  var list = ListSelection()

  /// Keeps the cursor on its alert, and the list within its bounds.
  mutating func settle(_ entries: [AlertList.Entry], rows: Int) {
    let index = entries.firstIndex { $0.id == selected } ?? list.selected
    list.select(index, count: entries.count)
    list.reveal(height: rows, count: entries.count)
    selected = entries.indices.contains(list.selected) ? entries[list.selected].id : nil
  }
}

/// Where the parts of the list of alerts are.
private struct AlertsLayout {
  var box: Rectangle
  var table: Rectangle
  /// Of the selected alert, its whole message.
  var detail: Rectangle

  init(_ area: Rectangle, count: Int) {
    let wanted = Size(width: min(area.width, 110), height: min(area.height, count > 0 ? count + 7 : 7))
    box = area.centred(wanted)
    let parts = box.insideBox.rows([.share(), .fixed(box.height >= 11 ? 4 : 3)])
    table = parts[0]
    detail = parts[1].inset(left: 2, top: 1, right: 1)
  }

  /// Below the header.
  var rows: Int { max(1, table.height - 1) }
}

extension WorkbenchState {
  private var alertsArea: Rectangle { Rectangle(size).inset(top: 1, bottom: 1) }

  func openedAlerts() -> Overlay {
    var view = AlertsView()
    let entries = alerts.list.newestFirst
    view.settle(entries, rows: AlertsLayout(alertsArea, count: entries.count).rows)
    return .alerts(view)
  }

  mutating func handleAlerts(_ key: Key, _ before: AlertsView) {
    var view = before
    let entries = alerts.list.newestFirst
    let rows = AlertsLayout(alertsArea, count: entries.count).rows
    view.settle(entries, rows: rows)
    switch key {
    case .escape, .character("q"), .character("!"):
      overlay = nil
      return
    case .enter:
      overlay = nil
      if let id = view.selected { go(to: id.run) }
      return
    case .character("a"):
      alerts.list.seeAll()
    default:
      if view.list.handle(key, height: rows, count: entries.count) { view.selected = nil }
      view.settle(entries, rows: rows)
    }
    overlay = .alerts(view)
  }

  /// A click goes to an alert, another one to its run; one beside the list closes it.
  mutating func clickAlerts(at point: Point, _ before: AlertsView) {
    var view = before
    let entries = alerts.list.newestFirst
    let layout = AlertsLayout(alertsArea, count: entries.count)
    view.settle(entries, rows: layout.rows)
    guard layout.box.contains(point) else {
      overlay = nil
      return
    }
    let table = alertTable(entries, width: layout.table.width)
    guard let row = table.row(at: point, in: layout.table, view.list) else { return }
    if row == view.list.selected { return handleAlerts(.enter, view) }
    view.selected = entries[row].id
    view.settle(entries, rows: layout.rows)
    overlay = .alerts(view)
  }

  private mutating func go(to id: Run.ID) {
    screen = .runs
    options.cursor = nil
    runList.pane = .list
    select(id)
    runList.expected = nil
    runList.eventOffset = 0
    runList.answerOffset = 0
  }

  func drawAlerts(_ view: AlertsView, in grid: inout CellGrid, _ area: Rectangle) {
    let entries = alerts.list.newestFirst
    let layout = AlertsLayout(area, count: entries.count)
    grid.fill(layout.box)
    let unseen = alertCount
    let note: StyledText =
      entries.isEmpty ? "" : StyledText(unseen > 0 ? "\(unseen) not seen" : "all seen", .dim)
    let keys =
      entries.isEmpty
      ? "esc close"
      : layout.box.width < 60 ? "enter · a all seen · esc" : "enter open run · a all seen · esc close"
    grid.box(
      layout.box, title: StyledText("Alerts", .title, .bold), note: note, footer: StyledText(keys, .dim),
      border: Style(.accent))
    guard !entries.isEmpty else {
      let text = """
        No alerts. Here stand losses that are NaN or diverge, runs that overfit, stall, fail or crash: the newest of \
        each, with the numbers of its rule.
        """
      grid.putWrapped(text, in: layout.box.insideBox.inset(left: 1, right: 1), .dim)
      return
    }
    var view = view
    view.settle(entries, rows: layout.rows)
    var table = alertTable(entries, width: layout.table.width)
    table.isFocused = true
    table.draw(in: &grid, layout.table, selection: &view.list)
    guard let entry = entries.first(where: { $0.id == view.selected }) else { return }
    grid.putWrapped(entry.alert.message, in: layout.detail, Style(entry.alert.kind.role))
  }

  private func alertTable(_ entries: [AlertList.Entry], width: Int) -> Table {
    let columns = [
      Table.Column("", minimum: 1, priority: 9),
      Table.Column("time", minimum: 8, priority: 8),
      Table.Column("run", minimum: 9, ideal: 20, priority: 10),
      Table.Column("alert", minimum: 11, priority: 7),
      Table.Column("step", minimum: 6, align: .right, priority: 5),
      Table.Column("why", minimum: 12, grows: true, priority: 6),
    ]
    return Table(columns: columns, rowCount: entries.count) { index in
      let (alert, isSeen) = (entries[index].alert, entries[index].isSeen)
      let role = isSeen ? Role.dim : alert.kind.role
      return [
        StyledText(isSeen ? "" : String(glyphs.point), .accent),
        StyledText(alertTime(alert), .dim),
        run(alert.run)?.badge ?? StyledText(alert.run, .dim),
        StyledText(alert.kind.rawValue, role),
        StyledText("\(alert.step)", isSeen ? Style(.dim) : .text),
        StyledText(alert.message, isSeen ? Style(.dim) : .text),
      ]
    }
  }

  /// `12:04:11`, or how many days ago.
  private func alertTime(_ alert: Alert) -> String {
    let age = now.timeIntervalSince(alert.time)
    return age < 86400 ? Figures.clock(alert.time, timeZone) : "\(Figures.age(age)) ago"
  }
}

extension Alert.Kind {
  var role: Role {
    switch self {
    case .nan, .diverging, .failed, .crashed: .bad
    case .overfitting, .stalled: .warning
    case .finished: .good
    }
  }
}
