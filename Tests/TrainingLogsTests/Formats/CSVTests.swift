import Testing

@testable import TrainingLogs

struct CSVTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsTheSparseRowsOfLightning() throws {
    let file = try LogFile.reading(
      """
      epoch,lr-AdamW,step,train_loss,val_loss
      0,,49,2.5,
      0,0.001,50,,
      0,,99,,2.25
      1,,149,nan,

      """, in: folder)
    #expect(file.format == .csv)
    #expect(file["train_loss"]?.steps == [49, 149])
    #expect(file["train_loss"]?.summary.nanCount == 1)
    #expect(file["eval_loss"]?.points.map(\.step) == [99])
    #expect(file["lr-AdamW"]?.values == [0.001])
    #expect(file.warnings.isEmpty)
  }

  @Test func readsAnExportOfTensorBoard() throws {
    let file = try LogFile.reading(
      "Wall time,Step,Value\n1700000000.5,0,1.5\n1700000001.5,10,1.25\n", in: folder)
    #expect(file["Value"]?.points.first == LogPoint(step: 0, time: 1_700_000_000.5, value: 1.5))
  }

  @Test func readsOtherSeparatorsQuotesAndLineBreaks() throws {
    let file = try LogFile.reading("\u{feff}\"step\";\"loss, mean\"\r\n1;2,5\r\n2; 2.5 \r\n", in: folder)
    #expect(file["loss, mean"]?.steps == [2])
  }

  @Test func aLastLineWithoutEndMayBeHalfANumber() throws {
    var file = try LogFile.reading("step,loss\n1,2.5\n2,1.2", in: folder)
    #expect(file["train_loss"]?.values == [2.5])
    #expect(file.unfinished != nil)
    try folder.append("log", "5\n")
    file.read()
    #expect(file["train_loss"]?.values == [2.5, 1.25])
  }

  @Test func rowsThatDoNotFitAreLeftOutAndCounted() throws {
    let file = try LogFile.reading("step,loss\n1,2.5\n2\n3,1,9\n,4\n5,1\n", in: folder)
    #expect(file["train_loss"]?.steps == [1, 5])
    #expect(
      file.warnings == [
        "2 lines left out: not as many cells as the header (the first: line 3)",
        "1 row left out: no number under “step” (line 5)",
      ])
  }

  @Test func aHeaderOfAResumedWriterMayHaveOtherColumns() throws {
    let file = try LogFile.reading("step,loss\n1,2.5\nstep,acc,loss\n2,0.5,1.5\n", in: folder)
    #expect(file["train_loss"]?.values == [2.5, 1.5])
    #expect(file["acc"]?.steps == [2])
  }

  @Test func aWriterMayAddAColumnAndWriteAllAnew() throws {
    var file = try LogFile.reading("step,loss\n1,2.5\n2,2.25\n", name: "metrics.csv", in: folder)
    try folder.write("metrics.csv", "step,loss,val_loss\n1,2.5,\n2,2.25,\n2,,3\n3,2,\n")
    file.read()
    #expect(file["train_loss"]?.values == [2.5, 2.25, 2])
    #expect(file["train_loss"]?.segments.count == 1)
    #expect(file["train_loss"]?.duplicatesDropped == 0)
    #expect(file["eval_loss"]?.values == [3])
    #expect(file.warnings == ["the file was written anew while it was followed: read again from its start"])
  }

  @Test(arguments: ["1,2\n3,4\n", "name,loss\na,1\n", "step\n1\n", "step of the dance\n"])
  func otherTablesAreNoLogs(text: String) throws {
    let file = try LogFile.reading(text, in: folder)
    #expect(file.format == nil)
    #expect(file.refusal != nil)
  }
}
