import Foundation
import Testing

/// What scripts rely on: the shape of the JSON, stdout for data only, exit codes.
@Suite(.serialized) struct CommandInterfaceTests {
  @Test func tokens() async throws {
    let place = try Workplace()
    let file = try place.write("lines.txt", "What is 0?\n\nIt is 0.\n")
    let result = try await place.succeed(["tokens", "--model", Workplace.model, "--json", file])
    #expect(result.lines == ["[57,74,273,285,223,18,33]", "[]", "[43,86,285,223,18,16]"])
    #expect(result.errors.isEmpty)
  }

  /// The loss is on the answer and its end token, and on nothing else.
  @Test func tokensOfPairs() async throws {
    let place = try Workplace()
    let result = try await place.succeed([
      "tokens", "--model", Workplace.model, "--pairs", "--json", place.pairs,
    ])
    #expect(result.lines.count == 24)
    for line in result.lines {
      let row = try JSONText.object(line)
      let ids = try #require(row["ids"] as? [Int])
      let loss = try #require(row["loss"] as? [Int])
      #expect(Set(row.keys) == ["ids", "loss"])
      try #require(ids.count == loss.count)
      #expect(Set(loss) == [0, 1])
    }
    let first = try JSONText.object(result.lines[0])
    let ids = try #require(first["ids"] as? [Int])
    let loss = try #require(first["loss"] as? [Int])
    let endOfTurn = 2
    #expect(zip(ids, loss).filter { $1 == 1 }.map(\.0) == [43, 86, 285, 223, 18, 16, endOfTurn])
  }

  @Test func ask() async throws {
    let place = try Workplace()
    let words = [
      "ask", "--model", Workplace.model, "--json", "--top-logprobs", "5", "--max-tokens", "6",
      "--temperature", "0",
      "What is 1?",
    ]
    let result = try await place.succeed(words)
    #expect(result.lines.count == 1)
    #expect(result.errors.isEmpty)
    let output = try JSONText.object(result.output)
    #expect(output["answer"] is String)
    let tokens = try #require(output["tokens"] as? [[String: Any]])
    #expect((1...6).contains(tokens.count))
    #expect(tokens.compactMap { $0["id"] as? Int } == output["ids"] as? [Int])
    for token in tokens {
      #expect(Set(token.keys) == ["id", "text", "logprob", "top_logprobs"])
      let top = try #require(token["top_logprobs"] as? [[String: Any]])
      #expect(top.count == 5)
      for entry in top { #expect(Set(entry.keys) == ["id", "text", "logprob"]) }
      let logProbabilities = top.compactMap { $0["logprob"] as? Double }
      #expect(logProbabilities == logProbabilities.sorted(by: >))
      #expect(logProbabilities.allSatisfy { $0 <= 0 })
      // Without temperature the most likely token is the one that is taken.
      #expect(top[0]["id"] as? Int == token["id"] as? Int)
      #expect(logProbabilities[0] == token["logprob"] as? Double)
    }
    #expect(try await place.succeed(words).output == result.output)
  }

  @Test func foregroundTraining() async throws {
    let place = try Workplace()
    let result = try await place.succeed(
      place.training(
        steps: 20, "--where", "category=factual", "--seed", "1", "--learning-rate", "1e-2", "--eval-every",
        "5",
        "--checkpoint-every", "10", "--foreground"))
    #expect(result.errors.isEmpty)
    let events = try result.lines.map(JSONText.object)
    let kinds = events.map { $0["event"] as? String ?? "" }
    #expect(kinds.first == "started")
    #expect(events[0]["training_rows"] as? Int == 8)
    #expect(events[0]["evaluation_rows"] as? Int == 4)

    let steps = events.filter { $0["event"] as? String == "step" }
    #expect(steps.map { $0["step"] as? Int } == Array(1...20))
    for step in steps {
      for key in ["train_loss", "tokens_per_second", "learning_rate", "gradient_norm", "epoch"] {
        #expect((step[key] as? Double)?.isFinite == true, "\(key)")
      }
      #expect((step["tokens_per_second"] as? Double ?? 0) > 0)
    }
    let evaluations = events.filter { $0["event"] as? String == "evaluation" }
    #expect(evaluations.map { $0["step"] as? Int } == [0, 5, 10, 15, 20])
    #expect(evaluations.allSatisfy { $0["eval_loss"] is Double })
    #expect(kinds.filter { $0 == "checkpoint" }.count == 2)

    let summary = try #require(events.last)
    #expect(kinds.filter { $0 == "summary" }.count == 1)
    #expect(summary["event"] as? String == "summary")
    #expect(summary["state"] as? String == "finished")
    #expect(summary["step"] as? Int == 20)
    #expect(try #require(summary["peak_rss_bytes"] as? Int) > 1_000_000)
    #expect(try #require(summary["first_step_seconds"] as? Double) > 0)
    let best = try #require(summary["best_eval_loss"] as? Double)
    #expect(best < (try #require(summary["base_eval_loss"] as? Double)))
    let adapter = try #require(summary["adapter_path"] as? String)
    #expect(FileManager.default.fileExists(atPath: adapter + "/adapter_model.safetensors"))

    // The adapter is not a no-op.
    let question = [
      "ask", "--model", Workplace.model, "--json", "--max-tokens", "4", "--temperature", "0", "What is 4?",
    ]
    let base = try JSONText.object(try await place.succeed(question).output)
    let tuned = try JSONText.object(try await place.succeed(question + ["--adapter", adapter]).output)
    #expect(base["tokens"] as? NSArray != tuned["tokens"] as? NSArray)
  }

  /// ^C finishes the step and saves.
  @Test func interruptedForegroundTraining() async throws {
    let place = try Workplace()
    let process = try ChildProcess(place.assay(place.training(steps: 100_000, "--foreground")))
    _ = try await process.line("a third step") { $0.contains(#""step":3,"#) }
    process.send(signal: SIGINT)
    let result = try await process.finish()
    #expect(result.ending == .exit(130))
    let summary = try JSONText.object(try #require(result.lines.last))
    #expect(summary["state"] as? String == "stopped")
    let steps = try #require(summary["step"] as? Int)
    #expect((3..<100_000).contains(steps))
    let run = try #require(summary["run"] as? String)
    #expect(place.names(in: "runs/\(run)/checkpoint").contains("trainer.safetensors"))
    let listed = try JSONText.objects(try await place.succeed(["runs", "list", "--json"]).output)
    #expect(listed.first?["state"] as? String == "stopped")
    #expect(listed.first?["step"] as? Int == steps)
  }

  @Test(arguments: [
    ["train", "--lora-r", "many"], ["train", "--steps", "-1"], ["train", "--no-such-flag"],
    ["no-such-command"],
    ["runs", "pause"], ["runs", "set-learning-rate", "r222", "2"], ["tokens", "--threads", "0", "-"],
    ["ask", "--max-tokens", "0", "Why?"],
  ])
  func usageErrors(_ words: [String]) async throws {
    let place = try Workplace()
    let result = try await ChildProcess(place.assay(words)).finish()
    #expect(result.ending == .exit(2))
    #expect(result.output.isEmpty)
    #expect(!result.errors.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: place.project.path))
  }

  @Test func helpIsNoError() async throws {
    let place = try Workplace()
    let result = try await ChildProcess(place.program(Workplace.program, ["train", "--help"])).finish()
    #expect(result.ending == .exit(0))
    #expect(result.output.contains("--learning-rate"))
    #expect(result.errors.isEmpty)
  }
}
