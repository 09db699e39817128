import Testing

@testable import TrainingLogs

struct FollowingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func rows(_ steps: some Sequence<Int>, from value: Int = 0) -> String {
    steps.map { "{\"step\": \($0), \"loss\": \($0 + value).5}\n" }.joined()
  }

  @Test func onlyWhatWasAddedIsRead() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    let offset = file.offset
    #expect(file.read() == false)
    try folder.append("log", rows(4...4))
    #expect(file.read() == true)
    #expect(file["train_loss"]?.steps == [1, 2, 3, 4])
    #expect(file.offset == offset + rows(4...4).utf8.count)
  }

  @Test func aFileCutShortIsReadAgainAsTheSameRun() throws {
    var file = try LogFile.reading(rows(1...5), in: folder)
    try folder.write("log", rows(1...2))
    file.read()
    try folder.append("log", rows(3...6))
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2, 3, 4, 5, 6])
    #expect(file["train_loss"]?.duplicatesDropped == 0)
    #expect(file.warnings == ["the file was cut short while it was followed: read again from its start"])
  }

  @Test func aRotatedFileGoesOnWithTheRun() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    try folder.replace("log", rows(4...5))
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2, 3, 4, 5])
    #expect(file["train_loss"]?.segments.count == 1)
    #expect(file.warnings == ["the file was replaced while it was followed: read again from its start"])
  }

  @Test func aTrainingBegunAnewInTheFileIsASegment() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    try folder.write("log", rows(1...2, from: 7))
    file.read()
    let series = try #require(file["train_loss"])
    #expect(series.steps == [1, 2, 3, 1, 2])
    #expect(series.segments.count == 2)
  }

  @Test func aFileOfTheSameLengthWrittenAnewIsNoticed() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    try folder.write("log", rows(4...6))
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2, 3, 4, 5, 6])
  }

  @Test func whatARemovedFileSaidStays() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    try folder.remove("log")
    #expect(file.read() == true)
    #expect(file["train_loss"]?.steps == [1, 2, 3])
    #expect(
      file.warnings == [
        "the file cannot be read any more (No such file or directory); this is what it said before"
      ])
    try folder.write("log", rows(4...4))
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2, 3, 4])
  }

  @Test func aFileThatCannotBeReadIsNotSaidToBeOfAnotherKind() {
    var file = LogFile(path: folder.path("nothing"))
    file.read()
    #expect(file.warnings == ["the file cannot be read (No such file or directory)"])
  }

  @Test func anotherKindOfFileUnderItsNameAddsNothing() throws {
    var file = try LogFile.reading(rows(1...3), in: folder)
    try folder.write("log", "version https://git-lfs.github.com/spec/v1\n")
    file.read()
    #expect(file["train_loss"]?.steps == [1, 2, 3])
    #expect(file.warnings.last?.contains("Git LFS pointer") == true)
  }

  @Test func aBudgetLeavesTheRestForLater() throws {
    let content = rows(1...100_000)
    var file = LogFile(path: try folder.write("log", content))
    var reads = 0
    repeat {
      file.read(upTo: 1 << 20)
      reads += 1
    } while file.hasMore
    #expect(reads > 1)
    #expect(file["train_loss"]?.summary.count == 100_000)
    #expect(file.offset == content.utf8.count)
  }
}
