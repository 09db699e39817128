import Foundation
import Synchronization
import Testing

@testable import ProjectStore

@Suite struct RunEventTests {
  @Test func eventsAreReadOnFromTheLastSeen() throws {
    let project = try TemporaryProject()
    let (a, b) = (try project.run().id, try project.run().id)
    let time = Date(timeIntervalSince1970: 1_700_000_000.25)
    let first = try project.store.append(
      RunEvent(
        run: a, time: time, step: 80, kind: .improved, message: "Eval 1.71 improved (1.74).",
        payloadJSON: #"{"eval_loss":1.71}"#))
    try project.store.append(RunEvent(run: b, step: 1, kind: .init(rawValue: "from_later"), message: "?"))
    try project.store.append(RunEvent(run: a, step: 90, kind: .checkpoint, message: "Checkpoint."))

    let events = try project.another().events(run: a)
    #expect(events.map(\.kind) == [.improved, .checkpoint])
    #expect(events[0].id == first && events[0].time == time && events[0].step == 80)
    #expect(events[0].payloadJSON == #"{"eval_loss":1.71}"#)
    #expect(try project.store.events(run: a, afterID: first).map(\.step) == [90])
    #expect(try project.store.events().map(\.kind.rawValue) == ["improved", "from_later", "checkpoint"])
    #expect(try project.store.events(afterID: first, limit: 1).map(\.run) == [b])
    #expect(try project.store.latestEvents(run: a, limit: 1).map(\.kind) == [.checkpoint])
  }
}

@Suite struct RunCommandTests {
  @Test func aCommandGoesThereAndItsAnswerBack() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let (sender, worker) = (project.store, try project.another())
    let all: [RunCommand] = [
      .pause, .resume, .stopAndSave, .stopNow, .checkpoint, .evaluate, .setLearningRate(1e-5),
    ]
    let ids = try all.map { try sender.file($0, run: run) }
    #expect(try sender.command(ids[0])?.outcome == .waiting)

    let taken = try worker.takeCommands(run: run)
    #expect(taken.map(\.command) == all && taken.map(\.id) == ids)
    #expect(try sender.command(ids[0])?.outcome == .taken)
    #expect(try worker.takeCommands(run: run).isEmpty)

    try worker.answerCommand(ids[0])
    try worker.answerCommand(ids[6], rejection: "a learning rate is above 0")
    #expect(try sender.command(ids[0])?.outcome == .done)
    #expect(try sender.command(ids[6])?.outcome == .rejected(reason: "a learning rate is above 0"))

    try worker.rejectOpenCommands(run: run, reason: "the run has ended")
    #expect(try sender.command(ids[0])?.outcome == .done)
    #expect(try sender.commands(run: run)[3].outcome == .rejected(reason: "the run has ended"))
  }

  @Test func eachIsDeliveredOnce() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let ids = try (0..<40).map { _ in try project.store.file(.checkpoint, run: run) }
    let taken = Mutex<[Int64]>([])
    let stores = [project.store, try project.another(), try project.another(), try project.another()]
    DispatchQueue.concurrentPerform(iterations: 4) { index in
      do {
        let commands = try stores[index].takeCommands(run: run)
        taken.withLock { $0 += commands.map(\.id) }
      } catch {
        Issue.record(error)
      }
    }
    #expect(taken.withLock { $0.sorted() } == ids)
  }

  @Test func aRunThatIsOverTakesNone() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    try project.store.updateRun(run) { $0.state = .finished }
    let error = #expect(throws: StoreError.self) { try project.store.file(.pause, run: run) }
    #expect(error == .runIsOver(run, state: .finished))
    #expect(throws: StoreError.noSuchRun("r000")) { try project.store.file(.pause, run: "r000") }
  }

  @Test func aResumeRejectsWhatWasFiledForTheDead() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let (open, taken) = (
      try project.store.file(.stopNow, run: run), try project.store.file(.pause, run: run)
    )
    #expect(open < taken)
    try project.store.resumeRun(run, fromStep: 0)
    #expect(try project.store.takeCommands(run: run).isEmpty)
    let outcome = try project.store.command(open)?.outcome
    #expect(outcome == .rejected(reason: "the run's worker was started again"))
  }

  @Test func anUnknownCommandIsRejected() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    try project.store.write { db in
      try db.execute(
        sql: "INSERT INTO run_command (run_id, kind, filed_at) VALUES (?, 'fly', 0)", arguments: [run])
    }
    let pause = try project.store.file(.pause, run: run)
    #expect(try project.store.takeCommands(run: run).map(\.id) == [pause])
    let rejections = try project.store.read { db in
      try String.fetchAll(db, sql: "SELECT rejection FROM run_command WHERE rejection IS NOT NULL")
    }
    #expect(rejections == ["this version does not know the command"])
  }
}

@Suite struct SampleAndCheckpointTests {
  @Test func theNewestSamplesAreShown() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    try project.store.importPairs([QAPair(question: "What is a PDU?", answer: "A power distribution unit.")])
    let pair = try #require(try project.store.pairs().first)
    func sample(_ step: Int, _ answer: String) -> SampleAnswer {
      SampleAnswer(
        run: run, step: step, pairID: pair.id, question: pair.question, expected: pair.answer,
        baseAnswer: "A file format.", answer: answer)
    }
    #expect(try project.store.sampleAnswers(run: run).isEmpty)
    let later = [sample(20, "A power unit."), sample(20, "Power distribution.")]
    try project.store.append([sample(10, "Pads.")] + later)
    #expect(try project.another().sampleAnswers(run: run) == later)
    #expect(try project.store.sampleAnswers(run: run, step: 10).map(\.answer) == ["Pads."])
  }

  @Test func bestAndLastMarkOneEach() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    for (step, loss, isBest) in [(10, 2.0, true), (20, 1.5, true), (30, Double.infinity, false)] {
      try project.store.record(
        CheckpointRecord(
          run: run, step: step, path: "runs/\(run)/checkpoint-\(step)", evalLoss: loss, isBest: isBest,
          isLast: true))
    }
    var checkpoints = try project.another().checkpoints(run: run)
    #expect(checkpoints.map(\.step) == [10, 20, 30])
    #expect(checkpoints.map(\.isBest) == [false, true, false])
    #expect(checkpoints.map(\.isLast) == [false, false, true])
    #expect(checkpoints[2].evalLoss == .infinity)
    try project.store.forgetCheckpoint(run: run, step: 10)
    checkpoints = try project.store.checkpoints(run: run)
    #expect(checkpoints.map(\.path) == ["runs/\(run)/checkpoint-20", "runs/\(run)/checkpoint-30"])
  }
}
