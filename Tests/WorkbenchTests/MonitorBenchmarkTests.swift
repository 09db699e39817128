import Foundation
import Jobs
import Testing

@testable import Workbench

/// The bench on little data: that it measures all, and that what it looks at is there.
@Suite struct MonitorBenchmarkTests {
  @Test func itHasTheScoreboardsRows() throws {
    let report = try MonitorBenchmark(pointCount: 20_000, runCount: 2, pointsPerRun: 300, repeats: 1).run()
    #expect(
      Set(report.rows.map(\.name)) == [
        "first_useful_frame_seconds", "load_8_runs_100k_points_seconds", "load_1m_points_seconds",
        "resident_bytes_at_1m_points", "zoom_redraw_seconds", "spike_visible", "nan_marked",
        "smoothing_survives_nan", "append_redraw_seconds", "smoothing_redraw_seconds",
      ])
    for name in ["spike_visible", "nan_marked", "smoothing_survives_nan"] {
      #expect(report[name] == .holds(true), "\(name)")
    }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let json = String(decoding: try encoder.encode(report), as: UTF8.self)
    #expect(json.contains(#""load_8_runs_100k_points_seconds":"#) && json.contains(#""nan_marked":true"#))
    #expect(report.lines.count == report.rows.count)
  }

  @Test func itListsManyRuns() throws {
    let rows = try RunListBenchmark(runCount: 30, repeats: 1).run()
    #expect(
      rows.map(\.name) == [
        "read_2000_runs_seconds", "list_2000_runs_frame_seconds", "filter_and_sort_2000_runs_seconds",
        "change_among_2000_runs_seconds", "hostile_pattern_2000_runs_seconds",
      ])
    #expect(rows.allSatisfy { $0.goal == nil && $0.figure != .seconds(0) })
  }

  /// The program itself, on a pseudo-terminal; beside training it is measured by `assay bench monitor`.
  @Test func itWatchesTheProgramFromOutside() throws {
    let program = WorkerProcess.ownExecutable.deletingLastPathComponent().appendingPathComponent("assay")
    var told: [String] = []
    let rows = try LiveScreenBenchmark(seconds: 1, model: nil, executable: program).run { told.append($0) }
    #expect(rows.map(\.name) == ["terminal_restored", "bytes_per_idle_minute"])
    #expect(rows.map(\.isMet) == [true, true], "\(told)")
  }

  @Test func aGoalIsMissedByWhatIsBeyondIt() {
    let rows: [MonitorReport.Row] = [
      .init("a", .share(0.031), goal: .atMost(.share(0.03))),
      .init("b", .share(0.03), goal: .atMost(.share(0.03))),
      .init("c", .bytes(1), goal: .atMost(.bytes(0))), .init("d", .seconds(1), goal: .atMost(.bytes(5))),
    ]
    #expect(rows.map(\.isMet) == [false, true, false, false])
    #expect(MonitorReport(rows: rows).lines[0].contains("3.1 %   missed, at most 3 %"))
  }
}
