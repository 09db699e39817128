import Testing

@testable import TrainingLogs

struct RunGroupingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func state(_ values: [Double]) -> String {
    TrainerStateTests.state(
      values.enumerated().map { "{\"loss\": \($1), \"step\": \(10 * ($0 + 1))}" }.joined(separator: ","))
  }

  private func log(_ values: [Double]) -> String {
    values.enumerated().map {
      "{\"current_steps\": \(10 * ($0 + 1)), \"total_steps\": 100, \"loss\": \($1)}\n"
    }.joined()
  }

  @Test func checkpointsAreCopiesOfTheRun() throws {
    try folder.write("out/trainer_state.json", state([3, 2, 1]))
    try folder.write("out/checkpoint-10/trainer_state.json", state([3]))
    try folder.write("out/checkpoint-20/trainer_state.json", state([3, 2]))
    let runs = folder.runs()
    #expect(runs.count == 1)
    #expect(runs.first?.source == folder.path("out/trainer_state.json"))
    #expect(runs.first?.name == "out")
    #expect(runs.first?["train_loss"]?.values == [3, 2, 1])
    #expect(runs.first?.otherSources.count == 2)
    #expect(
      runs.first?.warnings == [
        "checkpoint-10/trainer_state.json (to step 10), checkpoint-20/trainer_state.json (to step 20): "
          + "the same run, not drawn again"
      ])
  }

  @Test func theCheckpointThatGoesFurthestIsTheRun() throws {
    try folder.write("out/checkpoint-10/trainer_state.json", state([3]))
    try folder.write("out/checkpoint-20/trainer_state.json", state([3, 2]))
    let runs = folder.runs()
    #expect(runs.map(\.source) == [folder.path("out/checkpoint-20/trainer_state.json")])
    #expect(runs.first?.name == "out")
  }

  @Test func aCheckpointOfAnotherTrainingIsARunOfItsOwn() throws {
    try folder.write("out/trainer_state.json", state([3, 2, 1]))
    try folder.write("out/checkpoint-20/trainer_state.json", state([3, 2.5]))
    let runs = folder.runs()
    #expect(runs.count == 2)
    #expect(runs.last?["train_loss"]?.values == [3, 2.5])
    #expect(runs.last?.warnings.first?.contains("another training") == true)
  }

  @Test func theLogBesideAStateIsTheSameRun() throws {
    try folder.write("out/trainer_state.json", state([3, 2]))
    try folder.write("out/trainer_log.jsonl", log([3, 2]))
    #expect(folder.runs().map(\.format) == [.trainerState])
    #expect(
      folder.runs().first?.warnings == ["trainer_log.jsonl (to step 20): the same run, not drawn again"])
    // While it trains, the log is ahead of the last save.
    let identifier = folder.runs().first?.id
    try folder.append("out/trainer_log.jsonl", "{\"current_steps\": 30, \"total_steps\": 100, \"loss\": 1}\n")
    #expect(folder.runs().map(\.format) == [.trainerLog])
    #expect(folder.runs().first?.id == identifier)
  }

  @Test func ranksThatSayTheSameAreDrawnOnceAndCounted() throws {
    let events = (1...3).map { EventFile.scalar("loss", $0, Float($0), time: 1000 + Double($0)) }.flatMap {
      $0
    }
    let others = (1...3).map { EventFile.scalar("loss", $0, Float($0), time: 1000.5 + Double($0)) }.flatMap {
      $0
    }
    try folder.write("events.out.tfevents.1.host.10.0", EventFile.version() + events)
    try folder.write(
      "events.out.tfevents.1.host.11.0", EventFile.version() + others + EventFile.scalar("acc", 3, 0.5))
    let runs = folder.runs()
    #expect(runs.count == 1)
    #expect(runs.first?["train_loss"]?.values == [1, 2, 3])
    #expect(runs.first?["train_loss"]?.duplicatesDropped == 3)
    #expect(runs.first?["train_loss"]?.segments.count == 1)
    #expect(runs.first?["acc"]?.values == [0.5])
    #expect(runs.first?.warnings.contains { $0.hasPrefix("3 values are in more than one") } == true)
  }

  @Test func ranksThatContradictEachOtherAreTwoRuns() throws {
    func events(_ offset: Float) -> [UInt8] {
      (1...3).map { EventFile.scalar("loss", $0, Float($0) + offset, time: 1000 + Double($0)) }.flatMap { $0 }
    }
    try folder.write("run/events.out.tfevents.1.host.10.0", EventFile.version() + events(0))
    try folder.write("run/events.out.tfevents.1.host.11.0", EventFile.version() + events(0.25))
    let runs = folder.runs()
    #expect(runs.map(\.name) == ["run", "run/events.out.tfevents.1.host.11.0"])
    #expect(runs.map { $0["train_loss"]?.values } == [[1, 2, 3], [1.25, 2.25, 3.25]])
    #expect(runs.last?.warnings.last?.contains("says otherwise") == true)
    #expect(Set(runs.map(\.id)).count == 2)
  }

  @Test func anEventFileOfAResumeGoesOnWithASegment() throws {
    func events(_ steps: ClosedRange<Int>, _ offset: Float, time: Double) -> [UInt8] {
      steps.flatMap { EventFile.scalar("loss", $0, Float($0) + offset, time: time + Double($0)) }
    }
    // Names are no order: the second begins with a smaller number.
    try folder.write("events.out.tfevents.9.host.10.0", EventFile.version() + events(1...3, 0, time: 1000))
    try folder.write("events.out.tfevents.10.host.11.0", EventFile.version() + events(3...4, 0.5, time: 2000))
    let runs = folder.runs()
    #expect(runs.count == 1)
    #expect(runs.first?.source == folder.path("events.out.tfevents.9.host.10.0"))
    #expect(runs.first?["train_loss"]?.steps == [1, 2, 3, 3, 4])
    #expect(runs.first?["train_loss"]?.segments.count == 2)
  }

  @Test func foldersOfEventsAreRunsOfTheirOwn() throws {
    for name in ["train", "validation"] {
      try folder.write(
        "\(name)/events.out.tfevents.1", EventFile.version() + EventFile.scalar("epoch_loss", 0, 1))
    }
    #expect(folder.runs().map(\.name) == ["train", "validation"])
  }
}
