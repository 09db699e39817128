import Foundation
import Jobs
import ProjectStore
import TrainingLogs

extension RunAlertWatch {
  /// Looks at the losses of a followed run that were not looked at yet, and tells what is wrong with them as events.
  ///
  /// - Parameters:
  ///   - taken: by the log's name of a series, how many of its points are known.
  ///   - written: when points happened of a log without times.
  mutating func events(
    in followed: FollowedRun, _ names: LossNames, after taken: (String) -> Int, written: Date
  ) -> [RunEvent] {
    func cursor(_ name: MetricName) -> SeriesCursor? {
      followed.series.first { names[$0.name] == name }.map { SeriesCursor($0, from: taken($0.name)) }
    }
    var train = cursor(.trainLoss)
    var eval = cursor(.evalLoss)
    var found: [Alert] = []
    while true {
      let (step, evaluation) = (train?.next, eval?.next)
      // An evaluation comes after the step that it is of.
      if let step, evaluation.map({ (step.segment, step.point.step) <= ($0.segment, $0.point.step) }) ?? true
      {
        found += add(.trainLoss, step.metric, unknownTime: written)
        train?.advance()
      } else if let evaluation {
        found += add(.evalLoss, evaluation.metric, unknownTime: written)
        eval?.advance()
      } else {
        break
      }
    }
    return found.map {
      RunEvent(
        run: run, time: $0.time, step: $0.step, kind: RunEvent.Kind(rawValue: $0.kind.rawValue),
        message: $0.message)
    }
  }
}

/// Goes through the points of a series.
private struct SeriesCursor {
  struct Place {
    var segment: Int
    var point: LogPoint

    var metric: MetricPoint {
      MetricPoint(
        step: point.step, trainedTokens: MetricPoint.unknownTokens, epoch: .nan, wallTime: point.time,
        value: point.value, segment: segment)
    }
  }

  private let series: LogSeries
  private var index: Int
  /// Of the segment in the series.
  private var part = 0

  init(_ series: LogSeries, from index: Int) {
    self.series = series
    self.index = index
    findSegment()
  }

  var next: Place? {
    guard index < series.points.count, part < series.segments.count else { return nil }
    return Place(segment: series.segments[part].number, point: series.points[index])
  }

  mutating func advance() {
    index += 1
    findSegment()
  }

  private mutating func findSegment() {
    while part + 1 < series.segments.count, series.segments[part + 1].start <= index { part += 1 }
  }
}
