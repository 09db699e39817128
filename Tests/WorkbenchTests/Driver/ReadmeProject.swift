import Foundation
import ProjectStore

/// The project of the README's capture: one run done, one at its work, with the noise that losses have.
enum ReadmeProject {
  private static let totalSteps = 120
  private static let secondsPerStep = 1.9

  static func make() throws -> TemporaryProject {
    let project = try TemporaryProject()
    try project.addPairs()
    let first = try project.addLiveRun("factual-60", steps: 1, of: totalSteps, records: false)
    try train(
      first, in: project, until: totalSteps, endingAt: TemporaryProject.now.addingTimeInterval(-7_300),
      Losses(start: 3.4, floor: 1.15, seed: 3))
    try project.finish(first)
    let second = try project.addLiveRun("conceptual-60", steps: 84, of: totalSteps, records: false)
    try train(
      second, in: project, until: 84, endingAt: TemporaryProject.now.addingTimeInterval(-1),
      Losses(start: 4.3, floor: 2.05, seed: 11))
    return project
  }

  /// A train loss that falls in a noise of its own, and an eval loss that follows it from above.
  private struct Losses {
    var start: Double
    var floor: Double
    var seed: UInt64

    func trend(_ step: Int) -> Double { floor + (start - floor) * exp(-Double(step) / 32) }

    func train(_ step: Int) -> Double {
      trend(step) - 0.04 + (noise(step) + noise(step + 1_000) - 1) * 0.3
    }

    func eval(_ step: Int) -> Double { trend(step) + 0.11 + Double(step) * 0.0018 + noise(step + 77) * 0.05 }

    /// Between 0 and 1, the same at every run (SplitMix64).
    func noise(_ step: Int) -> Double {
      var bits = (seed &* 1_000_003 &+ UInt64(step)) &* 0x9E37_79B9_7F4A_7C15
      bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((bits ^ (bits >> 31)) >> 11) / Double(1 << 53)
    }
  }

  private static func train(
    _ id: Run.ID, in project: TemporaryProject, until last: Int, endingAt end: Date, _ losses: Losses
  ) throws {
    let start = end.addingTimeInterval(-secondsPerStep * Double(last))
    var points: [(MetricName, MetricPoint)] = []
    var best: Double?
    for step in 1...last {
      let time = start.addingTimeInterval(secondsPerStep * Double(step))
      func point(_ value: Double) -> MetricPoint {
        MetricPoint(
          step: step, trainedTokens: step * 450, epoch: Double(step * 8) / 60,
          wallTime: time.timeIntervalSince1970, value: value, segment: 0)
      }
      let rate =
        2e-4 * min(1, Double(step) / 6) * (0.55 + 0.45 * cos(Double(step) / Double(totalSteps) * 3.1))
      points += [
        (.trainLoss, point(losses.train(step))), (.learningRate, point(rate)),
        (.gradientNorm, point(0.9 + 1.6 * exp(-Double(step) / 20) + 0.5 * losses.noise(step + 31))),
        (.tokensPerSecond, point(232 + 14 * losses.noise(step + 57))),
        (.residentBytes, point(702e6 + Double(step) * 2e4)),
      ]
      guard step % 12 == 0 else { continue }
      let loss = losses.eval(step)
      points.append((.evalLoss, point(loss)))
      let isBetter = best.map { loss < $0 } ?? true
      let before = best.map { String(format: " (%.3f)", $0) } ?? ""
      let text = String(format: "eval %.3f", loss)
      try project.store.append(
        RunEvent(
          run: id, time: time, step: step, kind: isBetter ? .improved : .evaluated,
          message: isBetter ? "\(text) improved\(before) · adapter kept" : text))
      if isBetter { best = loss }
      try project.store.append(
        RunEvent(
          run: id, time: time.addingTimeInterval(0.6), step: step, kind: .checkpoint, message: "checkpoint"))
    }
    try project.store.append(points, run: id)
    let bestLoss = best
    let newest = Dictionary(points.map { ($0.0, $0.1.value) }) { $1 }
    try project.store.updateRun(id) {
      $0.startedAt = start
      $0.step = last
      $0.trainLoss = newest[.trainLoss]
      $0.evalLoss = newest[.evalLoss]
      $0.bestEvalLoss = bestLoss
      $0.learningRate = newest[.learningRate]
      $0.gradientNorm = newest[.gradientNorm]
      $0.tokensPerSecond = newest[.tokensPerSecond]
      $0.residentBytes = newest[.residentBytes].map { Int($0) }
    }
    try project.store.append([
      SampleAnswer(
        run: id, step: last / 12 * 12, question: "What does a PUE of 1.5 mean?",
        expected: "For every watt of IT load, half a watt goes to cooling and power conversion.",
        baseAnswer: "PUE is a measure of the power usage of a data center, and it is 1.5.",
        answer: "Half a watt of overhead for each watt that the IT equipment draws."),
      SampleAnswer(
        run: id, step: last / 12 * 12,
        question: "Name the IEEE standard behind the Link Layer Discovery Protocol.",
        expected: "It is IEEE 802.1AB.", baseAnswer: "The IEEE 802.3 standard.", answer: "IEEE 802.1AB."),
    ])
  }
}
