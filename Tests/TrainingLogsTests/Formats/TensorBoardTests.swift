import Testing

@testable import TrainingLogs

struct TensorBoardTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsSimpleValues() throws {
    let file = try LogFile.reading(
      EventFile.version() + EventFile.scalar("train/loss", 10, 2.5, time: 1001)
        + EventFile.scalar("train/loss", 20, .nan, time: 1002) + EventFile.scalar("eval/accuracy", 20, 0.5),
      in: folder)
    #expect(file.format == .tensorBoard)
    #expect(file["train_loss"]?.points.first == LogPoint(step: 10, time: 1001, value: 2.5))
    #expect(file["train_loss"]?.summary.nanCount == 1)
    #expect(file["eval/accuracy"]?.steps == [20])
    #expect(file.warnings.isEmpty)
    #expect(file.unfinished == nil)
  }

  @Test func readsTensorsOfOneElement() throws {
    let content = littleEndianBytes(Float(1.5).bitPattern)
    let file = try LogFile.reading(
      EventFile.version()
        + EventFile.tensor("content", 1, type: 1, plugin: "scalars") { $0.bytes(4, content) }
        + EventFile.tensor("float", 1, type: 1) { $0.bytes(5, littleEndianBytes(Float(2.5).bitPattern)) }
        + EventFile.tensor("double", 1, type: 2, shape: [1]) { $0.double(6, -3.25) }
        + EventFile.tensor("int", 1, type: 3) { $0.integer(7, -4) }
        + EventFile.tensor("packed int64", 1, type: 9) { $0.bytes(10, [0xac, 0x02]) }
        + EventFile.tensor("half", 1, type: 19) { $0.integer(13, 0x3e00) }
        + EventFile.tensor("bfloat16", 1, type: 14) { $0.bytes(4, [0xc0, 0x3f]) }, in: folder)
    let values = file.curves.series.map { ($0.name, $0.values) }
    #expect(values.map(\.0) == ["content", "float", "double", "int", "packed int64", "half", "bfloat16"])
    #expect(values.flatMap(\.1) == [1.5, 2.5, -3.25, -4, 300, 1.5, 1.5])
  }

  @Test func passesOverWhatIsNoScalar() throws {
    let file = try LogFile.reading(
      EventFile.version()
        + EventFile.tensor("text", 1, type: 7, plugin: "text") { $0.text(8, "hello") }
        + EventFile.tensor("curve", 1, type: 1, plugin: "pr_curves") { $0.float(5, 1) }
        + EventFile.tensor("vector", 1, type: 1, shape: [2]) { $0.bytes(4, [UInt8](repeating: 0, count: 8)) }
        + EventFile.tensor("empty", 1, type: 1, shape: [0]) { _ in }
        + EventFile.event(1, time: 1) {
          $0.text(1, "histogram")
          $0.bytes(5, [1, 2, 3])
        } + EventFile.scalar("loss", 1, 1), in: folder)
    #expect(file.curves.series.map(\.name) == ["train_loss"])
  }

  @Test func aRecordWithAWrongChecksumIsLeftOutAndCounted() throws {
    var bad = EventFile.scalar("loss", 2, 99)
    bad[bad.count - 6] ^= 1
    let file = try LogFile.reading(
      EventFile.version() + EventFile.scalar("loss", 1, 2.5) + bad + EventFile.scalar("loss", 3, 1.5),
      in: folder)
    #expect(file["train_loss"]?.steps == [1, 3])
    let offset = EventFile.version().count + EventFile.scalar("loss", 1, 2.5).count
    #expect(file.warnings == ["1 record left out: the checksum is wrong (record 3 at byte \(offset))"])
  }

  @Test func nothingIsReadBehindALengthWithAWrongChecksum() throws {
    var bad = EventFile.scalar("loss", 2, 99)
    bad[0] ^= 1
    let file = try LogFile.reading(
      EventFile.version() + EventFile.scalar("loss", 1, 2.5) + bad + EventFile.scalar("loss", 3, 1.5),
      in: folder)
    #expect(file["train_loss"]?.steps == [1])
    #expect(file.warnings.first?.contains("record 3 ") == true)
    #expect(file.warnings.first?.contains("checksum of its length") == true)
  }

  @Test func aTornRecordWaitsForItsEndWhereverItIsTorn() throws {
    let (start, last) = (
      EventFile.version() + EventFile.scalar("loss", 1, 2.5), EventFile.scalar("loss", 2, 1.5)
    )
    for length in 1..<last.count {
      var file = try LogFile.reading(start + last.prefix(length), in: folder)
      #expect(file["train_loss"]?.steps == [1])
      #expect(file.unfinished == "the last record has no end yet: it is not read")
      try folder.append("log", Array(last.dropFirst(length)))
      file.read()
      #expect(file["train_loss"]?.steps == [1, 2])
      #expect(file.unfinished == nil)
    }
  }

  @Test func aRecordOfAnImageIsSkippedOnceItIsThere() throws {
    let image = EventFile.record([UInt8](repeating: 7, count: TensorBoardReader.largestRecord + 1))
    var file = try LogFile.reading(
      EventFile.version() + EventFile.scalar("loss", 1, 2.5) + image.dropLast(10), in: folder)
    #expect(file["train_loss"]?.steps == [1])
    #expect(file.unfinished != nil)
    try folder.append("log", Array(image.suffix(10)) + EventFile.scalar("loss", 2, 1.5))
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2])
    #expect(file.unfinished == nil)
    #expect(file.warnings == ["1 record left out: larger than any that holds scalars (record 3)"])
  }

  @Test func aStepThatIsMissingIsZero() throws {
    let event = EventFile.record(
      ProtobufWriter.message { writer in
        writer.double(1, 5)
        writer.bytes(
          5,
          ProtobufWriter.message {
            $0.bytes(
              1,
              ProtobufWriter.message {
                $0.text(1, "loss")
                $0.float(2, 2)
              })
          })
      })
    let file = try LogFile.reading(EventFile.version() + event, in: folder)
    #expect(file["train_loss"]?.steps == [0])
  }

  @Test func recordsOfOtherMessagesAreNoEvents() throws {
    let file = try LogFile.reading(
      EventFile.record([0x0a, 0x02, 0x0a, 0x00]), name: "x.tfevents.1", in: folder)
    #expect(file.format == nil)
    #expect(file.refusal == "is a TFRecord file, but not of events")
  }
}
