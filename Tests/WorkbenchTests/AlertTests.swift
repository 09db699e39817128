import Foundation
import Jobs
import ProjectStore
import TerminalUI
import Testing
import TrainingLogs

@testable import Workbench

/// What is alerted of, how it is told and how it is seen.
@Suite struct AlertTests {
  private let project: TemporaryProject

  init() throws { project = try TemporaryProject() }

  private static let now = TemporaryProject.now

  /// A workbench that is open: what the store says next is news.
  private struct Open {
    var state: WorkbenchState
    var bookmark = ProjectBookmark()
    let store: ProjectStore

    init(_ project: TemporaryProject, size: Size = Size(width: 80, height: 24)) throws {
      store = project.store
      state = WorkbenchState(projectName: "data-center", size: size, now: TemporaryProject.now)
      try read()
      _ = state.announce()
    }

    mutating func read() throws {
      state.apply(try bookmark.read(store, wanted: Set(state.runs.map(\.id))))
      state.settle()
    }

    /// The clock goes on by steps as small as those of the reader's timer.
    mutating func wait(_ seconds: Double) -> [Effect] {
      var effects: [Effect] = []
      let end = state.now.addingTimeInterval(seconds)
      while state.now < end {
        state.now = min(end, state.now.addingTimeInterval(2))
        state.settle()
        effects += state.announce()
      }
      return effects
    }
  }

  private func event(_ run: Run.ID, _ kind: RunEvent.Kind, _ message: String, after seconds: Double = 1)
    throws
  {
    try project.store.append(
      RunEvent(run: run, time: Self.now.addingTimeInterval(seconds), step: 21, kind: kind, message: message))
  }

  @Test func whatWasThereBeforeRingsNoBellButCounts() throws {
    let nan = try project.addLiveRun("lr-1e-2", steps: 52, curve: .init(notANumberAt: 52))
    let crashed = try project.addLiveRun("factual-60", steps: 20)
    project.kill(crashed)
    let failed = try project.addLiveRun("conceptual-60", steps: 10)
    try project.finish(failed, .failed, message: "the disk is full")
    let done = try project.addLiveRun("old", steps: 60, curve: .init(overfitsAfter: 20))
    try project.finish(done)

    var state = WorkbenchState(
      projectName: "data-center", size: Size(width: 80, height: 24), now: Self.now)
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(project.store, wanted: [done]))
    state.settle()
    #expect(state.announce() == [.setTitle("▲ assay · data-center")])
    #expect(state.alertCount == 3)
    let unseen = state.alerts.list.newestFirst.filter { !$0.isSeen }.map(\.id)
    #expect(
      Set(unseen) == [
        .init(run: nan, kind: .nan), .init(run: crashed, kind: .crashed), .init(run: failed, kind: .failed),
      ])
    #expect(state.alerts.list[done, .overfitting]?.isSeen == true, "that is over and done with")
    #expect(state.announce().isEmpty)
  }

  @Test func anAlertRingsOnceAndMarksTheTitleUntilItIsSeen() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    var open = try Open(project)
    #expect(open.state.alertCount == 0)
    try event(run, .overfitting, "eval rose 3 times in a row (1.4 → 1.5) while train fell: overfitting")
    try open.read()
    #expect(open.state.announce() == [.ringBell, .setTitle("▲ assay · data-center")])
    #expect(open.state.frame().text.contains("▲ 1 alert"))
    #expect(open.state.announce().isEmpty)
    try open.read()
    #expect(open.wait(60).isEmpty, "the same alert, read again")

    // On the Runs screen nobody looks until a key says that somebody is there.
    open.state.press("2")
    #expect(open.state.alertCount == 0)
    #expect(open.state.announce() == [.setTitle("assay · data-center")])
    try event(run, .diverging, "train loss 6.5, lowest 2.0 at step 9", after: 70)
    try open.read()
    #expect(open.state.alertCount == 1)
    #expect(open.state.announce() == [.ringBell, .setTitle("▲ assay · data-center")])
    open.state.press("tab")
    #expect(open.state.alertCount == 0)
  }

  @Test func manyAlertsAtOnceRingOnce() throws {
    let runs = try (1...4).map { try project.addLiveRun("run-\($0)", steps: 20) }
    var open = try Open(project)
    for run in runs.prefix(2) { try event(run, .nan, "train loss is NaN at step 21") }
    try open.read()
    #expect(open.state.announce().count { $0 == .ringBell } == 1)
    try event(runs[2], .nan, "train loss is NaN at step 21")
    try open.read()
    #expect(!open.state.announce().contains(.ringBell), "the last one was just now")
    _ = open.wait(6)
    try event(runs[3], .nan, "train loss is NaN at step 21", after: 7)
    try open.read()
    #expect(open.state.announce() == [.ringBell])
    #expect(open.state.alertCount == 4)
  }

  @Test func theBellCanBeOff() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    var open = try Open(project)
    open.state.alerts.bell = false
    try event(run, .nan, "train loss is NaN at step 21")
    try open.read()
    #expect(open.state.announce() == [.setTitle("▲ assay · data-center")])
  }

  @Test func aCrashIsToldOnceAndItsCommandIsOursToRun() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    var open = try Open(project)
    project.kill(run)
    try open.read()
    let effects = open.state.announce()
    #expect(effects.first == .ringBell)
    #expect(effects.hooks.map(\.kind) == [.crashed])
    try open.read()
    #expect(open.state.announce().isEmpty)
    // Resumed and crashed again.
    try project.revive(run)
    try project.store.resumeRun(run, fromStep: 20, at: Self.now.addingTimeInterval(30))
    try project.store.updateRun(run) { $0.state = .running }
    _ = open.wait(35)
    try open.read()
    #expect(open.state.alertCount == 0)
    project.kill(run)
    try open.read()
    #expect(open.state.announce().hooks.count == 1)
  }

  @Test func aRunThatFailsOfItsNaNIsOneAlertAndItsWorkerRunsTheCommand() throws {
    let run = try project.addLiveRun("lr-1", steps: 20)
    var open = try Open(project)
    try event(run, .nan, "the loss is NaN at step 21")
    try open.read()
    #expect(open.state.announce() == [.ringBell, .setTitle("▲ assay · data-center")])
    try event(run, .failed, "the loss is NaN at step 21")
    try project.finish(run, .failed, message: "the loss is NaN at step 21")
    try open.read()
    #expect(open.state.alertCount == 1)
    #expect(open.state.alerts.list.newestFirst.map(\.id.kind) == [.failed])
    #expect(open.state.announce().isEmpty)
    // Both at once, as a slow reader sees it.
    var late = try Open(project)
    late.bookmark = ProjectBookmark()
    try late.read()
    #expect(late.state.alertCount == 1)
  }

  @Test func aRunThatFinishesIsNotedAndRungButNoAlertStays() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    let older = try project.addLiveRun("old", steps: 20)
    try project.finish(older)
    var open = try Open(project)
    #expect(open.state.message == nil, "it had finished before")
    try project.finish(run)
    try open.read()
    #expect(open.state.announce() == [.ringBell])
    #expect(open.state.message?.text.contains("factual-60 finished · best eval") == true)
    #expect(open.state.alertCount == 0 && open.state.alerts.list.isEmpty)
    try open.read()
    #expect(open.state.announce().isEmpty)
  }

  @Test func aStalledRunIsToldWhenItHasBeenSilentTooLong() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    var open = try Open(project)
    // A step takes 1.5 s, so the minute counts. The last point is from about 4 s before now.
    #expect(open.wait(50).isEmpty)
    let effects = open.wait(10)
    #expect(effects.contains(.ringBell))
    #expect(effects.hooks.map(\.kind) == [.stalled])
    #expect(effects.hooks.first?.message == "silent for 60 s; between two points 1.5 s are usual: stalled")
    #expect(open.wait(600).isEmpty, "told once")
    open.state.screen = .runs
    #expect(open.state.shownEvents.first?.message.hasSuffix("stalled") == true, "the events say it as well")
    // It goes on, and stalls anew.
    let later = open.state.now
    try project.train(run, steps: 21...30, from: later)
    try open.read()
    #expect(open.wait(70).isEmpty, "steps up to 15 s from then")
    #expect(open.wait(10).hooks.count == 1)
  }

  @Test func whereEvaluationsAreRareAndLongTheyAreNoStall() throws {
    let run = try project.addLiveRun("factual-60", steps: 1)
    let start = Self.now.addingTimeInterval(-1.5 * 400)
    try project.train(run, steps: 2...400, from: start)
    var open = try Open(project)
    var points = open.state.histories[run]?[.trainLoss].map(\.self) ?? []
    // After the first step the base model was evaluated, for five minutes.
    points[0].wallTime = start.timeIntervalSince1970 - 300
    var history = RunHistory()
    history.extend(.trainLoss) { series in for point in points { series.append(point) } }
    open.state.histories[run] = history
    #expect(open.wait(590).isEmpty)
    #expect(open.wait(30).hooks.count == 1)
  }

  @Test func whatIsNotTrainingDoesNotStall() throws {
    let paused = try project.addLiveRun("paused", steps: 20)
    try project.store.updateRun(paused) { $0.state = .paused }
    let starting = try project.addLiveRun("starting", steps: 20)
    try project.store.updateRun(starting) { $0.state = .starting }
    let done = try project.addLiveRun("done", steps: 20)
    try project.finish(done)
    let young = try project.addLiveRun("one step", steps: 1)
    var open = try Open(project)
    #expect(open.wait(3600).isEmpty)
    #expect(open.state.alerts.list[young, .stalled] == nil, "how long its steps take is not known")
    // An event is a sign of life as well: it goes on after the pause.
    try project.store.updateRun(paused) { $0.state = .running }
    try event(paused, .resumed, "goes on", after: 3600)
    try open.read()
    #expect(open.wait(50).isEmpty)
    #expect(open.wait(20).hooks.map(\.run) == [paused])
  }

  @Test func aMachineThatSleptHasHeardNothing() throws {
    _ = try project.addLiveRun("factual-60", steps: 20)
    var open = try Open(project)
    _ = open.wait(2)
    open.state.now = open.state.now.addingTimeInterval(8 * 3600)
    open.state.settle()
    #expect(open.state.announce().isEmpty)
    #expect(open.wait(50).isEmpty)
    #expect(open.wait(20).hooks.count == 1)
  }

  @Test func aStallOfBeforeRingsNoBell() throws {
    let run = try project.addLiveRun("factual-60", steps: 20)
    var state = WorkbenchState(
      projectName: "x", size: Size(width: 80, height: 24), now: Self.now.addingTimeInterval(3600))
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(project.store))
    state.settle()
    #expect(state.alerts.list[run, .stalled]?.isSeen == false)
    #expect(state.announce() == [.setTitle("▲ assay · x")])
  }

  @Test func logsOfOtherToolsAreWatchedByTheSameRules() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("alerts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var lines = (1...60).map { step -> String in
      let loss = 2 - Double(step) / 100
      let eval = step % 10 == 0 ? #","eval_loss":\#(2 + Double(step) / 100)"# : ""
      return #"{"step":\#(step),"loss":\#(loss)\#(eval)}"#
    }
    lines.insert(#"{"step":25,"loss":NaN}"#, at: 24)
    let log = Log(folder)
    try log.write(lines, at: Self.now.addingTimeInterval(-1))
    var state = WorkbenchState(
      projectName: folder.path, size: Size(width: 80, height: 24), now: Self.now)
    state.isWatching = true
    state.apply(log.update(now: state.now))
    state.settle()
    let run = try #require(state.runs.first?.id)
    #expect(state.alertCount == 2)
    #expect(state.events[run]?.map(\.kind) == [.overfitting, .nan])
    #expect(state.events[run]?.map(\.step) == [40, 25])
    #expect(!state.announce().contains(.ringBell))

    // It goes on, and away.
    state.now = state.now.addingTimeInterval(60)
    try log.write((61...80).map { #"{"step":\#($0),"loss":9}"# }, at: state.now)
    state.apply(log.update(now: state.now))
    state.settle()
    let effects = state.announce()
    #expect(effects.first == .ringBell)
    #expect(effects.hooks.map(\.kind) == [.diverging])
    #expect(effects.hooks.first?.step == 70)
    // Silent from then on. Without times in it only the log's growth is known, so nobody can say what is too long.
    state.now = state.now.addingTimeInterval(3600)
    state.settle()
    #expect(state.announce().isEmpty)
  }

  @Test func theEndOfAnotherToolsRunIsOursToTell() {
    var state = WorkbenchState(projectName: "/logs", size: Size(width: 80, height: 24), now: Self.now)
    state.isWatching = true
    var run = Run(id: "f1", ordinal: 1, name: "llama", state: .followed, createdAt: Self.now, modelName: "")
    state.apply(ProjectUpdate(runs: [run]))
    _ = state.announce()
    run.state = .finished
    state.apply(ProjectUpdate(runs: [run]))
    #expect(state.announce().hooks.map(\.kind) == [.finished])
    #expect(state.message?.text == "A llama finished")
    #expect(state.announce().isEmpty)
  }

  @Test func afterASuspensionTheTitleIsSetAgain() throws {
    var open = try Open(project)
    #expect(open.state.announce().isEmpty)
    #expect(open.state.handle(.resumed).isEmpty)
    #expect(open.state.announce() == [.setTitle("assay · data-center")])
  }

  // MARK: The list

  @Test func theListGoesToTheRun() throws {
    let nan = try project.addLiveRun("lr-1e-2", steps: 52, curve: .init(notANumberAt: 52))
    _ = try project.addLiveRun("conceptual-60", steps: 84)
    let crashed = try project.addLiveRun("factual-60", steps: 71)
    project.kill(crashed)
    var state = try project.state(Size(width: 80, height: 24))
    #expect(state.alertCount == 2)
    state.press("!", "j", "j", "enter")
    #expect(!state.hasOverlay && state.screen == .runs)
    let visited = try #require(state.currentRun?.id)
    #expect(visited == state.alerts.list.newestFirst.last?.alert.run)
    #expect(state.alertCount == 1)
    state.press("!", "k", "enter")
    #expect(Set([visited, state.currentRun?.id]) == [nan, crashed])
    #expect(state.alertCount == 0)
    state.press("1", "!", "esc")
    #expect(!state.hasOverlay && state.screen == .overview)
  }

  @Test func allAreSeenByOneKey() throws {
    for name in ["a", "b", "c"] { project.kill(try project.addLiveRun(name, steps: 5)) }
    var state = try project.state()
    #expect(state.alertCount == 3)
    state.press("!", "esc")
    #expect(state.alertCount == 3, "a look at the list is none at the runs")
    state.press("!", "a")
    #expect(state.alertCount == 0 && state.hasOverlay)
    #expect(state.announce() == [.setTitle("assay · data-center")])
  }

  @Test func theCursorOfTheListStaysOnItsAlert() throws {
    let runs = try (1...3).map { try project.addLiveRun("run-\($0)", steps: 20) }
    var open = try Open(project)
    for (index, run) in runs.prefix(2).enumerated() {
      try event(run, .nan, "NaN of \(run)", after: Double(index))
    }
    try open.read()
    open.state.press("!", "j")
    try event(runs[2], .nan, "NaN of \(runs[2])", after: 9)
    try open.read()
    open.state.press("enter")
    #expect(open.state.currentRun?.id == runs[0])
  }

  @Test(arguments: [Size(width: 80, height: 24), Size(width: 40, height: 12)])
  func drawings(_ size: Size) throws {
    var state = try project.state(size)
    state.press("!")
    let name = "\(size.width)x\(size.height)"
    try expectGolden(state.frame().text, "alerts-empty-\(name)")

    _ = try project.addLiveRun("lr-1e-2", steps: 52, curve: .init(notANumberAt: 52))
    _ = try project.addLiveRun("factual-60", steps: 71, curve: .init(start: 2.7, floor: 1, overfitsAfter: 40))
    let hostile = try project.addLiveRun("\u{1B}[31mred\u{202E}", steps: 20)
    try project.finish(hostile, .failed, message: "\u{1B}]0;gotcha\u{7}no room on the disk")
    project.kill(try project.addLiveRun("conceptual-60", steps: 47))
    state = try project.state(size)
    state.press("!", "j")
    let text = state.frame().text
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
    try expectGolden(text, "alerts-\(name)")
  }

  @Test func everySizeDraws() throws {
    for name in ["a", "b", "c"] { project.kill(try project.addLiveRun(name, steps: 5)) }
    var state = try project.state()
    state.press("!")
    for width in [0, 1, 2, 20, 39, 40, 79, 110, 250] {
      for height in [0, 1, 3, 4, 6, 12, 60] {
        state.size = Size(width: width, height: height)
        state.press("j")
        #expect(state.frame().size == state.size)
      }
    }
  }
}

/// A log of another tool that grows.
private final class Log {
  private let file: URL
  private var logs: FollowedLogs
  private var runs = FollowedRuns()

  init(_ folder: URL) {
    file = folder.appendingPathComponent("metrics.jsonl")
    logs = FollowedLogs(paths: [folder.path])
  }

  func write(_ lines: [String], at time: Date) throws {
    let before = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    try (before + lines.map { $0 + "\n" }.joined()).write(to: file, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: file.path)
  }

  func update(now: Date) -> ProjectUpdate {
    logs.discover()
    logs.read()
    return runs.update(logs.runs, problems: logs.problems, now: now)
  }
}

extension [Effect] {
  /// What the command of the settings is run for.
  var hooks: [Alert] {
    compactMap { if case .runHook(let alert, _) = $0 { alert } else { nil } }
  }
}

extension Effect: Equatable {
  /// Enough for what alerts ask for.
  public static func == (one: Effect, other: Effect) -> Bool {
    switch (one, other) {
    case (.ringBell, .ringBell): true
    case (.setTitle(let a), .setTitle(let b)): a == b
    case (.runHook(let a, let name), .runHook(let b, let other)): a == b && name == other
    default: false
    }
  }
}
