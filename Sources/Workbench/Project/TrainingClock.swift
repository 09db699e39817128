import ProjectStore
import TerminalUI

/// Tells how long a run had trained when a point was measured. The time between a stop and a resume does not
/// count, and what a resume did again counts from where it went on.
struct TrainingClock: Sendable {
  /// By segment: the wall time at its start, and the time trained before it.
  private var starts: [Int: (wallTime: Double, before: Double)] = [:]

  /// - Parameter points: any series with a point at most steps, in the order of recording.
  init(run: Run, segments: [RunSegment], points: MetricHistory) {
    let first = points.first?.wallTime ?? 0
    // A worker that resumes may have noted its own start.
    let start = run.startedAt.map { min($0.timeIntervalSince1970, first) } ?? first
    starts[0] = (start, 0)
    for segment in segments {
      let before = points.lastKept(by: segment).map { seconds(at: points[$0]) } ?? 0
      starts[segment.segment] = (segment.startedAt.timeIntervalSince1970, before.isFinite ? before : 0)
    }
  }

  /// Seconds of training up to a point.
  func seconds(at point: MetricPoint) -> Double {
    let scale = scale(segment: point.segment)
    return max(scale.lowest, point.wallTime - scale.origin) + scale.start
  }

  /// How the wall times of a segment become seconds of training.
  func scale(segment: Int) -> PyramidPoints.Scale {
    let start = starts[segment] ?? starts[0] ?? (0, 0)
    return PyramidPoints.Scale(
      unit: MetricHistory.tick, origin: start.wallTime, lowest: 0, start: start.before)
  }
}
