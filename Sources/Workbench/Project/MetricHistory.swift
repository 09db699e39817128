import Foundation
import ProjectStore
import TerminalUI

/// A series of a run as it was recorded, in some ten bytes a point: values in Float under a pyramid of their minima and
/// maxima, and the places of the points on each x axis in a column of its own.
///
/// Copies share what is full, so that one may be shown while more is appended to another.
struct MetricHistory: Equatable, Sendable {
  /// Items kept of a series. Beyond them its points are summed up in buckets of 64, then 512, …: their counts, minima
  /// and maxima stay exact, their places are those of the first of each bucket.
  static let maximumItems = 1 << 21

  private(set) var values = ValuePyramid()
  private(set) var steps = IntegerColumn()
  private(set) var trainedTokens = IntegerColumn()
  /// In ticks, as ``wallTimes``.
  private(set) var epochs = IntegerColumn()
  /// Ticks since 1970.
  private(set) var wallTimes = IntegerColumn()
  /// Where each segment begins, in the order of recording.
  private var starts: [SegmentStart] = []
  private let maximumItems: Int

  /// A second, or a pass over the training set, in ticks: fine enough for a thousand steps a second, and coarse enough
  /// that times which jitter take two bytes.
  private static let ticks = Double(1 << 16)
  /// The unit of columns that are in ticks.
  static let tick = 1 / ticks

  private struct SegmentStart: Equatable {
    var segment: Int
    var index: Int
  }

  init(maximumItems: Int = Self.maximumItems) {
    self.maximumItems = maximumItems
  }

  /// Points appended, which are more than the items when those are buckets.
  var pointCount: Int { values.valueCount }

  mutating func append(_ point: MetricPoint) {
    if values.beginsItem {
      if starts.last?.segment != point.segment {
        starts.append(SegmentStart(segment: point.segment, index: values.count))
      }
      steps.append(Int64(point.step))
      trainedTokens.append(Int64(point.trainedTokens))
      epochs.append(Self.inTicks(point.epoch))
      wallTimes.append(Self.inTicks(point.wallTime))
    }
    values.append(Float(keepingKindOf: point.value))
    if values.count > maximumItems { coarsen() }
  }

  private mutating func coarsen() {
    let factor = values.coarsen()
    guard factor > 1 else { return }
    steps = steps.thinned(by: factor)
    trainedTokens = trainedTokens.thinned(by: factor)
    epochs = epochs.thinned(by: factor)
    wallTimes = wallTimes.thinned(by: factor)
    // A bucket belongs to the segment of its first point.
    for index in starts.indices { starts[index].index = (starts[index].index + factor - 1) / factor }
  }

  private static func inTicks(_ value: Double) -> Int64 {
    guard value.isFinite else { return IntegerColumn.unknown }
    let bound = Double(1 << 62)
    return Int64(Swift.min(Swift.max((value * ticks).rounded(), -bound), bound))
  }

  private static func fromTicks(_ number: Int64) -> Double {
    number == IntegerColumn.unknown ? .nan : Double(number) * tick
  }

  // MARK: Stretches

  /// Consecutive points of one segment, all of which count or none.
  struct Stretch: Equatable {
    var range: Range<Int>
    var segment: Int
    var isSuperseded: Bool
  }

  /// The whole series in its stretches, in the order of recording.
  func stretches(_ resumes: [RunSegment]) -> [Stretch] {
    var stretches: [Stretch] = []
    func add(_ range: Range<Int>, _ segment: Int, isSuperseded: Bool) {
      guard !range.isEmpty else { return }
      if let last = stretches.last, last.segment == segment, last.isSuperseded == isSuperseded {
        stretches[stretches.count - 1].range = last.range.lowerBound..<range.upperBound
      } else {
        stretches.append(Stretch(range: range, segment: segment, isSuperseded: isSuperseded))
      }
    }
    for (range, segment) in segmentRanges {
      // A later segment did again what lies beyond the step that it went on from.
      guard let kept = resumes.filter({ $0.segment > segment }).map(\.resumedStep).min() else {
        add(range, segment, isSuperseded: false)
        continue
      }
      for part in steps.ascendingRanges(in: range) {
        let end = steps.firstIndex(above: Int64(kept), in: part)
        add(part.lowerBound..<end, segment, isSuperseded: false)
        add(end..<part.upperBound, segment, isSuperseded: true)
      }
    }
    return stretches
  }

  private var segmentRanges: [(range: Range<Int>, segment: Int)] {
    starts.indices.map { index in
      let end = index + 1 < starts.count ? starts[index + 1].index : count
      return (starts[index].index..<end, starts[index].segment)
    }
  }

  /// The newest point that a resumed run went on from.
  func lastKept(by resume: RunSegment) -> Int? {
    for (range, segment) in segmentRanges.reversed() where segment < resume.segment {
      if let index = steps.lastIndex(atMost: Int64(resume.resumedStep), in: range) { return index }
    }
    return nil
  }

  /// The last point up to a step that no resume did again.
  func lastIndex(ofStep step: Int, _ resumes: [RunSegment]) -> Int? {
    for stretch in stretches(resumes).reversed() where !stretch.isSuperseded {
      if let index = steps.lastIndex(atMost: Int64(step), in: stretch.range) { return index }
    }
    return nil
  }

  /// The points over their steps that no resume did again.
  func current(_ resumes: [RunSegment]) -> PyramidPoints {
    let parts = stretches(resumes).filter { !$0.isSuperseded }.map {
      ($0.range, PyramidPoints.Scale.identity)
    }
    return PyramidPoints(values, over: steps, parts: parts)
  }
}

/// The points themselves; of buckets their first ones.
extension MetricHistory: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { values.count }

  subscript(index: Int) -> MetricPoint {
    MetricPoint(
      step: Int(steps[index]), trainedTokens: Int(trainedTokens[index]),
      epoch: Self.fromTicks(epochs[index]), wallTime: Self.fromTicks(wallTimes[index]),
      value: Double(values[index]), segment: segment(of: index))
  }

  private func segment(of index: Int) -> Int {
    starts.last { $0.index <= index }?.segment ?? 0
  }
}
