import Testing

@testable import TrainingLogs

struct RecognitionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Name, content, and a part of what is said.
  @Test(arguments: [
    (
      "trainer_state.json", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n",
      "Git LFS pointer"
    ),
    ("trainer_state.json", "{\"model_type\": \"llama\", \"loss\": 3}", "has no log_history"),
    ("trainer_state.json", "", "is empty"),
    ("trainer_log.jsonl", "{\"question\": \"q\", \"answer\": \"a\"}\n", "no rows with current_steps"),
    ("events.out.tfevents.1.host", "hello, this is a text\n", "not a TensorBoard event file"),
    ("run-abc.wandb", "hello\n", "not a W&B file"),
    ("x.wandb", ":W&B\u{1}\u{2}\u{3}", "of another version"),
    ("x.tfevents.1", "\u{18}\0\0", "first record"),
  ])
  func filesThatAreNotWhatTheirNameSaysAreReported(name: String, content: String, reason: String) throws {
    try folder.write(name, content)
    let run = try #require(folder.runs().first)
    #expect(run.format == nil)
    #expect(run.series.isEmpty)
    #expect(run.warnings.count == 1)
    #expect(run.warnings.first?.contains(reason) == true, "\(run.warnings)")
  }

  @Test func contentDecidesAndNotTheName() throws {
    try folder.write("a.json", EventFile.version() + EventFile.scalar("loss", 1, 2))
    try folder.write("b.wandb", "step,loss\n1,2\n")
    try folder.write("c.csv", TrainerStateTests.state(#"{"loss": 2.5, "step": 10}"#))
    try folder.write("d.tfevents", "{\"step\": 1, \"loss\": 2}\n")
    #expect(folder.runs().map(\.format) == [.tensorBoard, .csv, .trainerState, .jsonLines])
  }

  @Test func otherFilesOfATreeAreNotWorthAWord() throws {
    try folder.write("config.json", "{\"hidden_size\": 64}")
    try folder.write("model.safetensors", [8, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d])
    try folder.write("README.md", "# step, loss\n")
    try folder.write("pairs.jsonl", "{\"question\": \"q\"}\n")
    #expect(folder.runs().isEmpty)
    var logs = FollowedLogs(paths: [folder.path("config.json")])
    logs.discover()
    logs.read()
    #expect(logs.runs.map(\.format) == [nil])
    #expect(logs.runs.first?.warnings.first?.hasPrefix("not a training log: the file is JSON") == true)
  }

  @Test func aLargeTextIsNotLookedAtAgainWhenItGrows() throws {
    var file = try LogFile.reading(
      String(repeating: "some text\n", count: 120_000), name: "a.txt", in: folder)
    #expect(file.refusal != nil)
    try folder.append("a.txt", "more\n")
    #expect(file.read() == false)
    try folder.write("a.txt", "step,loss\n1,2\n")
    #expect(file.read() == true)
    #expect(file["train_loss"]?.values == [2])
  }

  @Test func aFileBecomesALogWhenItIsOne() throws {
    var file = try LogFile.reading("", in: folder)
    #expect(file.format == nil)
    try folder.append("log", "{\"step\": 1, ")
    file.read()
    #expect(file.format == nil)
    try folder.append("log", "\"loss\": 2}\n")
    file.read()
    #expect(file["train_loss"]?.values == [2])
    #expect(file.warnings.isEmpty)
  }
}
