import Foundation
import ProjectStore
import Synchronization
import TerminalUI
import Testing

@testable import Workbench

/// Reading the store bit by bit, and hearing of what nobody writes.
@Suite struct ProjectReaderTests {
  @Test func incrementalEqualsFull() throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 15)
    var bookmark = ProjectBookmark()
    var state = try project.state()
    state.histories = [:]
    state.apply(try bookmark.read(project.store))

    // Bites smaller than what there is, while more is written.
    try project.train(run, steps: 16...40, from: TemporaryProject.now)
    var bites = 0
    repeat {
      state.apply(try bookmark.read(project.store, biteSize: 42))
      bites += 1
      let history = try #require(state.histories[run])
      #expect(history.isComplete == !bookmark.isUnfinished)
    } while bookmark.isUnfinished
    #expect(bites == 4)
    try project.store.resumeRun(run, fromStep: 30, at: TemporaryProject.now)
    try project.train(run, steps: 31...50, from: TemporaryProject.now, segment: 1)
    state.apply(try bookmark.read(project.store))

    var fresh = ProjectBookmark()
    let full = try #require(try fresh.read(project.store).histories[run])
    #expect(state.histories[run] == full)
    #expect(full[.trainLoss].count == 60)
    #expect(full.current(.trainLoss).map(\.step) == Array(1...50))
    #expect(full.segments.count == 1)
    #expect(try bookmark.read(project.store).isEmpty, "nothing new, nothing told")
  }

  /// Waits for the update that passes a test.
  private func update(
    _ reader: @escaping (@escaping @Sendable (ProjectUpdate) -> Void) -> ProjectReader,
    where passes: @escaping @Sendable (ProjectUpdate) -> Bool, after action: (ProjectReader) -> Void
  ) async -> ProjectReader {
    let (stream, continuation) = AsyncStream.makeStream(of: ProjectUpdate.self)
    let made = reader { continuation.yield($0) }
    made.start()
    var isActed = false
    for await update in stream {
      if !isActed {
        isActed = true
        action(made)
      }
      if passes(update) { break }
    }
    return made
  }

  @Test(.timeLimit(.minutes(1)))
  func aKilledWorkerIsSeenThoughItWritesNothing() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 3)
    let reader = await update(
      { ProjectReader(store: project.store, livenessInterval: .milliseconds(30), onUpdate: $0) },
      where: { $0.runs?.first?.state == .crashed }, after: { _ in project.kill(run) })
    reader.stop()
  }

  @Test(.timeLimit(.minutes(1)))
  func commitsOfOthersAndOutcomesArrive() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 3)
    let worker = try ProjectStore.open(projectFolder: project.folder)
    let reader = await update(
      { ProjectReader(store: project.store, onUpdate: $0) },
      where: { $0.outcomes.first?.outcome == .rejected(reason: "not now") },
      after: { reader in
        reader.file(.pause, run: run) { result in
          guard let id = try? result.get() else { return }
          _ = try? worker.takeCommands(run: run)
          try? worker.answerCommand(id, rejection: "not now")
        }
      })
    reader.stop()
    try worker.close()
  }

  @Test(.timeLimit(.minutes(1)))
  func editsAreMadeAndRefusalsTellAllRunsAnew() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 3)
    let reader = await update(
      { ProjectReader(store: project.store, onUpdate: $0) },
      where: { $0.runs?.first?.labels.tags == ["x"] },
      after: { $0.edit([RunEdit(run, .tags(["x"]))]) { #expect($0 == nil) } })
    reader.stop()
    let told = Mutex(0)
    let second = await update(
      { ProjectReader(store: project.store, onUpdate: $0) },
      where: { update in
        told.withLock { count in
          if update.runs?.count == 1 { count += 1 }
          return count == 2
        }
      },
      after: { reader in
        // Nothing is committed, so the runs are told for the refusal only.
        reader.edit([RunEdit(run, .deleted(true))]) {
          #expect($0 as? StoreError == .runIsAlive(run, state: .running))
        }
      })
    second.stop()
  }

  @Test(.timeLimit(.minutes(1)))
  func whatWasDeletedLongAgoIsPurgedAtTheOpening() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 3)
    try project.finish(run)
    let folder = project.store.runFolder(run)
    try project.store.edit([RunEdit(run, .deleted(true))], at: .now.addingTimeInterval(-8 * 24 * 3600))
    let reader = ProjectReader(store: project.store) { _ in }
    reader.start()
    while FileManager.default.fileExists(atPath: folder.path) { await Task.yield() }
    reader.stop()
    #expect(try project.store.deletedRuns().isEmpty)
  }

  @Test func paceIsTheMedianOfRecentSteps() throws {
    let steps = (1...30).map { step in
      // One checkpoint of a minute between steps 20 and 21.
      MetricPoint(
        step: step, trainedTokens: 0, epoch: 0, wallTime: Double(step) * 2 + (step > 20 ? 60 : 0), value: 1)
    }
    #expect(RunPace(steps)?.secondsPerStep == 2)
    #expect(RunPace(Array(steps.prefix(1))) == nil)
    // The steps before a resume say nothing of the time after it.
    let resumed =
      steps + [
        MetricPoint(step: 31, trainedTokens: 0, epoch: 0, wallTime: 9000, value: 1, segment: 1),
        MetricPoint(step: 33, trainedTokens: 0, epoch: 0, wallTime: 9010, value: 1, segment: 1),
      ]
    #expect(RunPace(resumed)?.secondsPerStep == 5)
  }

  @Test func curvesAreSmoothedOverAllThatCounts() throws {
    let project = try TemporaryProject()
    let id = try project.addLiveRun("factual-60", steps: 10, curve: .init(notANumberAt: 5))
    try project.store.resumeRun(id, fromStep: 8, at: TemporaryProject.now)
    try project.train(id, steps: 9...12, from: TemporaryProject.now, segment: 1)
    let state = try project.state()
    let history = try #require(state.histories[id])
    let curves = try #require(state.curves[id])
    #expect(curves.train.map(\.isSuperseded) == [false, true, false])
    let expected = ExponentialMovingAverage.smoothed(
      history.current(.trainLoss).map { ChartPoint(x: Double($0.step), y: $0.value) }, weight: 0.9
    ).map { ChartPoint(x: $0.x, y: Double(Float($0.y))) }
    let smoothed = (1...12).compactMap { step in
      curves.smoothedTrain.compactMap { $0.points.nearest(to: Double(step)) }.min {
        abs($0.x - Double(step)) < abs($1.x - Double(step))
      }
    }
    // At the NaN of step 5 the average stands still.
    #expect(smoothed == expected)
    #expect(smoothed.count == 12)
    #expect(curves.latestTrain.map { Float($0) } == expected.last.map { Float($0.y) })
    #expect(curves.resumes == [8])
  }
}
