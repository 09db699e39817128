import ProjectStore

/// How far the store has been read: turns it into what is new since the last reading.
struct ProjectBookmark: Sendable {
  /// Events kept of a run.
  static let eventLimit = 300

  /// All runs as they were told last, newest first.
  private(set) var runs: [Run]?
  private var pairs: PairCounts?
  /// By run and series, the sequence number of the last point told.
  private var sequences: [Run.ID: [MetricName: Int]] = [:]
  private var segments: [Run.ID: [RunSegment]] = [:]
  private var events: [Run.ID: [RunEvent]] = [:]
  private var answers: [Run.ID: [SampleAnswer]] = [:]
  /// Whether the last reading left points for the next one.
  private(set) var isUnfinished = false

  /// What is new.
  ///
  /// - Parameters:
  ///   - wanted: runs whose points, events and answers are asked for. Those of living runs come as well, since the
  ///     time they have left and their alerts are shown everywhere, and those of the newest one.
  ///   - biteSize: at most so many points of a series at once, so that the screen gets to show them.
  mutating func read(
    _ store: ProjectStore, wanted: Set<Run.ID> = [], biteSize: Int = 50_000
  ) throws -> ProjectUpdate {
    var update = ProjectUpdate()
    isUnfinished = false
    let current = try store.runs()
    if current != runs { update.runs = current }
    runs = current
    let counts = try store.pairCounts()
    if counts != pairs { update.pairs = counts }
    pairs = counts

    let alive = current.filter { $0.state.isAlive }.map(\.id)
    let ids = wanted.union(alive).union(current.prefix(1).map(\.id))
    for id in current.map(\.id) where ids.contains(id) {
      update.histories[id] = try newPoints(of: id, store, biteSize)
      let newest = try store.latestEvents(run: id, limit: Self.eventLimit)
      if newest != events[id] { update.events[id] = newest }
      events[id] = newest
      let samples = try store.sampleAnswers(run: id)
      if samples != answers[id] { update.answers[id] = samples }
      answers[id] = samples
    }
    return update
  }

  /// The points that a run has beyond those told; `nil` without news. The first answer is news, even if empty.
  private mutating func newPoints(
    of run: Run.ID, _ store: ProjectStore, _ biteSize: Int
  ) throws -> HistoryAddition? {
    var told = sequences[run] ?? [:]
    var addition = HistoryAddition()
    addition.segments = try store.segments(run: run)
    for series in try store.metricSeries(run: run) {
      addition.storedCount += series.count
      let last = told[series.name] ?? 0
      guard series.count > last else { continue }
      let slice = try store.metrics(run: run, series: series.name, afterSequence: last, limit: biteSize)
      addition.points[series.name] = slice.points
      told[series.name] = slice.lastSequence
      if slice.lastSequence < series.count { isUnfinished = true }
    }
    let isFirst = sequences[run] == nil
    let hasNews = !addition.points.isEmpty || addition.segments != segments[run] ?? []
    sequences[run] = told
    segments[run] = addition.segments
    return hasNews || isFirst ? addition : nil
  }
}
