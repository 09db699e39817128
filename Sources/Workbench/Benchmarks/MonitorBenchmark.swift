import Dispatch
import Foundation
import Jobs
import ProjectStore
import TerminalUI

/// Measures how the workbench does with long runs: reading them, drawing them, and whether what it draws is true.
///
/// The store, the states and the frames are those of the workbench; only the terminal is left out. A part measures one
/// thing and answers with rows, so that more can be added.
public struct MonitorBenchmark: Sendable {
  /// Points of the long run.
  public var pointCount: Int
  /// Runs that are laid over each other, and the points of each.
  public var runCount: Int
  public var pointsPerRun: Int
  /// Measurements of which the median is told.
  public var repeats: Int
  /// The time that the program took to begin, which belongs to its first frame.
  public var launchSeconds: Double
  public var size: Size

  public init(
    pointCount: Int = 1_000_000, runCount: Int = 8, pointsPerRun: Int = 100_000, repeats: Int = 5,
    launchSeconds: Double = 0, size: Size = Size(width: 200, height: 50)
  ) {
    self.pointCount = pointCount
    self.runCount = runCount
    self.pointsPerRun = pointsPerRun
    self.repeats = max(1, repeats)
    self.launchSeconds = launchSeconds
    self.size = size
  }

  /// - Parameter progress: told what is done next.
  public func run(progress: (String) -> Void = { _ in }) throws -> MonitorReport {
    var long = try BenchmarkProject()
    defer { long.remove() }
    var many = try BenchmarkProject()
    defer { many.remove() }
    progress("writing a run of \(NumberText.count(pointCount)) points")
    try long.addRun(pointCount: pointCount)

    var report = MonitorReport()
    // First, before the other parts leave their memory behind.
    progress("reading it")
    report.rows += try loadingOfOne(long)
    progress("zooming")
    report.rows += try zooming(long)
    progress("looking at what is drawn")
    report.rows += try honesty(long)
    progress("appending to it")
    report.rows += try changing(long)
    progress("writing \(runCount) runs of \(NumberText.count(pointsPerRun)) points")
    for _ in 0..<runCount { try many.addRun(pointCount: pointsPerRun) }
    progress("reading them")
    report.rows += try loadingOfMany(many)
    // The goals are those of a million points, and of eight runs.
    if (pointCount, runCount, pointsPerRun) != (1_000_000, 8, 100_000) {
      for index in report.rows.indices { report.rows[index].goal = nil }
    }
    return report
  }

  // MARK: Loading

  private struct Loading {
    var store: ProjectStore
    var state: WorkbenchState
    var bookmark = ProjectBookmark()
    /// Until a frame shows points.
    var firstFrame = 0.0
    /// Until a frame shows all of them.
    var seconds = 0.0

    /// Reads what is new and draws it.
    mutating func readAndDraw(_ runs: [Run.ID]) throws {
      state.apply(try bookmark.read(store, wanted: Set(runs)))
      state.settle()
      _ = state.frame()
    }
  }

  /// Opens a project and reads it to the end, with a frame after each bite.
  private func load(_ project: BenchmarkProject) throws -> Loading {
    let start = DispatchTime.now()
    var loading = Loading(
      store: try ProjectStore.open(projectFolder: project.folder),
      state: WorkbenchState(projectName: "bench", size: size, now: .now))
    loading.state.screen = .runs
    repeat {
      try loading.readAndDraw(project.runs)
      // All runs are marked as soon as they are known.
      if project.runs.count > 1 { loading.state.runList.marked = Set(project.runs) }
      if loading.firstFrame == 0, loading.state.curves.values.contains(where: { $0.train.first != nil }) {
        loading.firstFrame = start.secondsAgo
      }
    } while loading.bookmark.isUnfinished
    loading.seconds = start.secondsAgo
    return loading
  }

  private func loadingOfOne(_ project: BenchmarkProject) throws -> [MonitorReport.Row] {
    let resident: Int
    var times: [(first: Double, all: Double)] = []
    do {
      let loading = try load(project)
      resident = ProcessFacts.residentBytes
      times.append((loading.firstFrame, loading.seconds))
    }
    while times.count < repeats {
      let loading = try load(project)
      times.append((loading.firstFrame, loading.seconds))
    }
    return [
      .init(
        "first_useful_frame_seconds", .seconds(launchSeconds + median(times.map(\.first))),
        goal: .atMost(.seconds(0.15))),
      .init(
        "load_1m_points_seconds", .seconds(median(times.map(\.all))), goal: .atMost(.seconds(1.5))),
      .init("resident_bytes_at_1m_points", .bytes(resident), goal: .atMost(.bytes(60_000_000))),
    ]
  }

  private func loadingOfMany(_ project: BenchmarkProject) throws -> [MonitorReport.Row] {
    let seconds = try (0..<repeats).map { _ in try load(project).seconds }
    return [.init("load_8_runs_100k_points_seconds", .seconds(median(seconds)), goal: .atMost(.seconds(0.5)))]
  }

  // MARK: Drawing

  /// Whole frames over ever smaller parts of the x axis, around a place in the middle and back.
  private func zooming(_ project: BenchmarkProject) throws -> [MonitorReport.Row] {
    var state = try load(project).state
    let whole = Double(pointCount)
    var seconds: [Double] = []
    for repetition in 0..<repeats {
      for depth in 0..<8 {
        let width = whole / Double(1 << (2 * depth))
        let start = (whole - width) * Double(repetition + 1) / Double(repeats + 1)
        let begin = DispatchTime.now()
        state.options.window = .part(start...start + width)
        state.settle()
        _ = state.frame()
        seconds.append(begin.secondsAgo)
      }
    }
    return [.init("zoom_redraw_seconds", .seconds(median(seconds)), goal: .atMost(.seconds(0.016)))]
  }

  /// Whole frames after what a live run and a key change: some new points, another smoothing.
  private func changing(_ project: BenchmarkProject) throws -> [MonitorReport.Row] {
    var loading = try load(project)
    var (appends, smoothings) = ([Double](), [Double]())
    for repetition in 0..<4 * repeats {
      let step = pointCount + repetition * 10
      try loading.store.append(
        (step..<step + 10).map { step in
          let point = MetricPoint(
            step: step, trainedTokens: 600 * step, epoch: Double(step) / 640,
            wallTime: 1_790_000_000 + Double(step),
            value: 1)
          return (.trainLoss, point)
        }, run: project.runs[0])
      let begin = DispatchTime.now()
      try loading.readAndDraw(project.runs)
      appends.append(begin.secondsAgo)
    }
    for repetition in 0..<repeats {
      loading.state.options.smooth(more: repetition % 2 == 0)
      let begin = DispatchTime.now()
      loading.state.settle()
      _ = loading.state.frame()
      smoothings.append(begin.secondsAgo)
    }
    return [
      .init("append_redraw_seconds", .seconds(median(appends))),
      .init("smoothing_redraw_seconds", .seconds(median(smoothings))),
    ]
  }

  /// One value of 50 among a million near 1, and values that are no numbers: are they seen, and does the smoothed
  /// line go on after them?
  private func honesty(_ project: BenchmarkProject) throws -> [MonitorReport.Row] {
    var state = try load(project).state
    state.screen = .overview
    var chart = state.lossChart(width: size.width, emptyText: "")
    chart.legend = []
    var grid = CellGrid(size: size, glyphs: .unicode)
    let facts = chart.draw(in: &grid, grid.bounds)

    // A smooth line stays near 1, so the upper half of the plot is empty but for the spike.
    let place = Double(BenchmarkProject.spikeStep(of: pointCount)) / Double(pointCount)
    let spike = (0..<size.width).filter { x in
      x > size.width / 10 && (1..<size.height / 2).allSatisfy { !grid[x, $0].isBlank }
    }
    let isSpikeThere = spike.contains { abs(Double($0) / Double(size.width) - place) < 0.08 }
    let marks = (0..<size.width).filter { x in
      (0..<size.height).contains { grid[x, $0].character == grid.glyphs.notANumber }
    }

    let holes = BenchmarkProject.notANumberSteps(of: pointCount)
    let after = Double(holes.lowerBound)...Double(pointCount - 1)
    let smoothed = state.curves.values.first?.smoothedTrain ?? []
    let columns = smoothed.flatMap { $0.points.columns(ColumnRequest(x: after, count: 100)).buckets }
    return [
      .init("spike_visible", .holds(isSpikeThere), goal: .holds),
      .init(
        "nan_marked", .holds(!marks.isEmpty && facts.notANumber == holes.count), goal: .holds),
      .init(
        "smoothing_survives_nan",
        .holds(columns.count == 100 && columns.allSatisfy { $0.count > 0 && $0.notANumber == 0 }),
        goal: .holds),
    ]
  }
}

extension DispatchTime {
  fileprivate var secondsAgo: Double {
    Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) / 1e9
  }
}

private func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
