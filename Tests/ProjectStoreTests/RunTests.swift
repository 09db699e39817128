import Foundation
import Testing

@testable import ProjectStore

@Suite struct RunTests {
  @Test func aNewRunIsQueuedWithAFolder() throws {
    let project = try TemporaryProject()
    let run = try project.run()
    #expect(run.state == .queued && run.ordinal == 1 && run.totalSteps == 40 && run.segment == 0)
    #expect(run.id.wholeMatch(of: /r[2-9a-hjkmnp-z]{3}/) != nil)
    #expect(FileManager.default.fileExists(atPath: project.store.runFolder(run.id).path))
    #expect(try project.another().run(run.id) == run)
    #expect(throws: StoreError.noSuchRun("r000")) { try project.store.run("r000") }
  }

  @Test func everyFieldSurvives() throws {
    let project = try TemporaryProject()
    let id = try project.run().id
    let written = try project.store.updateRun(id) { run in
      run.name = "renamed"
      run.state = .failed
      run.startedAt = Date(timeIntervalSince1970: 1_700_000_000.125)
      run.finishedAt = Date(timeIntervalSince1970: 1_700_000_060.5)
      run.step = 12
      run.trainLoss = .infinity
      run.evalLoss = 1.71
      run.bestEvalLoss = 1.7
      run.bestStep = 10
      run.tokensPerSecond = 512.5
      run.trainedTokens = 1 << 40
      run.learningRate = 2e-4
      run.gradientNorm = -.infinity
      run.residentBytes = 900 << 20
      run.peakResidentBytes = 1 << 30
      run.adapterPath = "runs/\(id)/adapter"
      run.firstStepSeconds = 1.25
      run.pid = 4711
      run.message = "The loss is not finite at step 12."
    }
    #expect(try project.another().run(id) == written)
    #expect(written.trainLoss == .infinity && written.recipeJSON == #"{"lora_r":16}"#)

    // NaN is unequal to itself, and differs from "not known".
    try project.store.updateRun(id) {
      $0.trainLoss = .nan
      $0.evalLoss = nil
    }
    let read = try project.another().run(id)
    #expect(read.trainLoss?.isNaN == true && read.evalLoss == nil)
  }

  @Test func aThrownErrorLeavesTheRunAlone() throws {
    let project = try TemporaryProject()
    let run = try project.run()
    #expect(throws: CancellationError.self) {
      try project.store.updateRun(run.id) {
        $0.name = "half"
        throw CancellationError()
      }
    }
    #expect(try project.store.run(run.id) == run)
  }

  @Test func aRunWithoutItsWorkerHasCrashed() throws {
    let project = try TemporaryProject()
    let id = try project.run().id
    let lock = project.store.workerLock(run: id)
    let worker = try processHolding(lock)
    defer { killHard(worker) }
    try project.store.updateRun(id) { $0.state = .running }
    #expect(try project.store.run(id).state == .running)
    #expect(try project.store.runs().map(\.state) == [.running])

    killHard(worker)
    #expect(try project.store.run(id).state == .crashed)
    #expect(try project.store.runs().map(\.state) == [.crashed])
    #expect(throws: StoreError.runIsOver(id, state: .crashed)) { try project.store.file(.pause, run: id) }

    // The next worker takes over.
    let holder = try #require(try lock.acquire())
    let resumed = try project.store.resumeRun(id, fromStep: 20)
    #expect(resumed.segment == 1 && resumed.step == 20 && resumed.state == .starting)
    #expect(try project.store.run(id).state == .starting)
    holder.release()
    #expect(try project.store.run(id).state == .crashed)
  }

  @Test func onlyALivingStateCanCrash() throws {
    let project = try TemporaryProject()
    let id = try project.run().id
    #expect(try project.store.run(id).state == .queued)
    for state in RunState.allCases where state != .crashed {
      try project.store.updateRun(id) { $0.state = state }
      #expect(try project.store.run(id).state == (state.isAlive ? .crashed : state))
      #expect(!(state.isAlive && state.isOver))
    }
  }

  @Test func segmentsSupersedeWhatTheyDoAgain() throws {
    let project = try TemporaryProject()
    let id = try project.run().id
    try project.store.resumeRun(id, fromStep: 20, at: Date(timeIntervalSince1970: 5))
    try project.store.resumeRun(id, fromStep: 10)
    let segments = try project.store.segments(run: id)
    #expect(segments.map(\.resumedStep) == [20, 10] && segments.map(\.segment) == [1, 2])
    #expect(segments[0].startedAt == Date(timeIntervalSince1970: 5))
    #expect(!segments.supersede(step: 10, segment: 0))
    #expect(segments.supersede(step: 11, segment: 0))
    #expect(segments.supersede(step: 21, segment: 1))
    #expect(!segments.supersede(step: 500, segment: 2))
    #expect(!Array(segments.prefix(1)).supersede(step: 20, segment: 0))
  }
}
