import Foundation
import ProjectStore
import TerminalUI

@testable import Workbench

/// A project in a folder of its own, removed with the last reference, and the locks of its living runs.
final class TemporaryProject {
  let folder: URL
  let store: ProjectStore
  private var locks: [Run.ID: WorkerLock.Holder] = [:]

  /// The moment at which the drawings are made.
  static let now = Date(timeIntervalSince1970: 1_790_000_000)

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "assay-workbench-\(UUID().uuidString)")
    store = try ProjectStore.open(projectFolder: folder, create: true)
  }

  deinit {
    try? store.close()
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: Filling

  func addPairs() throws {
    let sources = ["power handbook", "cooling", "networking", "storage", "operations"]
    try store.importPairs(
      (0..<1284).map { index in
        QAPair(
          question: "question \(index)", answer: "answer",
          category: index % 40 == 0 ? nil : index % 100 < 55 ? .factual : .conceptual,
          split: index % 10 < 7 ? .train : index % 10 < 8 ? .eval : .test, source: sources[index % 7 % 5])
      })
  }

  /// A run whose worker lives as long as this project, or until `kill`.
  ///
  /// - Parameter records: whether its steps are recorded here.
  func addLiveRun(
    _ name: String, steps: Int, of total: Int = 120, curve: Curve = Curve(), records: Bool = true
  ) throws -> Run.ID {
    let start = Self.now.addingTimeInterval(-1.5 * Double(steps) - 4)
    let run = try store.createRun(
      name: name, recipeJSON: "{}", modelName: "smollm2-135m", totalSteps: total, at: start)
    locks[run.id] = try store.workerLock(run: run.id).acquire()
    try store.updateRun(run.id) {
      $0.state = .running
      $0.startedAt = start
    }
    if records { try train(run.id, steps: 1...steps, from: start, curve: curve) }
    return run.id
  }

  /// The worker dies without a word.
  func kill(_ run: Run.ID) { locks.removeValue(forKey: run)?.release() }

  func revive(_ run: Run.ID) throws { locks[run] = try store.workerLock(run: run).acquire() }

  func finish(_ run: Run.ID, _ state: RunState = .finished, message: String? = nil) throws {
    try store.updateRun(run) {
      $0.state = state
      $0.finishedAt = Self.now.addingTimeInterval(-7_300)
      $0.message = message
    }
    kill(run)
  }

  /// How the losses of a run fall.
  struct Curve {
    var start = 3.0
    var floor = 1.4
    var overfitsAfter = Int.max
    var notANumberAt: Int?
  }

  /// Records steps 1.5 s apart, with an evaluation every tenth and answers every twentieth.
  func train(
    _ id: Run.ID, steps: ClosedRange<Int>, from start: Date, segment: Int = 0, curve: Curve = Curve()
  ) throws {
    var points: [(MetricName, MetricPoint)] = []
    var best = try store.run(id).bestEvalLoss
    for step in steps {
      let time = start.addingTimeInterval(1.5 * Double(step - steps.lowerBound + 1))
      let point = { (value: Double) in
        MetricPoint(
          step: step, trainedTokens: step * 700, epoch: Double(step) / 30,
          wallTime: time.timeIntervalSince1970, value: value, segment: segment)
      }
      let trend = curve.floor + (curve.start - curve.floor) * exp(-Double(step) / 25)
      let wave = sin(Double(step) * 1.7) * 0.12 + sin(Double(step) * 0.61) * 0.07
      let train = step == curve.notANumberAt ? .nan : trend + wave
      points += [
        (.trainLoss, point(train)),
        (.learningRate, point(2e-4 * min(1, Double(step) / 6) * (1 - Double(step) / 160))),
        (.gradientNorm, point(0.8 + 2 * exp(-Double(step) / 5))),
        (.tokensPerSecond, point(412 + 8 * sin(Double(step)))), (.residentBytes, point(811e6)),
      ]
      if step == curve.notANumberAt {
        try store.append(
          RunEvent(
            run: id, time: time, step: step, kind: .nan,
            message:
              "train loss is NaN at step \(step), pairs 17 and 203; the checkpoint of step 40 is intact"))
      }
      guard step % 10 == 0 else { continue }
      let loss = trend + 0.1 + Double(max(0, step - curve.overfitsAfter)) * 0.01
      points.append((.evalLoss, point(loss)))
      let isBetter = best.map { loss < $0 } ?? true
      let text = String(format: "eval %.3f", loss)
      let event =
        isBetter
        ? RunEvent(
          run: id, time: time, step: step, kind: .improved, message: "\(text) improved · checkpoint kept")
        : RunEvent(
          run: id, time: time, step: step, kind: .overfitting,
          message: "\(text) rising for 3 evaluations while the train loss falls: overfitting")
      try store.append(event)
      if isBetter { best = loss }
      try store.updateRun(id) {
        $0.evalLoss = loss
        $0.bestEvalLoss = best
      }
      if step % 20 == 0 { try addAnswers(id, step: step) }
    }
    try store.append(points, run: id)
    let last = points.last { $0.0 == .trainLoss }?.1.value
    try store.updateRun(id) {
      $0.step = steps.upperBound
      $0.trainLoss = last
      $0.learningRate = 1.87e-4
      $0.gradientNorm = 0.842
      $0.tokensPerSecond = 412.4
      $0.residentBytes = 811_000_000
    }
  }

  private func addAnswers(_ id: Run.ID, step: Int) throws {
    try store.append([
      SampleAnswer(
        run: id, step: step, question: "What does a PUE of 1.5 mean?",
        expected: "For every watt of IT load, half a watt goes to cooling and power conversion.",
        baseAnswer: "PUE is a measure of the power of the power usage of a data center, and it is 1.5.",
        answer: "Half a watt of overhead for each watt that the IT equipment draws."),
      SampleAnswer(
        run: id, step: step, question: "Which class allows 45 °C at the inlet?", expected: "ASHRAE A4.",
        baseAnswer: "\u{1B}[31mred\u{1B}[0m \u{1B}]52;c;aGk=\u{07}clipboard \u{202E}drawkcab",
        answer: "Class A4."),
    ])
  }

  // MARK: Looking

  /// The state that a workbench of this size has after reading the whole store.
  func state(
    _ size: Size = Size(width: 120, height: 36), screen: WorkbenchState.Screen = .overview
  ) throws -> WorkbenchState {
    var state = WorkbenchState(projectName: "data-center", size: size, now: Self.now)
    state.screen = screen
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(store))
    state.apply(try bookmark.read(store, wanted: Set(state.runs.map(\.id))))
    state.settle()
    return state
  }
}

extension RunHistory {
  /// The points of a series that no resume did again.
  func current(_ series: MetricName) -> [MetricPoint] {
    self[series].filter { !segments.supersede(step: $0.step, segment: $0.segment) }
  }
}

extension WorkbenchState {
  /// Presses keys by their names, as `Key` reads them, and returns what they ask for.
  @discardableResult
  mutating func press(_ keys: String...) -> [Effect] {
    keys.flatMap { name -> [Effect] in
      guard let key = Key(name) else { preconditionFailure("no key \(name)") }
      defer { settle() }
      return handle(.key(key))
    }
  }

  @discardableResult
  mutating func type(_ text: String) -> [Effect] {
    text.flatMap { handle(.key(.character($0))) }
  }
}
