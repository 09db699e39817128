import ProjectStore
import TerminalUI

/// Where the measurements of a run stand on the x axis of its curves.
struct RunAxis: Sendable {
  let progress: CurveOptions.Progress
  private let clock: TrainingClock
  /// Whether wall times are those of the calendar: some logs count from their own start.
  private let isDated: Bool
  private let resumes: [RunSegment]
  private let points: MetricHistory

  init(run: Run, history: RunHistory, progress: CurveOptions.Progress) {
    self.progress = progress
    points = history.main
    resumes = history.segments
    clock = TrainingClock(run: run, segments: history.segments, points: points)
    isDated = LogPlaces.isDate(points.first?.wallTime ?? .nan)
  }

  /// NaN where that is not known.
  func x(of point: MetricPoint) -> Double {
    switch progress {
    case .step: Double(point.step)
    case .tokens: point.trainedTokens == MetricPoint.unknownTokens ? .nan : Double(point.trainedTokens)
    case .epoch: point.epoch
    case .time: clock.seconds(at: point)
    case .wall: isDated ? point.wallTime : .nan
    }
  }

  /// Where a step stands that no resume did again: at the last measurement up to it.
  func x(ofStep step: Int) -> Double? {
    guard let index = points.lastIndex(ofStep: step, resumes) else { return nil }
    let x = x(of: points[index])
    return x.isFinite ? x : nil
  }

  /// The moments of the run.
  var mainSegments: [ChartSegment] { segments(points) }

  /// All of a series, in the stretches in which it was measured.
  func segments(_ series: MetricHistory) -> [ChartSegment] {
    segments(series.values, of: series, series.stretches(resumes))
  }

  /// Values at the places of a series.
  func segments(
    _ values: ValuePyramid, of points: MetricHistory, _ stretches: [MetricHistory.Stretch]
  ) -> [ChartSegment] {
    guard progress != .wall || isDated else { return [] }
    return stretches.map { stretch in
      ChartSegment(
        PyramidPoints(
          values, over: column(of: points), parts: [(stretch.range, scale(segment: stretch.segment))]),
        isSuperseded: stretch.isSuperseded)
    }
  }

  private func column(of points: MetricHistory) -> IntegerColumn {
    switch progress {
    case .step: points.steps
    case .tokens: points.trainedTokens
    case .epoch: points.epochs
    case .time, .wall: points.wallTimes
    }
  }

  private func scale(segment: Int) -> PyramidPoints.Scale {
    switch progress {
    case .step, .tokens: .identity
    case .epoch, .wall: PyramidPoints.Scale(unit: MetricHistory.tick)
    case .time: clock.scale(segment: segment)
    }
  }
}
