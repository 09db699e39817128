import ProjectStore

/// The measurements of a run that have been read so far: of each series a beginning of what the store has.
struct RunHistory: Equatable, Sendable {
  /// Points of each series in the order of their recording.
  private(set) var points: [MetricName: [MetricPoint]] = [:]
  /// The resumes of the run, oldest first.
  private(set) var segments: [RunSegment] = []
  /// Points that the store had when the last ones were read.
  private(set) var storedCount = 0
  /// Points read, of all series.
  private(set) var count = 0

  var isComplete: Bool { count >= storedCount }
  /// How much of what the store has was read, 0…1.
  var loadedShare: Double { storedCount > 0 ? Double(count) / Double(storedCount) : 1 }

  subscript(series: MetricName) -> [MetricPoint] { points[series] ?? [] }

  /// Takes what was read since the last time.
  mutating func append(_ addition: HistoryAddition) {
    for (name, new) in addition.points {
      points[name, default: []].append(contentsOf: new)
      count += new.count
    }
    segments = addition.segments
    storedCount = addition.storedCount
  }

  /// The points of a series that no resume did again.
  func current(_ series: MetricName) -> [MetricPoint] {
    guard !segments.isEmpty else { return self[series] }
    return self[series].filter { !segments.supersede(step: $0.step, segment: $0.segment) }
  }
}

/// What the store had of a run beyond what was read before.
struct HistoryAddition: Equatable, Sendable {
  var points: [MetricName: [MetricPoint]] = [:]
  var segments: [RunSegment] = []
  var storedCount = 0
}
