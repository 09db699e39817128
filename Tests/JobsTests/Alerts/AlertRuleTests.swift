import Foundation
import ProjectStore
import Testing

@testable import Jobs

@Suite("Rules that alert of a run")
struct AlertRuleTests {
  private func point(_ step: Int, _ value: Double, segment: Int = 0, time: Double = .nan) -> MetricPoint {
    MetricPoint(step: step, trainedTokens: 0, epoch: .nan, wallTime: time, value: value, segment: segment)
  }

  @Test("NaN and infinities are told once, until the value is finite again")
  func notANumber() {
    var watch = NotANumberWatch()
    let told = [1, .nan, .nan, .infinity, 1, -.infinity, 2, .nan].map { watch.add($0) }
    #expect(told == [nil, "NaN", nil, nil, nil, "−∞", nil, "NaN"])
  }

  @Test("Overfitting is told at the third evaluation that rose while train fell, once, with the numbers")
  func overfitting() {
    var watch = OverfittingWatch()
    func evaluation(train: Double, eval: Double) -> String? {
      for _ in 0..<200 { watch.train(loss: train) }
      return watch.evaluated(loss: eval)
    }
    #expect(evaluation(train: 2, eval: 2.1) == nil)
    #expect(evaluation(train: 1.8, eval: 2) == nil)
    #expect(evaluation(train: 1.6, eval: 2.05) == nil)
    #expect(evaluation(train: 1.4, eval: 2.1) == nil)
    #expect(evaluation(train: 1.5, eval: 2.2) == nil, "train rose as well: the count begins anew")
    #expect(evaluation(train: 1.4, eval: 2.21) == nil)
    #expect(evaluation(train: 1.3, eval: 2.3) == nil)
    #expect(
      evaluation(train: 1.2, eval: 2.41)
        == "eval rose 3 times in a row (2.200 → 2.410) while train fell (1.500 → 1.200): overfitting")
    #expect(evaluation(train: 1.1, eval: 2.5) == nil)
  }

  @Test("What is not finite does not spoil the overfitting rule")
  func overfittingWithHoles() {
    var watch = OverfittingWatch()
    var told: [String] = []
    for step in 1...5 {
      watch.train(loss: 3 - Double(step) / 10)
      watch.train(loss: .nan)
      if let message = watch.evaluated(loss: step == 3 ? .infinity : 2 + Double(step) / 10) {
        told.append(message)
      }
    }
    #expect(told.count == 1, "evaluations 2, 4 and 5 rose")
  }

  @Test("Silence is too long after ten median steps, two of the longest pauses, or a minute")
  func stallLimits() throws {
    let rule = StallRule()
    #expect(rule.limit(pauses: []) == nil, "without a step nothing is known")
    #expect(rule.limit(pauses: [1, 1.5, 2])?.seconds == 60)
    #expect(rule.limit(pauses: [20, 30, 20, 20])?.seconds == 200)
    // Every so often an evaluation takes ten minutes.
    #expect(rule.limit(pauses: [1, 1, 600, 1, 1, 1])?.seconds == 1200)
    #expect(rule.limit(pauses: [.nan, -5, .infinity]) == nil)
  }

  @Test("A stall happened when the silence became too long, whenever that was noticed")
  func stall() throws {
    let last = Date(timeIntervalSince1970: 1_790_000_000)
    func alert(after seconds: Double) -> Alert? {
      StallRule().alert(
        run: "r2a", step: 40, pauses: [20, 21, 20], lastSign: last,
        now: last.addingTimeInterval(seconds))
    }
    #expect(alert(after: 200) == nil)
    let told = try #require(alert(after: 201))
    #expect(told == alert(after: 90_000))
    #expect(told.time == last.addingTimeInterval(200))
    #expect(told.message == "silent for 3 min; between two points 20 s are usual: stalled")
    #expect(alert(after: -50) == nil, "a clock that was set back")
  }

  @Test("Points of several series in any order are looked at by segment and step")
  func watch() {
    var watch = RunAlertWatch(run: "f1")
    let noticed = Date(timeIntervalSince1970: 1_790_000_000)
    var points: [(MetricName, MetricPoint)] = []
    for step in 1...6 { points.append((.evalLoss, point(step * 10, 2 + Double(step) / 10))) }
    for step in 1...60 { points.append((.trainLoss, point(step, step == 33 ? .nan : 3 - Double(step) / 50))) }
    points.append(("reward", point(5, .nan)))
    let told = watch.add(points, unknownTime: noticed)
    #expect(told.map(\.kind) == [.nan, .overfitting])
    #expect(told.map(\.step) == [33, 40])
    #expect(told.first?.message == "train loss is NaN at step 33")
    #expect(told.allSatisfy { $0.time == noticed && $0.run == "f1" })
    // The log is followed: only what is new is handed over.
    let more = watch.add([(.evalLoss, point(70, .infinity, time: 1_790_000_100))], unknownTime: noticed)
    #expect(more.map(\.message) == ["eval loss is ∞ at step 70"])
    #expect(more.first?.time == Date(timeIntervalSince1970: 1_790_000_100))
  }

  @Test("Events that alert have the kinds of alerts, and others are none")
  func events() {
    for kind in Alert.Kind.allCases where ![.stalled, .crashed].contains(kind) {
      #expect(Alert.Kind(RunEvent.Kind(rawValue: kind.rawValue)) == kind)
    }
    for kind in [RunEvent.Kind.checkpoint, .improved, .stopped, .warning, .earlyStop] {
      #expect(Alert.Kind(kind) == nil)
    }
  }

  @Test("A worker that resumes knows what the one before it knew, and tells it not again")
  func replay() throws {
    let scratch = try ScratchFolder()
    let store = try ProjectStore.open(projectFolder: scratch.url, create: true)
    let run = try store.createRun(name: "a", recipeJSON: "{}", modelName: "m").id
    // Overfitting at step 40 in the first segment; what it did after step 50 is done again.
    var points: [(MetricName, MetricPoint)] = [(.evalLoss, point(0, 1))]
    for step in 1...60 {
      points.append((.trainLoss, point(step, step <= 50 ? 2 - Double(step) / 100 : 90)))
      if step % 10 == 0 { points.append((.evalLoss, point(step, 2 + Double(step) / 100))) }
    }
    try store.append(points, run: run)
    try store.resumeRun(run, fromStep: 50)
    var watch = RunAlertWatch(run: run)
    try watch.replay(store, upTo: 50)
    var told = watch.add([(.evalLoss, point(60, 3, segment: 1))], unknownTime: .now)
    #expect(told.isEmpty, "that it overfits was told")
    told = watch.add((51...70).map { (.trainLoss, point($0, 9, segment: 1)) }, unknownTime: .now)
    #expect(told.map(\.kind) == [.diverging])
    #expect(told.first?.message.contains("lowest 1.") == true)
    #expect(told.first?.step == 60)
    try store.close()
  }
}
