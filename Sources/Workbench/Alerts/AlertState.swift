import Foundation
import Jobs
import ProjectStore

/// What the workbench knows of alerts, and what it has made known of them.
struct AlertState: Equatable, Sendable {
  var list = AlertList()
  /// Whether new alerts ring the terminal's bell.
  var bell = true
  /// What is older was there before the workbench was: nobody is told of it by bell or command.
  let openedAt: Date
  /// What the bell has not rung for and the command was not run for.
  fileprivate var fresh: [Alert] = []
  fileprivate var lastRing: Date?
  /// The title that the terminal has.
  fileprivate var title: String?
  /// The last look for stalls, and from when on silence counts at all: a machine that slept heard nothing.
  fileprivate var lastLook: Date?
  fileprivate var awakeSince = Date.distantPast

  init(openedAt: Date) { self.openedAt = openedAt }

  mutating func forgetTitle() { title = nil }
}

/// Where alerts of own runs come from: their stored events, the states they are in, and the clock. Those of other tools'
/// runs are events too, made where their logs are read.
extension WorkbenchState {
  /// Alerts that nobody has looked at.
  var alertCount: Int { alerts.list.unseenCount }

  /// Takes in an alert, and if it is news makes it known.
  ///
  /// - Parameter isNews: whether it happened while the workbench was there to see it.
  private mutating func add(_ alert: Alert, isNews: Bool, isSeen: Bool = false) {
    guard alerts.list.add(alert, isSeen: isSeen && !isNews), isNews else { return }
    alerts.fresh.append(alert)
  }

  // MARK: Sources

  /// What the states of runs say. Call it with the states that were known before; `nil` at first.
  mutating func takeStates(before: [Run]?) {
    let known = before.map { Dictionary($0.map { ($0.id, $0.state) }) { first, _ in first } }
    alerts.list.keep(Set(runs.map(\.id)))
    for run in runs {
      let old = known?[run.id]
      guard old != run.state else { continue }
      // A run that came and ended between two readings is news as well.
      let isNews = known != nil && (old != nil || run.createdAt >= alerts.openedAt)
      switch run.state {
      case .failed: takeFailure(run, isNews: isNews)
      case .crashed: takeCrash(run, isNews: isNews)
      case .finished where isNews: takeEnd(run)
      case .starting, .running: alerts.list.see(run.id, [.failed, .crashed])
      default: break
      }
    }
  }

  private mutating func takeFailure(_ run: Run, isNews: Bool) {
    let message = run.message ?? "failed"
    let time = run.finishedAt ?? now
    // A run that fails of its NaN has one alert, not two.
    if let nan = alerts.list[run.id, .nan], nan.alert.message == message {
      alerts.list.remove(run.id, .nan)
      alerts.list.add(
        Alert(kind: .failed, run: run.id, step: run.step, time: time, message: message), isSeen: nan.isSeen)
      return
    }
    add(Alert(kind: .failed, run: run.id, step: run.step, time: time, message: message), isNews: isNews)
  }

  /// A worker that died could not tell it.
  private mutating func takeCrash(_ run: Run, isNews: Bool) {
    let time = isNews ? now : lastSign(run) ?? run.createdAt
    add(
      Alert(
        kind: .crashed, run: run.id, step: run.step, time: time,
        message: "its worker died without a word after step \(run.step); it can be resumed"),
      isNews: isNews)
  }

  /// The end of a run is told and rung, but it is nothing to worry about.
  private mutating func takeEnd(_ run: Run) {
    var text = "\(run.letter) \(run.name) finished"
    if let best = run.bestEvalLoss { text += " · best eval \(Figures.loss(best))" }
    if message?.kind != .error { message = Message(kind: .note, text: text) }
    alerts.fresh.append(
      Alert(kind: .finished, run: run.id, step: run.step, time: run.finishedAt ?? now, message: text))
  }

  /// What the events of runs say, of those that are new among others.
  mutating func takeEvents(of runs: some Sequence<Run.ID>) {
    for id in runs {
      guard let run = run(id) else { continue }
      for event in events[id]?.reversed() ?? [] {
        if event.kind == .improved { alerts.list.see(id, [.overfitting], until: event.time) }
        // Ends are told by the run's state.
        guard let alert = Alert(event), ![.finished, .failed].contains(alert.kind),
          !(run.state == .failed && run.message == alert.message)
        else { continue }
        add(alert, isNews: event.time >= alerts.openedAt, isSeen: run.state.isOver)
      }
    }
  }

  // MARK: Stalls

  /// Looks for runs that have been silent for too long. A pause, a start and an end are no stall.
  mutating func lookForStalls() {
    defer { alerts.lastLook = now }
    // A workbench that was stopped, or slept with its machine, has not heard of anything meanwhile.
    if let last = alerts.lastLook, now.timeIntervalSince(last) > Self.sleepSeconds { alerts.awakeSince = now }
    for run in index.open.map({ runs[$0] }) where run.state == .running || run.state == .followed {
      guard let sign = lastSign(run), let history = histories[run.id], history.isComplete else { continue }
      // A log that has not grown while it was followed may be one of last year.
      if run.state == .followed, sign < alerts.openedAt { continue }
      if let told = alerts.list[run.id, .stalled], told.alert.time > sign { continue }
      let rule = run.state == .followed ? StallRule(leastSeconds: Self.freshSeconds) : StallRule()
      let alert = rule.alert(
        run: run.id, step: run.step, pauses: pauses(run, history), lastSign: max(sign, alerts.awakeSince),
        now: now)
      if let alert { add(alert, isNews: alert.time >= alerts.openedAt) }
    }
  }

  private static let sleepSeconds = 30.0

  /// When a run was heard of last.
  private func lastSign(_ run: Run) -> Date? {
    let history = histories[run.id]
    if let written = history?.writtenAt { return written }
    let points = [MetricName.trainLoss, .evalLoss].compactMap { history?[$0].last?.wallTime }
      .filter(\.isFinite).map { Date(timeIntervalSince1970: $0) }
    let others = [events[run.id]?.first?.time, history?.segments.last?.startedAt, run.startedAt]
    return (points + others.compactMap(\.self)).max()
  }

  /// Seconds between the recent points of a run, without pauses that somebody ordered and the last stall.
  private func pauses(_ run: Run, _ history: RunHistory) -> [Double] {
    let points = history[.trainLoss].suffix(StallRule.window + 1).filter { $0.wallTime.isFinite }
    let stall = alerts.list[run.id, .stalled]?.alert.time
    let pauses = (events[run.id] ?? []).filter { $0.kind == .paused }.map(\.time)
    let known = (pauses + [stall].compactMap(\.self)).map(\.timeIntervalSince1970)
    return zip(points, points.dropFirst()).compactMap { before, after in
      let isOne = before.segment == after.segment && after.wallTime >= before.wallTime
      guard isOne, !known.contains(where: { (before.wallTime...after.wallTime).contains($0) }) else {
        return nil
      }
      return after.wallTime - before.wallTime
    }
  }

  // MARK: Seeing, telling

  /// The run under the cursor of the Runs screen is looked at by whoever presses a key there.
  mutating func seeCurrentRun() {
    guard screen == .runs, overlay == nil, let currentRun else { return }
    alerts.list.see(currentRun.id)
  }

  /// The terminal's title, with a mark while there are alerts that nobody has seen.
  var title: String {
    (alertCount > 0 ? "\(glyphs.arrowUp) " : "") + "assay · \(projectName)"
  }

  /// What is to be made known outside of the screen by now: call it after `settle`.
  mutating func announce() -> [Effect] {
    var effects: [Effect] = []
    let fresh = alerts.fresh
    alerts.fresh = []
    let isQuiet = alerts.lastRing.map { now.timeIntervalSince($0) >= Self.ringSeconds } ?? true
    if !fresh.isEmpty, alerts.bell, isQuiet {
      alerts.lastRing = now
      effects.append(.ringBell)
    }
    effects += fresh.filter(isOursToTell).map { .runHook($0, runName: run($0.run)?.name ?? $0.run) }
    if title != alerts.title {
      alerts.title = title
      effects.append(.setTitle(title))
    }
    return effects
  }

  /// At most one bell in this time.
  private static let ringSeconds = 5.0

  /// A worker runs the command for what it sees itself.
  private func isOursToTell(_ alert: Alert) -> Bool {
    isWatching || alert.kind == .stalled || alert.kind == .crashed
  }
}
