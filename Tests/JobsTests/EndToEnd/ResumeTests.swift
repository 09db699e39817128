import Foundation
import ProjectStore
import Testing

/// kill -9, again and again: the run ends with the same bits all the same.
@Suite(.serialized) struct ResumeTests {
  private static let steps = 120
  private static let recipe = [
    "--batch-size", "2", "--learning-rate", "1e-3", "--checkpoint-every", "40", "--eval-every", "25",
  ]

  @Test func killedRunEndsWithTheSameBits() async throws {
    let whole = try await train(seed: 1)

    let place = try Workplace()
    let first = try ChildProcess(
      place.assay(place.training(steps: Self.steps, "--seed", "1", "--foreground") + Self.recipe))
    let started = try JSONText.object(try await first.line("its beginning") { $0.contains(#""started""#) })
    let id = try #require(started["run"] as? String)
    let store = try place.openStore()

    // Before there is a checkpoint.
    try await kill(first, atStep: 1)
    #expect(place.names(in: "runs/\(id)/checkpoint").isEmpty)
    #expect(try store.run(id).state == .crashed)

    // While the checkpoint of step 40 is written, or close to it. The best adapter, of step 25 or later, is of no use
    // for going on.
    let second = try ChildProcess(place.assay(["worker", id]))
    #expect(try await resumedFrom(second) == 0)
    try await kill(second, atStep: 40)
    #expect(place.names(in: "runs/\(id)/adapter").contains("adapter_model.safetensors"))

    // Well behind a checkpoint.
    let third = try ChildProcess(place.assay(["worker", id]))
    #expect(try await [0, 40].contains(resumedFrom(third)))
    try await kill(third, atStep: 81)
    #expect(try store.run(id).state == .crashed)

    let answer = try JSONText.object(try await place.succeed(["runs", "resume", id, "--json"]).output)
    #expect(answer["run"] as? String == id)
    let end = try await place.wait(for: .finished, of: id, in: store)
    #expect(end.segment == 3)
    #expect(try store.segments(run: id).map(\.resumedStep).last == 80)

    let resumed = try Bits(place, id)
    #expect(resumed == whole)
    // The comparison could fail.
    #expect(try await train(seed: 2) != whole)
  }

  /// Through the workers that `assay train` and `assay runs resume` start, as a user has it.
  @Test func crashIsSeenAndResumed() async throws {
    let place = try Workplace()
    let id = try await place.startRun(steps: 100_000, "--checkpoint-every", "5", "--eval-every", "0")
    let store = try place.openStore()
    let running = try await place.wait(for: "ten steps", of: id, in: store) { $0.step >= 10 }
    #expect(running.state == .running)
    let pid = try #require(running.pid)

    let killed = DispatchTime.now()
    #expect(Foundation.kill(pid, SIGKILL) == 0)
    try place.waitUntilFree(store.workerLock(run: id))
    let listed = try JSONText.objects(try await place.succeed(["runs", "list", "--json"]).output)
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - killed.uptimeNanoseconds) / 1e9
    #expect(listed[0]["state"] as? String == "crashed")
    #expect(seconds < 5)
    let step = try #require(listed[0]["step"] as? Int)

    try await place.succeed(["runs", "resume", id, "--json"])
    let again = try await place.wait(for: "a step of the new worker", of: id, in: store) {
      $0.segment == 1 && $0.state == .running && $0.step > step
    }
    #expect(again.pid != pid)
    let from = try #require(try store.segments(run: id).last?.resumedStep)
    #expect(from % 5 == 0 && from >= 5 && from <= step)
    try await place.succeed(["runs", "stop", id, "--now"])
    try await place.wait(for: .stopped, of: id, in: store)
  }

  // MARK: - Parts

  /// What a run leaves: the best adapter and the last state, byte by byte.
  private struct Bits: Equatable, CustomStringConvertible {
    var adapter: Data
    var last: Data
    var trainer: Data

    init(_ place: Workplace, _ run: Run.ID) throws {
      adapter = try place.content("runs/\(run)/adapter/adapter_model.safetensors")
      last = try place.content("runs/\(run)/checkpoint/adapter_model.safetensors")
      trainer = try place.content("runs/\(run)/checkpoint/trainer.safetensors")
    }

    var description: String {
      [adapter, last, trainer].map { "\($0.count) bytes, sum \($0.reduce(0) { $0 &* 31 &+ Int($1) })" }
        .joined(separator: "; ")
    }
  }

  private func train(seed: Int) async throws -> Bits {
    let place = try Workplace()
    let result = try await place.succeed(
      place.training(steps: Self.steps, "--seed", String(seed), "--foreground") + Self.recipe)
    let summary = try JSONText.object(try #require(result.lines.last))
    #expect(summary["step"] as? Int == Self.steps)
    return try Bits(place, try #require(summary["run"] as? String))
  }

  /// It is killed within a page of output after that: see `Spawn.withPipes`.
  private func kill(_ worker: ChildProcess, atStep step: Int) async throws {
    _ = try await worker.line("step \(step)") {
      $0.contains(#""event":"step""#) && $0.contains(#""step":\#(step),"#)
    }
    worker.send(signal: SIGKILL)
    #expect(try await worker.finish().ending == .signal(SIGKILL))
  }

  private func resumedFrom(_ worker: ChildProcess) async throws -> Int? {
    try JSONText.object(try await worker.line("its beginning") { $0.contains(#""started""#) })["resumed_from"]
      as? Int
  }
}
