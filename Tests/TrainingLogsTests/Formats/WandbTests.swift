import Testing

@testable import TrainingLogs

struct WandbTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsNameSettingsAndHistory() throws {
    var wandb = WandbFile()
    wandb.record([])
    wandb.run(id: "g9dvvkua", name: "gentle-sun-7", configuration: [("lr", "0.001"), ("_wandb", "{}")])
    wandb.history([
      (["loss"], "2.5"), (["_step"], "0"), (["_runtime"], "1.5"), (["_timestamp"], "1700000000.5"),
    ])
    wandb.history([(["loss"], "\"NaN\""), (["eval", "acc"], "0.5"), (["_step"], "1"), (["_runtime"], "2.5")])
    wandb.history([
      (["images"], "{\"_type\": \"images\", \"count\": 3}"), (["m"], "{\"a\": 1}"), (["_step"], "2"),
    ])
    let file = try LogFile.reading(wandb.bytes, in: folder)
    #expect(file.format == .wandb)
    #expect(file.facts.name == "gentle-sun-7")
    #expect(file.facts.configuration == ["lr": "0.001"])
    #expect(file["train_loss"]?.points.first == LogPoint(step: 0, time: 1_700_000_000.5, value: 2.5))
    #expect(file["train_loss"]?.summary.nanCount == 1)
    #expect(file["eval.acc"]?.points == [LogPoint(step: 1, time: 2.5, value: 0.5)])
    #expect(file["m.a"]?.steps == [2])
    #expect(file.curves.series.count == 3)
    #expect(file.warnings.isEmpty)
    #expect(file.unfinished == nil)
  }

  @Test func takesTheTrainersOwnStepWhereItIsLogged() throws {
    var wandb = WandbFile()
    wandb.history([(["train/loss"], "2.5"), (["train/global_step"], "500"), (["_step"], "1")])
    let file = try LogFile.reading(wandb.bytes, in: folder)
    #expect(file["train_loss"]?.steps == [500])
  }

  @Test func readsRecordsThatCrossBlocks() throws {
    var wandb = WandbFile()
    // So that the blocks end at every place of a fragment, its header included.
    for step in 0..<200 {
      wandb.history([
        (["loss"], "\(step).5"), (["text"], "\"" + String(repeating: "x", count: 997) + "\""),
        (["_step"], "\(step)"),
      ])
    }
    wandb.record([UInt8](repeating: 0, count: 100_000))
    wandb.history([(["loss"], "1"), (["_step"], "200")])
    #expect(wandb.bytes.count > 9 * WandbReader.blockSize)
    let file = try LogFile.reading(wandb.bytes, in: folder)
    #expect(file["train_loss"]?.steps == Array(0...200))
    #expect(file.warnings.isEmpty)
  }

  @Test func aTornRecordWaitsForItsEnd() throws {
    var wandb = WandbFile()
    wandb.history([(["loss"], "2.5"), (["_step"], "0")])
    let start = wandb.bytes
    wandb.history([(["loss"], "1.5"), (["_step"], "1")])
    let last = Array(wandb.bytes.dropFirst(start.count))
    for length in 1..<last.count {
      var file = try LogFile.reading(start + last.prefix(length), in: folder)
      #expect(file["train_loss"]?.steps == [0])
      #expect(file.unfinished != nil)
      try folder.append("log", Array(last.dropFirst(length)))
      file.read()
      #expect(file["train_loss"]?.steps == [0, 1])
      #expect(file.unfinished == nil)
    }
  }

  @Test func aDamagedRecordCostsTheRestOfItsBlock() throws {
    var wandb = WandbFile()
    wandb.history([(["loss"], "2.5"), (["_step"], "0")])
    let damaged = wandb.bytes.count + 12
    wandb.history([(["loss"], "9"), (["_step"], "1")])
    wandb.record([UInt8](repeating: 0, count: WandbReader.blockSize))
    wandb.history([(["loss"], "1.5"), (["_step"], "2")])
    var bytes = wandb.bytes
    bytes[damaged] ^= 1
    let file = try LogFile.reading(bytes, in: folder)
    #expect(file["train_loss"]?.steps == [0, 2])
    #expect(file.warnings.count == 1)
    #expect(file.warnings.first?.hasPrefix("1 record left out: the checksum is wrong") == true)
  }

  @Test func aRunWithoutHistoryHasNoCurves() throws {
    var wandb = WandbFile()
    wandb.run(id: "abc", name: nil)
    try folder.write("run-abc.wandb", wandb.bytes)
    let run = try #require(folder.runs().first)
    #expect(run.name == "abc")
    #expect(run.series.isEmpty)
    #expect(run.unfinished == "there are no measurements in it")
  }
}
