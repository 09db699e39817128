/// The series of a run, made of log entries in the order of their writing.
///
/// - A step that is smaller than its series' last one is a resume: a new segment of the run begins.
/// - An entry that says only what is known, value for value at its step, is dropped and counted.
/// - All else is a point, NaN and infinities included.
struct LogCurves: Sendable {
  /// More are counted but not kept, 24 bytes each.
  static let maximumPoints = 5_000_000

  private(set) var series: [LogSeries] = []
  /// 0, and one more with each resume.
  private(set) var segment = 0
  private(set) var pointsNotKept = 0
  private var pointsKept = 0
  private var indices: [String: Int] = [:]
  private var names: Set<String> = []
  private var found: [Int] = []

  /// - Parameter isReplay: whether the entry may have been read before: then a repetition does not count.
  /// - Returns: whether it said anything new.
  @discardableResult
  mutating func add(_ entry: LogEntry, isReplay: Bool = false) -> Bool {
    guard !entry.values.isEmpty else { return false }
    found.removeAll(keepingCapacity: true)
    var isBack = false
    var isRepetition = true
    for value in entry.values {
      let index = index(of: value.name)
      found.append(index)
      if series[index].lastSegment == segment, let last = series[index].summary.last, entry.step < last.step {
        isBack = true
      }
      if isRepetition { isRepetition = series[index].holds(value.value, atStep: entry.step) }
    }
    if isRepetition {
      if !isReplay { for index in found { series[index].duplicatesDropped += 1 } }
      return false
    }
    if isBack { segment += 1 }
    for (index, value) in zip(found, entry.values) {
      let point = LogPoint(step: entry.step, time: entry.time ?? .nan, value: value.value)
      let isKept = pointsKept < Self.maximumPoints
      if isKept { pointsKept += 1 } else { pointsNotKept += 1 }
      series[index].append(point, segment: segment, isKept: isKept)
    }
    return true
  }

  /// What follows was measured after a resume.
  mutating func beginSegment() { segment += 1 }

  /// The series of a log's name, made when it is new. Assay's name goes to the first that claims it.
  private mutating func index(of name: String) -> Int {
    if let index = indices[name] { return index }
    var assayName = SeriesName.assay(for: name)
    if names.contains(assayName) { assayName = name }
    var number = 2
    while names.contains(assayName) {
      assayName = "\(name)_\(number)"
      number += 1
    }
    names.insert(assayName)
    indices[name] = series.count
    series.append(LogSeries(name: assayName, originalName: name))
    return series.count - 1
  }

  subscript(name: String) -> LogSeries? {
    series.first { $0.name == name }
  }

  var isEmpty: Bool { series.isEmpty }
  var largestStep: Int? { series.compactMap(\.summary.largestStep).max() }
  var pointCount: Int { series.reduce(0) { $0 + $1.summary.count } }
  /// From the first time to the last, where the log has times.
  var times: ClosedRange<Double>? {
    var range: ClosedRange<Double>?
    for point in series.lazy.flatMap(\.points) where point.time.isFinite {
      let (low, high) = (range?.lowerBound ?? point.time, range?.upperBound ?? point.time)
      range = min(low, point.time)...max(high, point.time)
    }
    return range
  }
}
