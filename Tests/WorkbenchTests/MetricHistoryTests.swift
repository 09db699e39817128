import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// A run's measurements in little memory, and the curves made from them bit by bit.
@Suite struct MetricHistoryTests {
  private func point(_ step: Int, segment: Int = 0, value: Double = 1) -> MetricPoint {
    MetricPoint(
      step: step, trainedTokens: step * 700, epoch: Double(step) / 8,
      wallTime: 1_790_000_000 + Double(step) * 0.25, value: value, segment: segment)
  }

  private func resume(_ segment: Int, from step: Int) -> RunSegment {
    RunSegment(
      segment: segment, resumedStep: step, startedAt: Date(timeIntervalSince1970: 1_790_000_000))
  }

  /// Segments 0, 1, 2 with lost steps, some of which are told twice or out of order.
  private var resumed: (points: [MetricPoint], resumes: [RunSegment]) {
    var points = (1...3000).map { point($0) }
    points.insert(contentsOf: [point(1500), point(1498), point(2900)], at: 2000)
    points += (2501...2600).map { point($0, segment: 1) } + (2401...4000).map { point($0, segment: 2) }
    return (points, [resume(1, from: 2500), resume(2, from: 2400)])
  }

  @Test func pointsComeBack() {
    var history = MetricHistory()
    let (points, _) = resumed
    for point in points { history.append(point) }
    #expect(history.count == points.count && history.pointCount == points.count)
    #expect(Array(history) == points)
    var odd = MetricHistory()
    odd.append(
      MetricPoint(step: -7, trainedTokens: .max, epoch: .nan, wallTime: .infinity, value: 1e300, segment: 3))
    #expect(odd[0].step == -7 && odd[0].trainedTokens == .max && odd[0].segment == 3)
    #expect(odd[0].epoch.isNaN && odd[0].wallTime.isNaN && odd[0].value.isFinite)
  }

  @Test func stretchesSayOfEachPointWhetherItCounts() {
    let (points, resumes) = resumed
    var history = MetricHistory()
    for point in points { history.append(point) }
    let stretches = history.stretches(resumes)
    #expect(stretches.map(\.range.lowerBound) == [0] + stretches.map(\.range.upperBound).dropLast())
    #expect(stretches.last?.range.upperBound == points.count)
    for stretch in stretches {
      for point in points[stretch.range] {
        #expect(point.segment == stretch.segment)
        #expect(resumes.supersede(step: point.step, segment: point.segment) == stretch.isSuperseded)
      }
    }
    #expect(
      zip(stretches, stretches.dropFirst()).allSatisfy {
        $0.isSuperseded != $1.isSuperseded || $0.segment != $1.segment
      })
    for resume in resumes {
      #expect(
        history.lastKept(by: resume)
          == points.lastIndex { $0.segment < resume.segment && $0.step <= resume.resumedStep })
    }
    #expect(history.stretches([]).map(\.segment) == [0, 1, 2])
  }

  @Test(arguments: CurveOptions.Progress.allCases)
  func curvesGrowToWhatTheyWouldBeAtOnce(_ progress: CurveOptions.Progress) throws {
    let project = try TemporaryProject()
    let id = try project.addLiveRun("factual-60", steps: 2)
    let run = try project.store.run(id)
    var options = CurveOptions(smoothing: 0.9)
    options.progress = progress
    let (points, resumes) = resumed
    var history = RunHistory()
    var grown: RunCurves?
    for (index, var point) in points.enumerated() {
      point.value = index % 100 < 3 ? .nan : sin(Double(index)) + 2
      history.extend(.trainLoss) { $0.append(point) }
      if point.segment > history.segments.count { history.segments = Array(resumes.prefix(point.segment)) }
      if index % 370 == 0 { grown = RunCurves(run: run, history: history, options: options, before: grown) }
    }
    let final = RunCurves(run: run, history: history, options: options, before: grown)
    let fresh = RunCurves(run: run, history: history, options: options)
    #expect(final.smoothedTrain.count == 3 && final.latestTrain == fresh.latestTrain)
    for (a, b) in [(final.train, fresh.train), (final.smoothedTrain, fresh.smoothedTrain)] {
      #expect(a.map(\.isSuperseded) == b.map(\.isSuperseded))
      for (one, other) in zip(a, b) {
        #expect(one.points.xRange == other.points.xRange)
        let request = ColumnRequest(x: one.points.xRange ?? 0...1, count: 50)
        #expect(one.points.columns(request).buckets == other.points.columns(request).buckets)
      }
    }
    // Another smoothing begins anew.
    options.smooth(more: true)
    let stronger = RunCurves(run: run, history: history, options: options, before: final)
    #expect(stronger.latestTrain == RunCurves(run: run, history: history, options: options).latestTrain)
    #expect(stronger.latestTrain != final.latestTrain)
  }

  @Test func aSeriesTooLongToKeepStaysCounted() {
    var history = MetricHistory(maximumItems: 1000)
    for step in 0..<200_000 {
      history.append(point(step, segment: step < 150_000 ? 0 : 1, value: step == 77_777 ? 50 : 1))
    }
    #expect(history.pointCount == 200_000 && history.count <= 1000 && history.values.grain == 512)
    let points = history.current([resume(1, from: 149_999)])
    let all = points.columns(ColumnRequest(x: 0...200_000, count: 20)).buckets
    #expect(all.map(\.count).reduce(0, +) == 200_000)
    #expect(all.map(\.maximum).max() == 50 && all[7].maximum == 50)
    #expect(history.stretches([]).map(\.segment) == [0, 1])
  }

  /// The axis is that of the whole run from the first bite on, and the title says how much is there.
  @Test func whatIsStillReadHasItsPlace() throws {
    let project = try TemporaryProject()
    let id = try project.addLiveRun("factual-60", steps: 1)
    try project.store.append((2...4000).map { (.trainLoss, point($0)) }, run: id)
    var state = WorkbenchState(
      projectName: "p", size: Size(width: 100, height: 30), now: TemporaryProject.now)
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(project.store, biteSize: 1000))
    state.settle()
    let partial = state.frame().text
    #expect(bookmark.isUnfinished && partial.contains("loading 5 %"))
    #expect(state.curves[id]?.latestTrain == nil && state.curves[id]?.reach == 4000)
    // Points from everywhere: the line is there, though coarse.
    let preview = try #require(state.curves[id]?.preview.first)
    #expect(preview.points.xRange?.upperBound == 4000)
    let columns = preview.points.columns(ColumnRequest(x: 1000...4000, count: 30)).buckets
    #expect(columns.allSatisfy { $0.count > 0 })
    repeat { state.apply(try bookmark.read(project.store)) } while bookmark.isUnfinished
    state.settle()
    let whole = state.frame().text
    #expect(!whole.contains("loading") && state.curves[id]?.reach == nil)
    #expect(state.curves[id]?.preview.isEmpty == true)
    let axis = { (text: String) in
      text.split(separator: "\n").filter { $0.contains(" 2000 ") && $0.contains("step") }
    }
    #expect(axis(partial) == axis(whole) && !axis(whole).isEmpty)
  }
}
