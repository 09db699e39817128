import ProjectStore
import TerminalUI

/// The loss curves of a run as a chart takes them. They are brought up to date only when there are new points or the
/// options change, not for every frame; points that were smoothed once are not smoothed again.
struct RunCurves: Sendable {
  /// What the curves were made from.
  struct Source: Hashable, Sendable {
    var pointCount: Int
    var isComplete: Bool
    var segmentCount: Int
    var progress: CurveOptions.Progress
    var smoothing: Double
  }

  let source: Source
  /// Where the run's measurements stand.
  let axis: RunAxis
  let train: [ChartSegment]
  /// The debiased moving average of the train loss; empty without smoothing.
  let smoothedTrain: [ChartSegment]
  let eval: [ChartSegment]
  /// Points of the train loss here and there where it is not read yet.
  let preview: [ChartSegment]
  /// The points of a run without losses, which say how far it got.
  var main: [ChartSegment] { axis.mainSegments }
  /// Where the run was resumed, on the x axis.
  let resumes: [Double]
  /// The newest train loss, smoothed as the curve is; `nil` while it is not read yet.
  let latestTrain: Double?
  /// How far the curves will reach when all is read.
  let reach: Double?
  private let smoothed: SmoothedSeries?

  /// - Parameter before: the curves of the same run as they were, whose smoothed points are taken over if they
  ///   still hold.
  init(run: Run, history: RunHistory, options: CurveOptions, before: RunCurves? = nil) {
    source = Source(history, options)
    let points = history[.trainLoss]
    axis = RunAxis(run: run, history: history, progress: options.progress)
    let segments = history.segments
    let stretches = points.stretches(segments)

    train = axis.segments(points.values, of: points, stretches)
    eval = axis.segments(
      history[.evalLoss].values, of: history[.evalLoss], history[.evalLoss].stretches(segments))
    // Buckets of many points cannot be smoothed.
    if options.smoothing > 0, points.values.grain == 1 {
      var smoothed = before?.smoothed ?? SmoothedSeries()
      smoothed.update(points, stretches, segments, weight: options.smoothing)
      let known = stretches.filter { !$0.isSuperseded }.compactMap { smoothed.known($0) }
      smoothedTrain = axis.segments(smoothed.values, of: points, known)
      latestTrain = history.isComplete ? smoothed.latest : nil
      self.smoothed = smoothed
    } else {
      smoothedTrain = []
      latestTrain = history.isComplete ? points.last?.value : nil
      smoothed = nil
    }
    preview =
      history.preview.map { [axis] sample in
        axis.segments(
          sample.values, of: sample, sample.stretches(segments).filter { !$0.isSuperseded })
      } ?? []
    reach = history.newest.map(axis.x)
    resumes = segments.compactMap { [axis] segment in
      points.lastKept(by: segment).map { axis.x(of: points[$0]) }
    }
  }

  /// Whether the curves are those of a history under these options.
  func isCurrent(_ history: RunHistory, _ options: CurveOptions) -> Bool {
    source == Source(history, options)
  }
}

/// The moving averages of a series, one for each of its points, to which new ones are appended.
private struct SmoothedSeries: Sendable {
  private(set) var values = ValuePyramid()
  private var average = ExponentialMovingAverage(weight: 0)
  private var segments: [RunSegment] = []
  /// The first point with an average.
  private var first: Int?

  var latest: Double? { average.value }

  /// Takes in the points that are new; all of them if the weight has changed, or what a resume did again.
  mutating func update(
    _ points: MetricHistory, _ stretches: [MetricHistory.Stretch], _ segments: [RunSegment], weight: Double
  ) {
    let fresh = ExponentialMovingAverage(weight: weight)
    if average.weight != fresh.weight || self.segments != segments || values.count > points.count {
      self = SmoothedSeries()
      average = fresh
      self.segments = segments
    }
    for stretch in stretches where stretch.range.upperBound > values.count {
      let range = max(values.count, stretch.range.lowerBound)..<stretch.range.upperBound
      if stretch.isSuperseded {
        for _ in range { values.append(.nan) }
      } else {
        if first == nil { first = points.values.firstFinite(in: range) }
        values.append(averagesOf: points.values, range, &average)
      }
    }
  }

  /// The part of a stretch that has averages.
  func known(_ stretch: MetricHistory.Stretch) -> MetricHistory.Stretch? {
    guard let first, first < stretch.range.upperBound else { return nil }
    var stretch = stretch
    stretch.range = max(first, stretch.range.lowerBound)..<stretch.range.upperBound
    return stretch
  }
}

extension RunCurves.Source {
  init(_ history: RunHistory, _ options: CurveOptions) {
    pointCount = history.count
    isComplete = history.isComplete
    segmentCount = history.segments.count
    progress = options.progress
    smoothing = options.smoothing
  }
}
