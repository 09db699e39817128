import Foundation
import Jobs
import ProjectStore
import TrainingLogs

/// The runs that logs tell of, as the screens take runs. What was taken in once is not looked at again: only new points
/// are appended to the histories.
struct FollowedRuns: Sendable {
  private struct Known {
    var run: Run
    var history = RunHistory()
    var events: [RunEvent] = []
    /// By the log's name of a series, how many of its points were taken in and which was the last.
    var taken: [String: (count: Int, last: LogPoint)] = [:]
    var watch: RunAlertWatch

    init(run: Run) {
      self.run = run
      watch = RunAlertWatch(run: run.id)
    }

    /// Notes that are not said any more go. One that is said in other words, such as with a longer list of files, keeps
    /// its place.
    mutating func takeNotes(_ notes: [String], at time: Date) {
      let told = events.filter { $0.kind == .note }
      var gone = told.filter { !notes.contains($0.message) }
      let known = Set(told.map(\.message))
      events.removeAll { gone.contains($0) }
      for note in notes where !known.contains(note) {
        let before = gone.popLast()
        events.append(
          RunEvent(
            run: run.id, time: before?.time ?? time, step: before?.step ?? run.step, kind: .note,
            message: note))
      }
      sortEvents()
    }

    /// What was wrong with new points, the newest of it.
    mutating func takeAlerts(_ alerts: [RunEvent]) {
      guard !alerts.isEmpty else { return }
      let all = events.filter { $0.kind != .note } + alerts
      events =
        events.filter { $0.kind == .note } + all.sorted { $0.time < $1.time }.suffix(FollowedRuns.alertLimit)
      sortEvents()
    }

    private mutating func sortEvents() {
      events.sort { ($0.time, $0.step, $0.message) > ($1.time, $1.step, $1.message) }
    }
  }

  /// Alerts kept of a run.
  private static let alertLimit = 300

  private var known: [FollowedRun.ID: Known] = [:]
  private var problems: Set<String> = []

  /// Takes in the runs as they are now, and tells what is new.
  mutating func update(
    _ followed: [FollowedRun], problems new: [LogFileError] = [], now: Date = .now
  ) -> ProjectUpdate {
    var update = ProjectUpdate()
    let isFirst = known.isEmpty
    let before = known.mapValues(\.run)
    number(followed, now)
    for run in followed {
      guard var mine = known.removeValue(forKey: run.id) else { continue }
      let count = mine.history.count
      let events = mine.events
      Self.take(run, into: &mine, now)
      if mine.history.count != count || isFirst || before[run.id] == nil {
        update.histories[mine.run.id] = mine.history
      }
      if mine.events != events || before[run.id] == nil { update.events[mine.run.id] = mine.events }
      if before[run.id] == nil { update.answers[mine.run.id] = [] }
      known[run.id] = mine
    }
    if isFirst || known.mapValues(\.run) != before {
      update.runs = known.values.map(\.run).sorted { $0.ordinal > $1.ordinal }
    }
    for problem in new where problems.insert("\(problem)").inserted { update.failure = "\(problem)" }
    return update
  }

  /// Gives new runs their numbers, the one that was written to last the highest: it stands on top.
  private mutating func number(_ followed: [FollowedRun], _ now: Date) {
    let unknown = followed.filter { known[$0.id] == nil }.map {
      (run: $0, written: Self.lastWrite($0) ?? now)
    }
    let ordered = unknown.sorted { one, other in
      let isLog = (one.run.format != nil, other.run.format != nil)
      return isLog.0 == isLog.1 ? one.written < other.written : !isLog.0
    }
    for (run, written) in ordered {
      let ordinal = known.count + 1
      known[run.id] = Known(
        run: Run(
          id: "f\(ordinal)", ordinal: ordinal, name: run.name, state: .followed, createdAt: written,
          modelName: ""))
    }
  }

  // MARK: One run

  private static func take(_ followed: FollowedRun, into mine: inout Known, _ now: Date) {
    if !holds(mine.taken, in: followed.series) {
      // Another file became the source, or the log was written anew.
      mine.taken = [:]
      let written = mine.history.writtenAt
      mine.history = RunHistory()
      mine.history.writtenAt = written
      mine.run.bestEvalLoss = nil
      mine.run.bestStep = nil
      mine.watch = RunAlertWatch(run: mine.run.id)
      mine.events.removeAll { Alert($0) != nil }
    }
    let places = LogPlaces(followed)
    let names = LossNames(followed.series)
    // A file that is gone was written when it was.
    let isFirst = mine.history.writtenAt == nil
    let written = lastWrite(followed) ?? mine.history.writtenAt ?? now
    let alerts = mine.watch.events(
      in: followed, names, after: { mine.taken[$0]?.count ?? 0 }, written: min(now, written))
    for series in followed.series where !series.points.isEmpty {
      let name = names[series.name]
      let start = mine.taken[series.name]?.count ?? 0
      guard start < series.points.count else { continue }
      mine.history.extend(name) { points in
        for (index, segment) in series.segments.enumerated() {
          let part = series.points(inSegment: index)
          for point in part[max(start, part.startIndex)...] {
            points.append(places.metric(point, segment: segment.number))
          }
        }
      }
      if name == .evalLoss { mine.run.takeBest(of: series.points[start...]) }
      mine.taken[series.name] = (series.points.count, series.points[series.points.count - 1])
    }
    mine.history.segments = places.resumes
    mine.history.storedCount = Int(Double(mine.history.count) / max(1e-6, followed.readShare))
    mine.history.readCount = mine.history.count
    mine.run.take(followed, names)
    // Where something changed, or at first: the time of the writing, not that of the reading.
    mine.history.writtenAt = written
    if mine.run.state == .finished { mine.run.finishedAt = written }
    mine.takeNotes(followed.warnings, at: isFirst ? min(now, written) : now)
    mine.takeAlerts(alerts)
  }

  private static func holds(
    _ taken: [String: (count: Int, last: LogPoint)], in series: [LogSeries]
  ) -> Bool {
    taken.allSatisfy { name, part in
      guard let series = series.first(where: { $0.name == name }), series.points.count >= part.count
      else { return false }
      let last = series.points[part.count - 1]
      return last.step == part.last.step
        && (last.value == part.last.value || last.value.isNaN && part.last.value.isNaN)
    }
  }

  /// When one of the run's files was written to last.
  private static func lastWrite(_ run: FollowedRun) -> Date? {
    ([run.source] + run.otherSources).compactMap {
      try? FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date
    }.max()
  }
}

extension Run {
  /// The newest figures of a followed run.
  fileprivate mutating func take(_ followed: FollowedRun, _ names: LossNames) {
    name = followed.name
    totalSteps = followed.totalSteps
    step = max(0, followed.series.compactMap(\.summary.largestStep).max() ?? 0)
    func newest(_ name: MetricName) -> Double? {
      followed.series.first { names[$0.name] == name }?.summary.last?.value
    }
    trainLoss = newest(.trainLoss)
    evalLoss = newest(.evalLoss)
    learningRate = newest(.learningRate)
    gradientNorm = newest(.gradientNorm)
    tokensPerSecond = newest(.tokensPerSecond)
    segment = followed.series.compactMap(\.segments.last?.number).max() ?? 0
    let isDone = totalSteps.map { $0 > 0 && step >= $0 } ?? false
    state = isDone ? .finished : .followed
    message = followed.format == nil ? followed.warnings.first ?? "no training log" : followed.unfinished
    let facts = LogConfiguration(followed.configuration)
    recipeJSON = facts.json
    modelName = facts.model ?? followed.format?.description ?? "no training log"
  }

  fileprivate mutating func takeBest(of points: ArraySlice<LogPoint>) {
    for point in points where point.value.isFinite && point.value < bestEvalLoss ?? .infinity {
      bestEvalLoss = point.value
      bestStep = point.step
    }
  }
}
