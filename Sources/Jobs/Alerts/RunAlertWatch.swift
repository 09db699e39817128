import Foundation
import ProjectStore

/// Looks at the losses of a run, point by point, and says what is wrong with them: the detectors together.
///
///     var watch = RunAlertWatch(run: run.id)
///     alerts += watch.add(newPoints, unknownTime: file.modified)
///
/// A worker has one for its run, and a run that is followed by its logs has one where they are read. Whether a run stalls
/// is for ``StallRule``, which needs a clock.
public struct RunAlertWatch: Sendable {
  public let run: Run.ID
  private var train = NotANumberWatch()
  private var eval = NotANumberWatch()
  private var divergence = DivergenceWatch()
  private var overfitting = OverfittingWatch()

  public init(run: Run.ID) { self.run = run }

  /// Takes in points that are new. Series other than the losses are passed over.
  ///
  /// - Parameters:
  ///   - points: of several series in any order; they are looked at in that of segments and steps.
  ///   - unknownTime: when points happened whose own time says nothing about the calendar.
  public mutating func add(_ points: [(MetricName, MetricPoint)], unknownTime: Date) -> [Alert] {
    let losses = points.filter { $0.0 == .trainLoss || $0.0 == .evalLoss }
    let ordered = losses.enumerated().sorted { one, other in
      let (a, b) = (one.element, other.element)
      // An evaluation is of what its step made.
      return (a.1.segment, a.1.step, a.0 == .evalLoss ? 1 : 0, one.offset)
        < (b.1.segment, b.1.step, b.0 == .evalLoss ? 1 : 0, other.offset)
    }
    return ordered.flatMap { add($0.element.0, $0.element.1, unknownTime: unknownTime) }
  }

  /// Takes in one point, in the order of steps.
  public mutating func add(_ series: MetricName, _ point: MetricPoint, unknownTime: Date) -> [Alert] {
    var found: [(Alert.Kind, String)] = []
    switch series {
    case .trainLoss:
      if let what = train.add(point.value) {
        found.append((.nan, "train loss is \(what) at step \(point.step)"))
      }
      overfitting.train(loss: point.value)
      if let message = divergence.add(step: point.step, loss: point.value) {
        found.append((.diverging, message))
      }
    case .evalLoss:
      if let what = eval.add(point.value) {
        found.append((.nan, "eval loss is \(what) at step \(point.step)"))
      }
      if let message = overfitting.evaluated(loss: point.value) { found.append((.overfitting, message)) }
    default: break
    }
    guard !found.isEmpty else { return [] }
    let isDate = point.wallTime >= Self.smallestDate
    let time = isDate ? Date(timeIntervalSince1970: point.wallTime) : unknownTime
    return found.map { Alert(kind: $0.0, run: run, step: point.step, time: time, message: $0.1) }
  }

  /// Learns from what a run has recorded up to a step and no resume did again, and tells nothing of it: that was told.
  mutating func replay(_ store: ProjectStore, upTo step: Int) throws {
    let segments = try store.segments(run: run)
    var points: [(MetricName, MetricPoint)] = []
    for series in [MetricName.trainLoss, .evalLoss] {
      // The evaluation of the base model is not one of the run.
      _ = try store.readMetrics(run: run, series: series) { point in
        if point.step > 0, point.step <= step, !segments.supersede(step: point.step, segment: point.segment) {
          points.append((series, point))
        }
      }
    }
    _ = add(points, unknownTime: .now)
  }

  /// Times before this, in 1973, count from the start of a training.
  private static let smallestDate = 1e8
}
