import Foundation
import ProjectStore
import TerminalUI

/// All that the screens show, as a value: what is known of the project, and how it is looked at.
///
/// Keys and updates change it (`handle`, `apply`) and say what is to be done outside (`Effect`); `frame`
/// draws it. Neither touches a file, a clock or the terminal.
struct WorkbenchState: Sendable {
  enum Screen: String, CaseIterable, Sendable {
    case overview, runs

    var title: String {
      switch self {
      case .overview: "Overview"
      case .runs: "Runs"
      }
    }

    /// Shows the screen.
    var action: Action {
      switch self {
      case .overview: .showOverview
      case .runs: .showRuns
      }
    }

    /// What keys count on the screen beside those that count everywhere.
    var sections: [String] {
      switch self {
      case .overview: [Action.Section.overview, Action.Section.curves]
      case .runs: [Action.Section.runs, Action.Section.lists, Action.Section.curves]
      }
    }
  }

  /// One line for people, in place of the key hints until a key is pressed.
  struct Message: Equatable, Sendable {
    enum Kind: Sendable { case note, error }
    var kind: Kind
    var text: String
    /// The command that a note is about; it goes when that is answered.
    var command: Int64?
  }

  // MARK: The project

  var projectName: String
  /// Whether the runs are those of other tools' logs: there is no project, and nothing to command.
  var isWatching = false
  /// Whether the store has answered once.
  var isLoaded = false
  /// Newest first.
  var runs: [Run] = [] { didSet { index.update(runs) } }
  private(set) var index = RunIndex()
  var pairs = PairCounts()
  var histories: [Run.ID: RunHistory] = [:]
  /// Newest first.
  var events: [Run.ID: [RunEvent]] = [:]
  var answers: [Run.ID: [SampleAnswer]] = [:]
  /// What a new run begins with.
  var newRunDefaults = NewRunDefaults()

  // MARK: The look at it

  var size: Size
  var glyphs = Glyphs.unicode
  /// Without colours letters are repeated along the lines.
  var isMono = false
  var now: Date
  var timeZone = TimeZone.gmt
  var screen = Screen.overview
  /// Whether the mouse is listened to.
  var isMouseOn = false
  /// A stretch of a chart that is being marked.
  var chartDrag: ChartDrag?
  /// The keys in force.
  var keyTable = Action.keyTable
  var options = CurveOptions()
  /// The smoothing that the project's settings ask for.
  var usualSmoothing = CurveOptions().smoothing
  var overview = OverviewView()
  var runList = RunsView()
  var overlay: Overlay?
  var message: Message?
  var alerts: AlertState
  /// What was changed here of what people say of runs.
  var runEdits = RunEdits()
  /// The runs of the list, made by `settle`.
  private(set) var listing = RunListing()
  /// Made from histories and options by `settle`.
  private(set) var curves: [Run.ID: RunCurves] = [:]

  init(projectName: String, size: Size, now: Date) {
    self.projectName = projectName
    self.size = size
    self.now = now
    alerts = AlertState(openedAt: now)
  }

  // MARK: Facts

  /// What to press for an action, in the words of a hint: its first key, or its name in the palette.
  func keyName(_ action: Action) -> String {
    keyTable.keys(of: action.rawValue, in: sections).first?.description ?? ":\(action.title)"
  }

  func run(_ id: Run.ID?) -> Run? { id.flatMap { index.places[$0] }.map { runs[$0] } }

  /// The screens that have something to show.
  var screens: [Screen] { isWatching ? [.runs] : Screen.allCases }

  var aliveRuns: [Run] { index.alive.map { runs[$0] } }

  /// The run that keys are for: the one under the cursor, which stands where its run was if that is not in the list.
  var currentRun: Run? {
    if let place = runList.selected.flatMap({ listing.places[$0] }) { return listing.runs[place] }
    guard !listing.runs.isEmpty else { return nil }
    return listing.runs[min(runList.list.selected, listing.runs.count - 1)]
  }

  /// The runs that are laid over each other, newest first.
  var markedRuns: [Run] { runList.marked.compactMap { index.places[$0] }.sorted().map { runs[$0] } }

  /// What keys count now, the first sections first.
  var sections: [String] {
    (screen == .runs && !runList.wish.filter.isEmpty ? [Action.Section.filter] : []) + screen.sections
  }

  /// The runs whose curves are seen, newest first.
  var shownRuns: [Run] {
    switch screen {
    case .overview:
      let alive = aliveRuns
      return alive.isEmpty ? index.newest.prefix(OverviewView.newestRuns).map { runs[$0] } : alive
    case .runs:
      let marked = markedRuns
      return marked.isEmpty ? currentRun.map { [$0] } ?? [] : marked
    }
  }

  /// Runs whose points are needed.
  var wantedRuns: Set<Run.ID> {
    var wanted = Set(shownRuns.map(\.id))
    if screen == .runs, let currentRun { wanted.insert(currentRun.id) }
    return wanted
  }

  /// Seconds that a run still takes, by its recent steps; `nil` if it does not run or is too young.
  func secondsLeft(_ run: Run) -> Double? {
    guard run.state == .running, let history = histories[run.id] else { return nil }
    return RunPace(history[.trainLoss])?.secondsLeft(run)
  }

  /// Said in place of runs while there are none.
  var noRunsText: String { "No runs yet — press \(keyName(.newRun)) for a new run" }

  /// Said in place of runs while there are none in the watched logs.
  var emptyWatchText: String {
    "No training log in \(projectName) yet — a run shows up here when its log is written"
  }

  /// Whether a followed run's log was written to a short while ago, as it goes with that run.
  func isFresh(_ run: Run) -> Bool {
    guard let history = histories[run.id], let written = history.writtenAt else { return false }
    let pace = RunPace(history[.trainLoss])?.secondsPerStep ?? 0
    return now.timeIntervalSince(written) < max(Self.freshSeconds, 10 * pace)
  }

  static let freshSeconds = 300.0

  /// Whether the newest word on a run's eval loss is that it rises.
  func isOverfitting(_ run: Run) -> Bool {
    let verdict = events[run.id]?.first { $0.kind == .overfitting || $0.kind == .improved }
    return verdict?.kind == .overfitting
  }

  // MARK: Updates

  mutating func apply(_ update: ProjectUpdate) {
    let before = isLoaded ? runs : nil
    if let runs = update.runs {
      self.runs = runEdits.applied(to: runs)
      runList.marked = runList.marked.filter { index.places[$0] != nil }
      isLoaded = true
    }
    if let pairs = update.pairs { self.pairs = pairs }
    histories.merge(update.histories) { $1 }
    events.merge(update.events) { $1 }
    answers.merge(update.answers) { $1 }
    if update.runs != nil { takeStates(before: before) }
    takeEvents(of: update.events.keys.sorted())
    for command in update.outcomes { take(command) }
    if let failure = update.failure { message = Message(kind: .error, text: failure) }
  }

  private mutating func take(_ command: FiledCommand) {
    if message?.command == command.id { message = nil }
    if case .rejected(let reason) = command.outcome {
      let name = run(command.run)?.name ?? command.run
      message = Message(kind: .error, text: "\(name): \(command.command.title) was refused: \(reason)")
    }
  }

  /// Brings what depends on the rest up to date, before drawing: curves, and how far lists are scrolled.
  mutating func settle() {
    settleListing()
    let shown = shownRuns
    for run in shown {
      guard let history = histories[run.id] else { continue }
      if curves[run.id].map({ !$0.isCurrent(history, options) }) ?? true {
        curves[run.id] = RunCurves(run: run, history: history, options: options, before: curves[run.id])
      }
    }
    let ids = Set(shown.map(\.id))
    curves = curves.filter { ids.contains($0.key) }
    settleRunsView()
    lookForStalls()
  }

  /// Brings the list up to date, where something has changed that it depends on.
  mutating func settleListing() {
    // Also those that were looked at: the list must not change under the cursor.
    let alerts = runList.wish.filter.asksForAlerts ? alerts.list.runs : []
    listing.update(runs, revision: index.revision, wish: runList.wish, now: now, alerts: alerts)
  }

  /// A field of a filter that no run has.
  mutating func unknownField(of filter: RunFilter) -> RunFilter.ParseError? {
    listing.unknownField(of: filter, in: runs, now)
  }
}

extension RunCommand {
  /// In a message: `pause was refused`.
  var title: String {
    switch self {
    case .pause: "pause"
    case .resume: "resume"
    case .stopAndSave: "stop and save"
    case .stopNow: "stop"
    case .checkpoint: "checkpoint"
    case .evaluate: "evaluate"
    case .setLearningRate(let rate): "learning rate \(Figures.learningRate(rate))"
    }
  }
}
