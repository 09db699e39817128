import ProjectStore
import TerminalUI

/// The loss curves of a run as a chart takes them. They are made anew only when there are new points or the
/// options change, not for every frame.
struct RunCurves: Sendable {
  /// What the curves were made from.
  struct Source: Hashable, Sendable {
    var pointCount: Int
    var segmentCount: Int
    var progress: CurveOptions.Progress
    var smoothing: Double
  }

  let source: Source
  let train: [ChartSegment]
  /// The debiased moving average of the train loss; empty without smoothing.
  let smoothedTrain: [ChartSegment]
  let eval: [ChartSegment]
  /// Where the run was resumed, on the x axis.
  let resumes: [Double]
  /// The newest train loss, smoothed as the curve is.
  let latestTrain: Double?

  init(run: Run, history: RunHistory, options: CurveOptions) {
    source = Source(history, options)
    let trainPoints = history[.trainLoss]
    let position = Position(run: run, history: history, progress: options.progress)
    let segments = history.segments

    train = Self.segments(of: trainPoints, segments) { ChartPoint(x: position.x(of: $0), y: $0.value) }
    eval = Self.segments(of: history[.evalLoss], segments) {
      ChartPoint(x: position.x(of: $0), y: $0.value)
    }
    var average = ExponentialMovingAverage(weight: options.smoothing)
    var smoothed: [ChartSegment] = []
    if options.smoothing > 0 {
      for stretch in Self.stretches(of: trainPoints, segments) where !stretch.isSuperseded {
        let points = trainPoints[stretch.range].compactMap { point in
          average.add(point.value).map { ChartPoint(x: position.x(of: point), y: $0) }
        }
        smoothed.append(ChartSegment(PointArray(points)))
      }
    }
    smoothedTrain = smoothed
    latestTrain = options.smoothing > 0 ? average.value : trainPoints.last?.value
    resumes = segments.compactMap { segment in
      trainPoints.last { $0.segment < segment.segment && $0.step <= segment.resumedStep }.map {
        position.x(of: $0)
      }
    }
  }

  /// Whether the curves are those of a history under these options.
  func isCurrent(_ history: RunHistory, _ options: CurveOptions) -> Bool {
    source == Source(history, options)
  }

  // MARK: - Stretches

  /// Consecutive points of one segment, all of which count or none.
  private struct Stretch {
    var range: Range<Int>
    var isSuperseded: Bool
  }

  private static func stretches(of points: [MetricPoint], _ segments: [RunSegment]) -> [Stretch] {
    var stretches: [Stretch] = []
    var segment: Int?
    for (index, point) in points.enumerated() {
      let isSuperseded = segments.supersede(step: point.step, segment: point.segment)
      if let last = stretches.last, segment == point.segment, last.isSuperseded == isSuperseded {
        stretches[stretches.count - 1].range = last.range.lowerBound..<index + 1
      } else {
        stretches.append(Stretch(range: index..<index + 1, isSuperseded: isSuperseded))
      }
      segment = point.segment
    }
    return stretches
  }

  private static func segments(
    of points: [MetricPoint], _ segments: [RunSegment], _ convert: (MetricPoint) -> ChartPoint
  ) -> [ChartSegment] {
    stretches(of: points, segments).map { stretch in
      ChartSegment(
        PointArray(points[stretch.range].map(convert)), isSuperseded: stretch.isSuperseded)
    }
  }

  /// A measurement's place on the x axis.
  private struct Position {
    let progress: CurveOptions.Progress
    let clock: TrainingClock

    init(run: Run, history: RunHistory, progress: CurveOptions.Progress) {
      self.progress = progress
      clock = TrainingClock(run: run, segments: history.segments, points: history[.trainLoss])
    }

    func x(of point: MetricPoint) -> Double {
      switch progress {
      case .step: Double(point.step)
      case .tokens: Double(point.trainedTokens)
      case .time: clock.seconds(at: point)
      }
    }
  }
}

extension RunCurves.Source {
  init(_ history: RunHistory, _ options: CurveOptions) {
    pointCount = history.count
    segmentCount = history.segments.count
    progress = options.progress
    smoothing = options.smoothing
  }
}
