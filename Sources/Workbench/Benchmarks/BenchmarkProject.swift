import Foundation
import ProjectStore

/// A project with runs of many points, in a temporary folder.
struct BenchmarkProject {
  let folder: URL
  /// In the order of their making.
  private(set) var runs: [Run.ID] = []

  /// The run's loss is near 1 but for one step, and not a number at some.
  static let spike: Float = 50
  static let notANumberCount = 3
  static func spikeStep(of count: Int) -> Int { count / 9 * 7 }
  static func notANumberSteps(of count: Int) -> Range<Int> { count / 3..<count / 3 + notANumberCount }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-bench-\(UUID().uuidString)")
    try ProjectStore.open(projectFolder: folder, create: true).close()
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// Adds a finished run with so many points of train loss, in transactions as a fast run writes them.
  mutating func addRun(pointCount: Int) throws {
    let store = try ProjectStore.open(projectFolder: folder)
    let start = Date(timeIntervalSince1970: 1_790_000_000)
    let run = try store.createRun(
      name: "run-\(runs.count + 1)", recipeJSON: "{}", modelName: "none", totalSteps: pointCount, at: start)
    runs.append(run.id)
    // A linear congruential generator: the same points everywhere.
    var random = UInt64(runs.count)
    func next() -> Double {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(random >> 40) / Double(1 << 24)
    }
    let spike = Self.spikeStep(of: pointCount)
    let holes = Self.notANumberSteps(of: pointCount)
    var tokens = 0
    var time = start.timeIntervalSince1970
    let batch = 100
    for first in stride(from: 0, to: pointCount, by: batch) {
      let points = (first..<min(first + batch, pointCount)).map { step -> (MetricName, MetricPoint) in
        tokens += 200 + Int(next() * 800)
        time += 0.1 + next() / 100
        let loss = step == spike ? Double(Self.spike) : holes.contains(step) ? .nan : 0.9 + next() / 5
        let point = MetricPoint(
          step: step, trainedTokens: tokens, epoch: Double(step) / 640, wallTime: time, value: loss)
        return (.trainLoss, point)
      }
      try store.append(points, run: run.id)
    }
    try store.updateRun(run.id) {
      $0.state = .finished
      $0.step = pointCount
      $0.startedAt = start
      $0.finishedAt = Date(timeIntervalSince1970: time)
      $0.trainLoss = 1
    }
    try store.close()
  }
}
