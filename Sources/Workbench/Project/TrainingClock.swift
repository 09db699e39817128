import ProjectStore

/// Tells how long a run had trained when a point was measured. The time between a stop and a resume does not
/// count, and what a resume did again counts from where it went on.
struct TrainingClock: Sendable {
  /// By segment: the wall time at its start, and the time trained before it.
  private var starts: [Int: (wallTime: Double, before: Double)] = [:]

  /// - Parameter points: any series with a point at most steps, in the order of recording.
  init(run: Run, segments: [RunSegment], points: [MetricPoint]) {
    let first = points.first?.wallTime ?? 0
    // A worker that resumes may have noted its own start.
    let start = run.startedAt.map { min($0.timeIntervalSince1970, first) } ?? first
    starts[0] = (start, 0)
    for segment in segments {
      let kept = points.last { $0.segment < segment.segment && $0.step <= segment.resumedStep }
      let before = kept.map { seconds(at: $0) } ?? 0
      starts[segment.segment] = (segment.startedAt.timeIntervalSince1970, before.isFinite ? before : 0)
    }
  }

  /// Seconds of training up to a point.
  func seconds(at point: MetricPoint) -> Double {
    let start = starts[point.segment] ?? starts[0] ?? (0, 0)
    return max(0, point.wallTime - start.wallTime) + start.before
  }
}
