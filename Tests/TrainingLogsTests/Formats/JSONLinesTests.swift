import Testing

@testable import TrainingLogs

struct JSONLinesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsALlamaFactoryLog() throws {
    let file = try LogFile.reading(
      """
      {"current_steps": 5, "total_steps": 20, "loss": 2.3475, "lr": 1.8e-06, "epoch": 0.25, "elapsed_time": "0:32:48", "remaining_time": "9 days, 21:39:23", "throughput": "12.50"}
      {"current_steps": 10, "total_steps": 20, "loss": 2.25, "lr": 1e-06, "epoch": 0.5, "elapsed_time": "1 day, 1:00:00"}
      {"current_steps": 10, "total_steps": 20, "eval_loss": 2.5, "epoch": 0.5, "elapsed_time": "9 days, 0:00:01"}

      """, in: folder)
    #expect(file.format == .trainerLog)
    #expect(file.facts.totalSteps == 20)
    #expect(file["train_loss"]?.steps == [5, 10])
    #expect(file["learning_rate"]?.values == [1.8e-06, 1e-06])
    #expect(file["eval_loss"]?.points == [LogPoint(step: 10, time: 777_601, value: 2.5)])
    #expect(file["train_loss"]?.points.map(\.time) == [1968, 90_000])
    #expect(file["throughput"]?.values == [12.5])
    #expect(file["remaining_time"] == nil)
  }

  @Test(arguments: ["step", "global_step", "Iteration", "_step", "epoch"])
  func findsTheColumnOfSteps(name: String) throws {
    let file = try LogFile.reading(
      "{\"\(name)\": 3, \"loss\": 1.5}\n{\"\(name)\": 4.0, \"loss\": 1.25}\n", in: folder)
    #expect(file.format == .jsonLines)
    #expect(file["train_loss"]?.steps == [3, 4])
  }

  @Test func prefersStepsToEpochs() throws {
    let file = try LogFile.reading(#"{"epoch": 1, "global_step": 500, "loss": 1.5}"# + "\n", in: folder)
    #expect(file["train_loss"]?.steps == [500])
    #expect(file["epoch"]?.values == [1])
  }

  @Test func readsWhatOnlyStringsCanSay() throws {
    let file = try LogFile.reading(
      """
      {"step": 1, "loss": "NaN", "event": "step", "time": "12.5"}
      {"step": 2, "loss": "-Infinity"}
      {"step": 3, "loss": null}

      """, in: folder)
    #expect(file["train_loss"]?.summary.nanCount == 1)
    #expect(file["train_loss"]?.summary.negativeInfinityCount == 1)
    #expect(file["train_loss"]?.summary.count == 2)
    // A string of digits is a label.
    #expect(file["time"] == nil)
  }

  @Test func aTornTailWaitsForItsEnd() throws {
    var file = try LogFile.reading("{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": 1.2", in: folder)
    #expect(file["train_loss"]?.values == [2.5])
    #expect(file.unfinished == "the last line has no end yet: it is not read")
    #expect(file.read() == false)
    try folder.append("log", "5}\n")
    #expect(file.read() == true)
    #expect(file["train_loss"]?.values == [2.5, 1.25])
    #expect(file.unfinished == nil)
    #expect(file.warnings.isEmpty)
  }

  @Test func anObjectsEndIsItsBrace() throws {
    var file = try LogFile.reading("{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": 1.25}", in: folder)
    #expect(file["train_loss"]?.values == [2.5, 1.25])
    try folder.append("log", "\n{\"step\": 3, \"loss\": 1}\n")
    file.read()
    #expect(file["train_loss"]?.values == [2.5, 1.25, 1])
    #expect(file.warnings.isEmpty)
  }

  @Test func badLinesAreLeftOutAndCounted() throws {
    let file = try LogFile.reading(
      "{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"lo\nhello\n{\"loss\": 3}\n\n{\"step\": 4, \"loss\": 1}\n",
      in: folder)
    #expect(file["train_loss"]?.steps == [1, 4])
    #expect(
      file.warnings == [
        "2 lines left out: not a JSON object (the first: line 2)",
        "1 row left out: no number under “step” (line 4)",
      ])
  }

  @Test func keepsNamesAsTheyAre() throws {
    let file = try LogFile.reading(#"{"step": 1, "\u001b[31mred\u202e": 1}"# + "\n", in: folder)
    #expect(file["\u{1b}[31mred\u{202e}"]?.values == [1])
  }

  @Test func aLineWithoutEndTakesNoMemoryWithoutEnd() throws {
    let long = "{\"step\": 2, \"text\": \"" + String(repeating: "x", count: 9 << 20) + "\"}\n"
    let file = try LogFile.reading(
      "{\"step\": 1, \"loss\": 2}\n" + long + "{\"step\": 3, \"loss\": 1}\n", in: folder)
    #expect(file["train_loss"]?.steps == [1, 3])
    #expect(file.warnings == ["1 line left out: longer than any log's (line 2)"])
  }

  @Test func ofTwoNamesForOneTheFirstGetsIt() throws {
    let file = try LogFile.reading(
      #"{"step": 1, "loss": 2, "train_loss": 3, "train/loss": 4}"# + "\n", in: folder)
    #expect(file["train_loss"]?.values == [2])
    #expect(file["train_loss_2"]?.values == [3])
    #expect(file["train/loss"]?.values == [4])
  }
}
