import Foundation
import ProjectStore

/// When a run that should be training has been silent for too long.
///
/// The limit is ten times the median of the recent pauses between two points, but no less than twice the longest of them
/// — the one with an evaluation or a checkpoint in it — and no less than a minute. Silence is measured from the run's
/// last sign of any kind: a point of any series, or an event.
public struct StallRule: Sendable {
  public var medians = 10.0
  public var longestPauses = 2.0
  public var leastSeconds = 60.0

  public init(leastSeconds: Double = 60) { self.leastSeconds = leastSeconds }

  /// Pauses that are looked at: enough that an evaluation is among them.
  public static let window = 2000

  public struct Limit: Equatable, Sendable {
    /// Of silence, more of which is too long.
    public var seconds: Double
    public var median: Double
  }

  /// - Parameter pauses: seconds between the recent points, in any order; of none `nil` comes.
  public func limit(pauses: some Sequence<Double>) -> Limit? {
    let sorted = pauses.filter { $0.isFinite && $0 >= 0 }.sorted()
    guard let longest = sorted.last else { return nil }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return Limit(seconds: max(medians * median, longestPauses * longest, leastSeconds), median: median)
  }

  /// The alert, if a run has been silent for too long by now. Its time is when it became too long.
  ///
  /// - Parameters:
  ///   - pauses: only asked for where the silence is longer than the least.
  ///   - lastSign: of the last point or event, or a later time from which silence counts.
  public func alert(
    run: Run.ID, step: Int, pauses: @autoclosure () -> [Double], lastSign: Date, now: Date
  ) -> Alert? {
    let silence = now.timeIntervalSince(lastSign)
    guard silence > leastSeconds, let limit = limit(pauses: pauses()), silence > limit.seconds else {
      return nil
    }
    return Alert(
      kind: .stalled, run: run, step: step, time: lastSign.addingTimeInterval(limit.seconds),
      message:
        "silent for \(secondsText(limit.seconds)); between two points \(secondsText(limit.median)) are usual: stalled"
    )
  }
}
