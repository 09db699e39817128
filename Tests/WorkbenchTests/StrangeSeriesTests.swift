import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// Measurements as nobody wants them: every key that looks at them works, and what is drawn is true.
@Suite struct StrangeSeriesTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var steps: [Int]
    var losses: [Double]
  }

  static let cases = [
    Case(testDescription: "one point", steps: [1], losses: [2.5]),
    Case(testDescription: "all equal", steps: Array(1...50), losses: Array(repeating: 0.7, count: 50)),
    Case(testDescription: "from 1e-38 to 1e38", steps: [1, 2, 3, 4], losses: [1e-38, 1, 1e20, 1e38]),
    Case(testDescription: "negative", steps: [1, 2, 3], losses: [-1, -5, -0.1]),
    Case(testDescription: "gaps of 1e9 steps", steps: [1, 1_000_000_000, 3_000_000_000], losses: [3, 2, 1]),
    Case(testDescription: "no number at all", steps: [1, 2, 3], losses: [.nan, .infinity, -.infinity]),
    Case(
      testDescription: "steps at the ends of what is counted", steps: [0, 1, Int(Int32.max), Int.max / 2],
      losses: [1, 2, 3, 4]),
    Case(testDescription: "steps that do not grow", steps: [5, 5, 5, 4, 4, 9], losses: [1, 2, 3, 4, 5, 6]),
  ]

  private func project(_ series: Case) throws -> (TemporaryProject, Run.ID) {
    let project = try TemporaryProject()
    let run = try project.store.createRun(name: "strange", recipeJSON: "{}", modelName: "none")
    let start = TemporaryProject.now.timeIntervalSince1970 - 100
    try project.store.append(
      zip(series.steps, series.losses).enumerated().map { index, point in
        let metric = MetricPoint(
          step: point.0, trainedTokens: 100 * (index + 1), epoch: Double(index) / 10,
          wallTime: start + Double(index), value: point.1)
        return (.trainLoss, metric)
      }, run: run.id)
    try project.store.updateRun(run.id) {
      $0.state = .finished
      $0.step = series.steps.last ?? 0
      $0.trainLoss = series.losses.last
    }
    return (project, run.id)
  }

  @Test(arguments: cases)
  func everyLookAtIt(_ series: Case) throws {
    let (project, run) = try project(series)
    for size in [Size(width: 80, height: 24), Size(width: 40, height: 12), Size(width: 300, height: 90)] {
      var state = try project.state(size, screen: .runs)
      state.runList.pane = .curves
      for _ in CurveOptions.Progress.allCases {
        for keys in [
          ["y"], ["y"], ["C"], ["w"], ["w"], ["right", "right", "v", "right", "b"], ["z", "z", "z"],
          ["[", "]", "0"],
        ] {
          for key in keys { state.press(key) }
          #expect(state.frame().size == size)
        }
        state.press("C", "esc", "esc", "esc", "x")
        state.runList.pane = .curves
      }
      let history = try #require(state.histories[run])
      #expect(history[.trainLoss].count == series.losses.count)
    }
  }

  /// Each value that has a place is inside of the plot, and each that has none is counted.
  @Test(arguments: cases)
  func allOfItIsDrawnOrCounted(_ series: Case) throws {
    let (project, _) = try project(series)
    var state = try project.state(Size(width: 120, height: 36), screen: .runs)
    for scale in [AxisScale.linear, .logarithmic] {
      state.options.lossScale = scale
      state.settle()
      var chart = state.lossChart(width: 100, emptyText: "")
      chart.legend = []
      var grid = CellGrid(size: Size(width: 100, height: 30), glyphs: .unicode)
      let facts = chart.draw(in: &grid, grid.bounds)
      #expect(facts.above == 0 && facts.below == 0)
      #expect(facts.notANumber == series.losses.count { $0.isNaN })
      #expect(facts.infinite == series.losses.count { $0.isInfinite })
      let nonPositive = series.losses.count { $0.isFinite && $0 <= 0 }
      #expect(facts.nonPositive == (scale == .logarithmic ? nonPositive : 0))
      let drawable = series.losses.count { $0.isFinite } - facts.nonPositive
      #expect(grid.text.contains { ("\u{2801}"..."\u{28FF}").contains($0) } == (drawable > 0))
    }
  }
}
