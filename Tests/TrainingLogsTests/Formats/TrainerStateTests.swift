import Testing

@testable import TrainingLogs

struct TrainerStateTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A state as transformers writes it, with other members before and behind.
  static func state(_ history: String) -> String {
    """
    {
      "best_metric": null, "epoch": 1.0, "global_step": 20, "is_local_process_zero": true,
      "log_history": [\(history)],
      "max_steps": 200,
      "stateful_callbacks": {"TrainerControl": {"args": {"should_save": true}, "attributes": {}}},
      "trial_params": null
    }
    """
  }

  @Test func readsTrainingEvaluationAndTheLastEntry() throws {
    let file = try LogFile.reading(
      Self.state(
        """
        {"epoch": 0.5, "grad_norm": 1.5, "learning_rate": 2e-05, "loss": 2.5, "step": 10},
        {"epoch": 0.5, "eval_loss": 2.25, "eval_runtime": 3.5, "step": 10},
        {"epoch": 1.0, "grad_norm": 1.25, "learning_rate": 1e-05, "loss": 2.0, "step": 20},
        {"epoch": 1.0, "step": 20, "total_flos": 6.2e+20, "train_loss": 2.25, "train_runtime": 100.5}
        """), in: folder)
    #expect(file.format == .trainerState)
    #expect(file.facts.totalSteps == 200)
    #expect(file["train_loss"]?.steps == [10, 20])
    #expect(file["train_loss"]?.values == [2.5, 2.0])
    #expect(file["train_loss"]?.originalName == "loss")
    #expect(file["eval_loss"]?.values == [2.25])
    #expect(file["gradient_norm"]?.values == [1.5, 1.25])
    #expect(file["learning_rate"]?.summary.maximum == 2e-05)
    // The mean over all of training is no point of the loss curve.
    #expect(file["mean_train_loss"]?.values == [2.25])
    #expect(file["step"] == nil)
    #expect(file.warnings.isEmpty)
    #expect(file.unfinished == nil)
  }

  @Test func countsAndKeepsBareNaNAndInfinities() throws {
    let file = try LogFile.reading(
      Self.state(
        """
        {"loss": NaN, "step": 1}, {"loss": 3.0, "step": 2}, {"loss": Infinity, "step": 3},
        {"loss": -Infinity, "step": 4}, {"loss": 1.0, "step": 5}
        """), in: folder)
    let summary = try #require(file["train_loss"]?.summary)
    #expect(summary.count == 5)
    #expect((summary.nanCount, summary.positiveInfinityCount, summary.negativeInfinityCount) == (1, 1, 1))
    #expect((summary.minimum, summary.maximum) == (1, 3))
    #expect(summary.first?.value.isNaN == true)
  }

  @Test func aFileWithoutItsEndIsReadSoFarAndSaysSo() throws {
    let text = Self.state(#"{"loss": 2.5, "step": 10}, {"loss": 2.25, "step": 20}"#)
    let cut = text.prefix(upTo: try #require(text.range(of: ", \"step\": 20")).lowerBound)
    let file = try LogFile.reading(String(cut), in: folder)
    #expect(file["train_loss"]?.values == [2.5])
    #expect(file.unfinished?.contains("no end yet") == true)
  }

  @Test func saysWhereItIsNoJSONAnyMore() throws {
    let file = try LogFile.reading(
      Self.state(#"{"loss": 2.5, "step": 10}, {"loss": oops, "step": 20}"#), in: folder)
    #expect(file["train_loss"]?.values == [2.5])
    #expect(file.warnings.count == 1)
    #expect(file.warnings.first?.contains("byte ") == true)
  }

  @Test func entriesWithoutAStepAreLeftOutAndCounted() throws {
    let file = try LogFile.reading(
      Self.state(#"{"loss": 1}, {"loss": 2, "step": 1}, {"loss": 3, "step": 1.5}, 7"#), in: folder)
    #expect(file["train_loss"]?.values == [2])
    #expect(
      file.warnings == [
        "2 rows left out: no number under “step” (the first: entry 1 of log_history)",
        "1 line left out: not an object in log_history (entry 4)",
      ])
  }

  @Test func isWrittenAnewWithEachSave() throws {
    var file = try LogFile.reading(Self.state(#"{"loss": 2.5, "step": 10}"#), in: folder)
    try folder.write("log", Self.state(#"{"loss": 2.5, "step": 10}, {"loss": 2.25, "step": 20}"#))
    file.read()
    #expect(file["train_loss"]?.values == [2.5, 2.25])
    #expect(file["train_loss"]?.segments.count == 1)
    #expect(file["train_loss"]?.duplicatesDropped == 0)
    #expect(file.warnings.isEmpty)
  }

  @Test func aResumeFromAnEarlierCheckpointIsASegment() throws {
    var file = try LogFile.reading(
      Self.state(#"{"loss": 3, "step": 10}, {"loss": 2, "step": 20}, {"loss": 1, "step": 30}"#), in: folder)
    try folder.write(
      "log", Self.state(#"{"loss": 3, "step": 10}, {"loss": 1.5, "step": 20}, {"loss": 1.25, "step": 30}"#))
    file.read()
    let series = try #require(file["train_loss"])
    #expect(series.steps == [10, 20, 30, 20, 30])
    #expect(series.segments.map(\.start) == [0, 3])
  }

  @Test func readsEntriesWiderThanAWindowPieceByPiece() throws {
    let history = (1...30_000).map { #"{"epoch": 0.\#($0), "loss": \#($0).5, "step": \#($0)}"# }.joined(
      separator: ",\n")
    let file = try LogFile.reading(Self.state(history), in: folder)
    #expect(file.offset > 1 << 20)
    #expect(file["train_loss"]?.summary.count == 30_000)
    #expect(file["train_loss"]?.summary.last?.value == 30_000.5)
  }
}
