import ProjectStore

/// How far the store has been read, and the measurements read so far: turns the store into what is new since the last
/// reading.
struct ProjectBookmark: Sendable {
  /// Points of the first bite, so that there is something to see at once.
  private static let firstBite = 20_000
  /// Places of a run that are looked at before it is read.
  private static let previewRows = 300
  /// Events kept of a run.
  static let eventLimit = 300

  private var ledger = RunLedger()
  private var mustTellRuns = true
  private var pairs: PairCounts?
  private var histories: [Run.ID: RunHistory] = [:]
  /// By run and series, the sequence number of the last point read.
  private var sequences: [Run.ID: [MetricName: Int]] = [:]
  private var events: [Run.ID: [RunEvent]] = [:]
  private var answers: [Run.ID: [SampleAnswer]] = [:]
  /// Whether the last reading left points for the next one.
  private(set) var isUnfinished = false

  /// Lets the next reading tell all runs, changed or not.
  mutating func forgetRuns() { mustTellRuns = true }

  /// All runs as they were told last, newest first.
  var runs: [Run] { ledger.runs }

  /// What is new.
  ///
  /// - Parameters:
  ///   - wanted: runs whose points, events and answers are asked for. Those of living runs come as well, since the
  ///     time they have left and their alerts are shown everywhere, and those of the newest one.
  ///   - biteSize: at most so many points at once, shared by the series that have more, so that the screen gets to
  ///     show them.
  mutating func read(
    _ store: ProjectStore, wanted: Set<Run.ID> = [], biteSize: Int = 100_000
  ) throws -> ProjectUpdate {
    var update = ProjectUpdate()
    isUnfinished = false
    // What a run said at its end is read although it is alive no more.
    let wereAlive = runs.filter { $0.state.isAlive }.map(\.id)
    let hasChanged = try ledger.read(store)
    let current = ledger.runs
    if hasChanged || mustTellRuns { update.runs = current }
    mustTellRuns = false
    let counts = try store.pairCounts()
    if counts != pairs { update.pairs = counts }
    pairs = counts

    let alive = current.filter { $0.state.isAlive }.map(\.id)
    let ids = wanted.union(alive).union(wereAlive).union(current.prefix(1).map(\.id))
    let shown = current.map(\.id).filter(ids.contains)
    let isFirst = histories.isEmpty
    update.histories = try readPoints(of: shown, store, isFirst ? min(biteSize, Self.firstBite) : biteSize)
    for id in shown {
      let newest = try store.latestEvents(run: id, limit: Self.eventLimit)
      if newest != events[id] { update.events[id] = newest }
      events[id] = newest
      let samples = try store.sampleAnswers(run: id)
      if samples != answers[id] { update.answers[id] = samples }
      answers[id] = samples
    }
    return update
  }

  /// Reads on in the series of these runs, and answers with the histories that changed. The first answer of a run is
  /// news, even if empty.
  private mutating func readPoints(
    of runs: [Run.ID], _ store: ProjectStore, _ biteSize: Int
  ) throws -> [Run.ID: RunHistory] {
    var changed: Set<Run.ID> = []
    var waiting: [(run: Run.ID, series: MetricSeries)] = []
    for run in runs {
      if histories[run] == nil { changed.insert(run) }
      // Before the points, so that none is seen without its segment for longer than until the next reading.
      let segments = try store.segments(run: run)
      if segments != histories[run]?.segments ?? [] { changed.insert(run) }
      let series = try store.metricSeries(run: run)
      histories[run, default: RunHistory()].segments = segments
      histories[run]?.storedCount = series.reduce(0) { $0 + $1.count }
      waiting += series.filter { $0.count > sequences[run]?[$0.name] ?? 0 }.map { (run, $0) }
    }
    let share = max(1, biteSize / max(1, waiting.count))
    for (run, series) in waiting {
      let last = sequences[run]?[series.name] ?? 0
      let reached = try histories[run, default: RunHistory()].extend(series.name) { points in
        let before = points
        do {
          return try store.readMetrics(run: run, series: series.name, afterSequence: last, limit: share) {
            points.append($0)
          }
        } catch {
          // They are read again.
          points = before
          throw error
        }
      }
      histories[run]?.readCount += reached - last
      sequences[run, default: [:]][series.name] = reached
      if reached < series.count { isUnfinished = true }
      changed.insert(run)
    }
    for run in changed {
      guard let history = histories[run], !history.isComplete else {
        histories[run]?.newest = nil
        histories[run]?.preview = nil
        continue
      }
      histories[run]?.newest = try store.newestMetric(run: run, series: .trainLoss)
      if history.preview == nil {
        var preview = MetricHistory()
        let points = try store.sampleMetrics(
          run: run, series: .trainLoss, afterSequence: sequences[run]?[.trainLoss] ?? 0,
          rowCount: Self.previewRows)
        for point in points { preview.append(point) }
        histories[run]?.preview = preview
      }
    }
    return histories.filter { changed.contains($0.key) }
  }
}
