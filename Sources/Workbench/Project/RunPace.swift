import Foundation
import ProjectStore

/// How fast a run goes, by its recent steps.
struct RunPace: Equatable, Sendable {
  /// The median of the times of the recent steps, in seconds: a checkpoint or a pause between two of them
  /// does not move it.
  var secondsPerStep: Double

  /// Steps that count as recent.
  static let window = 24

  /// `nil` before two steps of the newest segment are known.
  init?(_ trainLoss: some BidirectionalCollection<MetricPoint>) {
    guard let segment = trainLoss.last?.segment else { return nil }
    let recent = trainLoss.suffix(Self.window + 1).filter { $0.segment == segment }
    let times = zip(recent, recent.dropFirst()).compactMap { before, after -> Double? in
      let steps = after.step - before.step
      let seconds = after.wallTime - before.wallTime
      guard steps > 0, seconds.isFinite, seconds >= 0 else { return nil }
      return seconds / Double(steps)
    }.sorted()
    guard !times.isEmpty else { return nil }
    let middle = times.count / 2
    secondsPerStep = times.count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2
  }

  /// Seconds until a run has done all its steps; `nil` if it does not know how many those are.
  func secondsLeft(_ run: Run) -> Double? {
    run.totalSteps.map { secondsPerStep * Double(max(0, $0 - run.step)) }
  }
}
