import Foundation
import ProjectStore
import Testing

/// Looking at runs and steering them from the command line, with workers of their own.
@Suite(.serialized) struct RunsCommandTests {
  private static let endless = 100_000

  @Test func listShowAndExport() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    #expect(try await place.run("runs", "list", "--json").output == "[]\n")

    let id = try await place.startRun(steps: 6, "--name", "six steps", "--eval-every", "2")
    let store = try place.openStore()
    let run = try await place.wait(for: .finished, of: id, in: store)
    let listed = try JSONText.objects(try await place.succeed(["runs", "list", "--json"]).output)
    try #require(listed.count == 1)
    #expect(
      Set(listed[0].keys) == [
        "id", "name", "state", "step", "total_steps", "train_loss", "eval_loss", "best_eval_loss",
        "tokens_per_second", "peak_rss_bytes", "adapter_path", "tags", "note", "pinned", "archived",
      ])
    #expect(listed[0]["id"] as? String == id)
    #expect(listed[0]["name"] as? String == "six steps")
    #expect(listed[0]["state"] as? String == "finished")
    #expect(listed[0]["step"] as? Int == 6)
    #expect(listed[0]["best_eval_loss"] as? Double == run.bestEvalLoss)
    let adapter = try #require(listed[0]["adapter_path"] as? String)
    #expect(adapter.hasPrefix("/"))

    let shown = try JSONText.object(try await place.succeed(["runs", "show", id, "--json"]).output)
    #expect((shown["run"] as? NSDictionary) == (listed[0] as NSDictionary))
    let kinds = try #require(shown["events"] as? [[String: Any]]).map { $0["kind"] as? String }
    #expect(kinds.first == "started")
    #expect(kinds.last == "finished")
    #expect((shown["recipe"] as? [String: Any])?["model"] as? String == Workplace.model)
    #expect(!(shown["samples"] as? [Any] ?? []).isEmpty)

    let target = place.folder.appendingPathComponent("exported")
    let export = ["runs", "export", id, "--output", target.path, "--json"]
    let files = try JSONText.object(try await place.succeed(export).output)
    #expect(
      files["files"] as? [String] == ["data.jsonl", "events.jsonl", "metrics.csv", "recipe.json", "adapter/"])
    #expect(
      try Data(contentsOf: target.appendingPathComponent("adapter/adapter_model.safetensors"))
        == Data(contentsOf: URL(fileURLWithPath: adapter + "/adapter_model.safetensors")))
    let metrics = try String(contentsOf: target.appendingPathComponent("metrics.csv"), encoding: .utf8)
    #expect(metrics.split(separator: "\n").filter { $0.hasPrefix("train_loss,") }.count == 6)

    // Nothing that is there is written over.
    let again = try await ChildProcess(place.assay(export)).finish()
    try expectOneLine(again, naming: target.path, "exists already")
  }

  @Test func commands() async throws {
    let place = try Workplace()
    let id = try await place.startRun(
      steps: Self.endless, "--eval-every", "0", "--checkpoint-every", "0", "--schedule", "constant",
      "--warmup-ratio", "0", "--learning-rate", "2e-4")
    let store = try place.openStore()
    try await place.wait(for: "the first step", of: id, in: store) { $0.step > 0 }

    let answer = try JSONText.object(try await place.succeed(["runs", "pause", id, "--json"]).output)
    #expect(answer["id"] as? String == id)
    let paused = try await place.wait(for: .paused, of: id, in: store)
    #expect(try listedState(try await place.succeed(["runs", "list", "--json"])) == "paused")

    // A paused worker does these at once, and no step.
    #expect(place.names(in: "runs/\(id)/checkpoint").isEmpty)
    for words in [["set-learning-rate", id, "1e-5"], ["evaluate", id], ["checkpoint", id]] {
      try await place.succeed(["runs"] + words + ["--json"])
    }
    try await place.wait(for: "three answers", of: id, in: store) { _ in
      try store.commands(run: id).allSatisfy { $0.outcome == .done }
    }
    #expect(try store.commands(run: id).count == 4)
    #expect(try store.run(id).step == paused.step)
    let kinds = try store.events(run: id).map(\.kind)
    #expect(kinds.contains(.improved) && kinds.contains(.checkpoint) && kinds.contains(.learningRate))
    #expect(place.names(in: "runs/\(id)/checkpoint").contains("trainer.safetensors"))
    #expect(try store.run(id).evalLoss != nil)

    try await place.succeed(["runs", "resume", id, "--json"])
    let running = try await place.wait(for: "more steps", of: id, in: store) {
      $0.state == .running && $0.step > paused.step
    }
    #expect(paused.learningRate == 2e-4)
    #expect(running.learningRate == 1e-5)
    #expect(running.pid == paused.pid)

    // A run has one worker.
    let second = try await place.run("worker", id)
    try expectOneLine(second, naming: "run \(id) already has a worker (process \(try #require(running.pid)))")
    let resumed = try await place.run("runs", "resume", id)
    try expectOneLine(resumed, naming: "run \(id) cannot be resumed", "it is running")

    try await place.succeed(["runs", "stop", id, "--json"])
    let stopped = try await place.wait(for: .stopped, of: id, in: store)
    #expect(stopped.step > paused.step)
    #expect(place.names(in: "runs/\(id)/adapter").contains("adapter_config.json"))
    let late = try await place.run("runs", "pause", id)
    try expectOneLine(late, naming: "run \(id) is stopped")

    // A stopped run goes on where it was, in a new worker.
    try await place.succeed(["runs", "resume", id, "--json"])
    let again = try await place.wait(for: "a step of the new worker", of: id, in: store) {
      $0.state == .running && $0.step > stopped.step
    }
    #expect(again.segment == 1)
    #expect(try store.segments(run: id).last?.resumedStep == stopped.step)
    try await place.succeed(["runs", "stop", id, "--now", "--json"])
    try await place.wait(for: .stopped, of: id, in: store)
  }

  @Test func unknownRun() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    for command in ["show", "pause", "resume", "stop", "checkpoint", "evaluate", "export"] {
      try expectOneLine(try await place.run("runs", command, "r999"), naming: "r999")
    }
  }

  @Test func labelsAndDeletion() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let store = try place.openStore()
    let ids = try (1...3).map { number in
      let recipe = #"{"lora":{"rank":\#(8 * number)},"seed":1}"#
      let run = try store.createRun(name: "run \(number)", recipeJSON: recipe, modelName: "m")
      try store.updateRun(run.id) {
        $0.state = .finished
        $0.evalLoss = Double(number)
      }
      return run.id
    }
    func listed(_ words: String...) async throws -> [String?] {
      let output = try await place.succeed(["runs", "list", "--json"] + words).output
      return try JSONText.objects(output).map { $0["id"] as? String }
    }
    try await place.succeed(["runs", "tag", "sweep,best", ids[0], ids[1]])
    try await place.succeed(["runs", "untag", "best", ids[1]])
    try await place.succeed(["runs", "note", "rises", ids[2]])
    try await place.succeed(["runs", "pin", ids[0]])
    #expect(try store.run(ids[0]).labels.tags == ["best", "sweep"])
    #expect(try await listed() == [ids[0], ids[2], ids[1]])
    #expect(try await listed("--sort", "eval", "--reverse") == [ids[0], ids[2], ids[1]])
    #expect(try await listed("--filter", "tag:sweep eval>1.5") == [ids[1]])
    #expect(try await listed("--filter", "-tag:best /RUN [23]/ rank>=16") == [ids[2], ids[1]])
    try await place.succeed(["runs", "archive", ids[2]])
    #expect(try await listed() == [ids[0], ids[1]])
    #expect(try await listed("--archived").count == 3)
    #expect(try await listed("--filter", "is:archived") == [ids[2]])
    try await place.succeed(["runs", "unarchive", ids[2]])
    try await place.succeed(["runs", "unpin", ids[0]])

    let diff = try JSONText.object(try await place.succeed(["runs", "diff"] + ids + ["--json"]).output)
    let difference = try #require((diff["differences"] as? [[String: Any]])?.first)
    #expect(difference["field"] as? String == "lora.rank" && diff["same_count"] as? Int == 1)
    #expect(difference["values"] as? [String] == ["8", "16", "24"])

    // All or nothing.
    try expectOneLine(try await place.run("runs", "delete", ids[0], "r999"), naming: "r999")
    #expect(try store.runs().count == 3)
    try await place.succeed(["runs", "delete", ids[0], ids[1]])
    #expect(try await listed() == [ids[2]])
    #expect(try await listed("--deleted").count == 2)
    try expectOneLine(try await place.run("runs", "resume", ids[0]), naming: ids[0], "deleted")
    try await place.succeed(["runs", "restore", ids[0]])
    #expect(try await listed() == [ids[2], ids[0]])
    try await place.succeed(["runs", "delete", "--now", ids[2]])
    #expect(try store.deletedRuns().map(\.id) == [ids[1]], "only the named run is removed")
    #expect(place.names(in: "runs") == [ids[0], ids[1]].sorted())
    try await place.succeed(["runs", "purge"])
    #expect(place.names(in: "runs") == [ids[0]])
    let alone = try await place.run()
    #expect(alone.ending == .exit(0) && alone.output.contains("run 1") && alone.output.contains("#sweep"))
    let bad = try await place.run("runs", "list", "--filter", "eval<low")
    try expectOneLine(bad, naming: "eval<low", "eval needs a number")
  }

  private func listedState(_ result: ChildProcess.Result) throws -> String? {
    try JSONText.objects(result.output).first?["state"] as? String
  }

  /// Curves and their points, to files and to stdout.
  @Test func exportsCurves() async throws {
    let place = try Workplace()
    let trained = try await place.succeed(place.training(steps: 12, "--foreground", "--eval-every", "4"))
    let summary = try JSONText.object(String(try #require(trained.output.split(separator: "\n").last)))
    let run = try #require(summary["run"] as? String)
    let rows = try await place.succeed(["export", "metrics", run]).output.split(separator: "\n")
    #expect(rows.first == "run,name,series,segment,superseded,step,trained_tokens,epoch,wall_time,value")
    #expect(rows.count { $0.contains(",train_loss,") } == 12)
    // Both categories are in the eval split, so each has a curve of its own.
    for series in ["eval_loss", "eval_loss/factual", "eval_loss/conceptual"] {
      #expect(rows.count { $0.contains(",\(series),") } == 4, "\(series)")
    }
    let file = place.folder.appendingPathComponent("loss.svg").path
    try await place.succeed(["export", "chart", run, "--output", file, "--x", "epoch"])
    let svg = try String(contentsOfFile: file, encoding: .utf8)
    #expect(svg.contains("Loss · x epoch") && svg.hasSuffix("</svg>\n"))
    let again = try await place.run("export", "chart", run, "--output", file)
    #expect(again.ending == .exit(1))
    #expect(again.errors.contains("exists already"))
    #expect(try String(contentsOfFile: file, encoding: .utf8) == svg)
    let text = try await place.succeed(["export", "chart", run, "--ascii", "--width", "60", "--height", "12"])
    #expect(text.output.hasPrefix("+ Loss . x step"))
    #expect(try await place.run("export", "chart", "nosuch").ending == .exit(1))
  }
}
