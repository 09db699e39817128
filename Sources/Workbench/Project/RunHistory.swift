import Foundation
import ProjectStore

/// The measurements of a run that have been read so far: of each series a beginning of what the store has.
struct RunHistory: Equatable, Sendable {
  private var series: [MetricName: MetricHistory] = [:]
  /// The resumes of the run, oldest first.
  var segments: [RunSegment] = []
  /// Points that the store had when the last ones were read.
  var storedCount = 0
  /// How many of them were looked at.
  var readCount = 0
  /// When the log that it is read from was written to last; `nil` for what a worker recorded, whose points have times.
  var writtenAt: Date?
  /// The newest train loss of the store, while what was read does not reach so far.
  var newest: MetricPoint?
  /// Train losses here and there in what was not read at first, until all of it is.
  var preview: MetricHistory?
  /// Points known, of all series.
  private(set) var count = 0

  var isComplete: Bool { readCount >= storedCount }
  /// How much of what the store has was read, 0…1.
  var loadedShare: Double { storedCount > 0 ? Double(readCount) / Double(storedCount) : 1 }

  /// The points of a series in the order of their recording.
  subscript(name: MetricName) -> MetricHistory { series[name] ?? MetricHistory() }

  /// The names of all series, in alphabetical order.
  var names: [MetricName] { series.keys.sorted { $0.rawValue < $1.rawValue } }

  /// The train loss or, where there is none, the longest series: its points are the run's moments.
  var main: MetricHistory {
    let losses = self[.trainLoss]
    if !losses.isEmpty { return losses }
    return series.max { ($0.value.count, $1.key.rawValue) < ($1.value.count, $0.key.rawValue) }?.value
      ?? losses
  }

  /// Lets new points be appended to a series.
  mutating func extend<Result>(
    _ name: MetricName, _ body: (inout MetricHistory) throws -> Result
  ) rethrows -> Result {
    // Taken out meanwhile, so that it is not copied.
    var points = series.removeValue(forKey: name) ?? MetricHistory()
    let before = points.pointCount
    defer {
      count += points.pointCount - before
      series[name] = points
    }
    return try body(&points)
  }
}
