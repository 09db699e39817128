import Foundation
import ProjectStore

/// When a run that should be training has been silent for too long.
///
/// The limit is ten median steps, but no less than twice the longest of the recent pauses between two steps — those with
/// an evaluation or a checkpoint in them — and no less than a minute. Silence is measured from the run's last sign of any
/// kind: a point of any series, or an event.
public struct StallRule: Sendable {
  public var steps = 10.0
  public var longestPauses = 2.0
  public var leastSeconds = 60.0

  public init(leastSeconds: Double = 60) { self.leastSeconds = leastSeconds }

  /// Steps that are looked at for the median and the longest pause.
  public static let window = 200

  /// Seconds of silence that are too many.
  ///
  /// - Parameter secondsPerStep: of the recent steps, in any order; `nil` comes of none.
  public func limit(secondsPerStep: some Sequence<Double>) -> Limit? {
    let sorted = secondsPerStep.filter { $0.isFinite && $0 >= 0 }.sorted()
    guard let longest = sorted.last else { return nil }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return Limit(seconds: max(steps * median, longestPauses * longest, leastSeconds), median: median)
  }

  public struct Limit: Equatable, Sendable {
    public var seconds: Double
    public var median: Double

    /// The alert's line.
    public var message: String {
      "no step for \(secondsText(seconds)), where the median step takes \(secondsText(median)): stalled"
    }
  }

  /// The alert, if a run has been silent for too long by now. Its time is when it became too long.
  ///
  /// - Parameters:
  ///   - lastSign: of the last point or event, or a later time from which silence counts.
  public func alert(
    run: Run.ID, step: Int, secondsPerStep: some Sequence<Double>, lastSign: Date, now: Date
  ) -> Alert? {
    guard now.timeIntervalSince(lastSign) > leastSeconds, let limit = limit(secondsPerStep: secondsPerStep),
      now.timeIntervalSince(lastSign) > limit.seconds
    else { return nil }
    return Alert(
      kind: .stalled, run: run, step: step, time: lastSign.addingTimeInterval(limit.seconds),
      message: limit.message)
  }
}
