import Foundation
import ProjectStore
import Testing
import TrainingLogs

@testable import Workbench

@Suite("Runs of other tools' logs, as the screens take them")
struct FollowedRunsTests {
  /// A log that grows, is followed and shown.
  private final class Log {
    let folder: URL
    private var logs: FollowedLogs
    private(set) var runs = FollowedRuns()
    var file: URL { folder.appendingPathComponent("metrics.jsonl") }

    init() throws {
      folder = FileManager.default.temporaryDirectory.appendingPathComponent("followed-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      logs = FollowedLogs(paths: [folder.path])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ lines: [String], to name: String = "metrics.jsonl") throws {
      let file = folder.appendingPathComponent(name)
      let before = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      try (before + lines.map { $0 + "\n" }.joined()).write(to: file, atomically: false, encoding: .utf8)
    }

    func update() -> ProjectUpdate {
      logs.discover()
      logs.read()
      return runs.update(logs.runs, problems: logs.problems)
    }
  }

  private func line(_ step: Int, loss: Double, epoch: Double? = nil, more: String = "") -> String {
    let epochText = epoch.map { #","epoch":\#($0)"# } ?? ""
    return #"{"step":\#(step),"loss":\#(loss)\#(epochText)\#(more)}"#
  }

  @Test("A log that grows brings its new points only, in the same run")
  func growing() throws {
    let log = try Log()
    try log.write((1...5).map { line($0, loss: 3 - Double($0) / 10, epoch: Double($0) / 5) })
    let first = log.update()
    let run = try #require(first.runs?.first)
    #expect(run.state == .followed)
    #expect(run.step == 5)
    let history = try #require(first.histories[run.id])
    #expect(history[.trainLoss].map(\.step) == [1, 2, 3, 4, 5])
    #expect(abs(history[.trainLoss][2].epoch - 0.6) < 1e-4)
    #expect(history.isComplete)
    #expect(history.writtenAt != nil)

    #expect(log.update().isEmpty, "Nothing was written")

    try log.write([line(6, loss: 2.4, epoch: 1.2, more: #","eval_loss":2.9"#)])
    let second = log.update()
    let grown = try #require(second.histories[run.id])
    #expect(grown[.trainLoss].count == 6)
    #expect(grown[.evalLoss].map(\.value) == [Double(Float(2.9))])
    #expect(second.runs?.first?.bestEvalLoss == 2.9)
    #expect(second.runs?.first?.bestStep == 6)
    #expect(second.runs?.first?.id == run.id)
  }

  @Test("A resume becomes a segment, and what it did again is superseded")
  func resume() throws {
    let log = try Log()
    try log.write((1...6).map { line($0, loss: 3) } + (4...8).map { line($0, loss: 2) })
    let update = log.update()
    let run = try #require(update.runs?.first)
    let history = try #require(update.histories[run.id])
    #expect(history.segments.map(\.resumedStep) == [3])
    let stretches = history[.trainLoss].stretches(history.segments)
    #expect(stretches.map(\.isSuperseded) == [false, true, false])
    #expect(stretches.map(\.range.count) == [3, 3, 5])
    #expect(run.step == 8)
  }

  @Test("A log that was replaced begins a segment; what was there stays, superseded")
  func replaced() throws {
    let log = try Log()
    try log.write((1...9).map { line($0, loss: 3) })
    let id = try #require(log.update().runs?.first?.id)
    try FileManager.default.removeItem(at: log.file)
    try log.write((1...2).map { line($0, loss: 7) })
    let update = log.update()
    let history = try #require(update.histories[id])
    let stretches = history[.trainLoss].stretches(history.segments)
    #expect(stretches.map(\.isSuperseded) == [true, false])
    #expect(history[.trainLoss].suffix(2).map(\.value) == [7, 7])
    #expect(update.events[id]?.isEmpty == false, "It is noted on the run")
  }

  @Test("Another file that comes to be the run's source is read from its start")
  func otherSource() throws {
    let log = try Log()
    func state(_ steps: ClosedRange<Int>, _ loss: Double) -> String {
      let history = steps.map { #"{"step":\#($0),"loss":\#(loss),"epoch":1}"# }.joined(separator: ",")
      return #"{"global_step":\#(steps.upperBound),"max_steps":9,"log_history":[\#(history)]}"#
    }
    let checkpoint = log.folder.appendingPathComponent("checkpoint-4")
    try FileManager.default.createDirectory(at: checkpoint, withIntermediateDirectories: true)
    try log.write([state(1...4, 3)], to: "checkpoint-4/trainer_state.json")
    let id = try #require(log.update().runs?.first?.id)
    // The same training, with a step before the others.
    try log.write([state(0...9, 3)], to: "trainer_state.json")
    let update = log.update()
    let history = try #require(update.histories[id])
    #expect(history[.trainLoss].map(\.step) == Array(0...9))
    #expect(update.runs?.count == 1)
    #expect(update.runs?.first?.state == .finished, "All its steps are done")
  }

  @Test("Logs without tokens and times have no place on those axes, and none at zero")
  func unknownPlaces() throws {
    let log = try Log()
    try log.write((1...3).map { line($0, loss: 1) })
    let update = log.update()
    let run = try #require(update.runs?.first)
    let history = try #require(update.histories[run.id])
    for progress in CurveOptions.Progress.allCases {
      var options = CurveOptions(smoothing: 0)
      options.progress = progress
      let curves = RunCurves(run: run, history: history, options: options)
      let range = curves.train.compactMap(\.points.xRange).first
      #expect(range == (progress == .step ? 1...3 : nil), "\(progress)")
    }
  }

  @Test("A note that is said in other words keeps its place in the events")
  func notes() throws {
    let log = try Log()
    func state(_ steps: Int) -> String {
      let history = (1...steps).map { #"{"step":\#($0),"loss":3}"# }.joined(separator: ",")
      return #"{"global_step":\#(steps),"max_steps":9,"log_history":[\#(history)]}"#
    }
    for step in 2...5 {
      let folder = log.folder.appendingPathComponent("checkpoint-\(step)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try log.write([state(step)], to: "checkpoint-\(step)/trainer_state.json")
      let events = log.update().events.values.first
      if step > 2 {
        #expect(events?.count == 1)
        #expect(events?.first?.message.contains("checkpoint-\(step - 1)") == true)
        #expect(events?.first?.step == 3, "It is told where it was first")
        #expect(events?.first?.kind == .note)
      }
    }
  }

  @Test("A run that was written to last stands on top; a file that is no log stands last and says why")
  func order() throws {
    let log = try Log()
    try log.write([line(1, loss: 1), line(2, loss: 1)], to: "old.jsonl")
    try log.write(
      ["version https://git-lfs.github.com/spec/v1", "oid sha256:0", "size 1"], to: "trainer_state.json")
    try log.write([line(1, loss: 1), line(2, loss: 1)], to: "new.jsonl")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1000)],
      ofItemAtPath: log.folder.appendingPathComponent("old.jsonl").path)
    let runs = try #require(log.update().runs)
    #expect(runs.map(\.name) == ["new.jsonl", "old.jsonl", "trainer_state.json"])
    #expect(runs[2].message?.contains("LFS") == true)
  }

  @Test("Losses by other names are drawn as losses, unless it is unclear which")
  func lossNames() throws {
    let log = try Log()
    try log.write((1...2).map { #"{"step":\#($0),"batch_loss":1,"epoch_val_loss":2,"acc":0.5}"# })
    let update = log.update()
    let history = try #require(update.histories.values.first)
    #expect(history[.trainLoss].map(\.value) == [1, 1])
    #expect(history[.evalLoss].map(\.value) == [2, 2])

    let other = try Log()
    try other.write((1...2).map { #"{"step":\#($0),"loss":1,"eval_a_loss":2,"eval_b_loss":3}"# })
    let unclear = try #require(other.update().histories.values.first)
    #expect(unclear[.evalLoss].isEmpty)
    #expect(unclear["eval_b_loss"].map(\.value) == [3, 3])
  }
}
