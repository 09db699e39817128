import Foundation
import ProjectStore
import TerminalUI

@testable import Workbench

/// Common to the suites that go through the checklist of terminal manners, a line a test.
enum Checklist {
  static let sizes = [
    Size(width: 80, height: 24), Size(width: 40, height: 12), Size(width: 300, height: 90),
  ]

  /// One run that is over and one that trains, with pairs.
  static func twoRuns() throws -> TemporaryProject {
    let project = try TemporaryProject()
    try project.addPairs()
    let done = try project.addLiveRun("factual-60", steps: 60, of: 60)
    try project.finish(done)
    _ = try project.addLiveRun("conceptual-60", steps: 84)
    return project
  }

  /// Runs without points, newest first `run-01`, `run-02`, …
  static func manyRuns(_ count: Int) throws -> TemporaryProject {
    let project = try TemporaryProject()
    for index in (1...count).reversed() {
      _ = try project.store.createRun(
        name: "run-" + String(format: "%02d", index), recipeJSON: "{}", modelName: "smollm2-135m",
        totalSteps: 9)
    }
    return project
  }
}

extension TemporaryProject {
  /// A finished run with these train losses, one a step from 1 on.
  @discardableResult
  func addRun(_ name: String, losses: [Double]) throws -> Run.ID {
    let run = try addLiveRun(name, steps: losses.count, of: losses.count, records: false)
    try append(losses, to: run, from: 1)
    try store.updateRun(run) {
      $0.step = losses.count
      $0.trainLoss = losses.last
    }
    try finish(run)
    return run
  }

  func append(_ losses: [Double], to run: Run.ID, from first: Int, segment: Int = 0) throws {
    let start = Self.now.timeIntervalSince1970 - 100_000
    try store.append(
      losses.enumerated().map { index, loss in
        let step = first + index
        return (
          .trainLoss,
          MetricPoint(
            step: step, trainedTokens: step * 700, epoch: Double(step) / 30,
            wallTime: start + Double(step) * 1.5, value: loss, segment: segment)
        )
      }, run: run)
  }

  /// The Runs screen with the curves of these runs, where there is room for one pane alone in that one.
  func curves(_ size: Size, of runs: [Run.ID] = []) throws -> WorkbenchState {
    var state = WorkbenchState(projectName: "data-center", size: size, now: Self.now)
    state.screen = .runs
    state.runList.marked = Set(runs)
    if size.width < 80 { state.runList.pane = .curves }
    try state.read(store)
    return state
  }
}

extension WorkbenchState {
  /// Reads all that a store has.
  mutating func read(_ store: ProjectStore) throws {
    var bookmark = ProjectBookmark()
    apply(try bookmark.read(store))
    repeat { apply(try bookmark.read(store, wanted: Set(runs.map(\.id)))) } while bookmark.isUnfinished
    settle()
  }

  /// Where the screen's chart has its plot.
  var plot: ChartGeometry? {
    let inside = chartsArea.insideBox
    return chartGeometry(at: Point(x: inside.x, y: inside.y))
  }
}

extension ChartGeometry {
  /// The column of the screen in which an x is.
  func column(of x: Double) -> Int {
    (area.x..<area.maxX).min { abs(self.x(ofColumn: $0) - x) < abs(self.x(ofColumn: $1) - x) } ?? area.x
  }
}

extension CellGrid {
  /// The places of cells that pass, in an area or everywhere.
  func places(in area: Rectangle? = nil, where passes: (Cell) -> Bool) -> [Point] {
    let area = area ?? Rectangle(size)
    return (area.y..<area.maxY).flatMap { y in
      (area.x..<area.maxX).compactMap { x in passes(self[x, y]) ? Point(x: x, y: y) : nil }
    }
  }

  func lines(_ area: Rectangle) -> [String] {
    (area.y..<area.maxY).map { y in String((area.x..<area.maxX).map { self[$0, y].character }) }
  }
}

extension Cell {
  var isBraille: Bool { character.unicodeScalars.allSatisfy { (0x2801...0x28FF).contains($0.value) } }

  func has(_ role: Role) -> Bool { style.foreground == .role(role) }
}
