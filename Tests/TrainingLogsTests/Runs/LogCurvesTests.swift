import Testing

@testable import TrainingLogs

struct LogCurvesTests {
  private func curves(_ entries: [(Int, [(String, Double)])]) -> LogCurves {
    var curves = LogCurves()
    for (step, values) in entries {
      curves.add(LogEntry(step: step, values: values.map { LogValue($0.0, $0.1) }))
    }
    return curves
  }

  @Test func aStepThatGoesBackBeginsASegmentOfTheRun() throws {
    let curves = curves([
      (10, [("loss", 3)]), (20, [("loss", 2)]), (20, [("eval_loss", 2.5)]), (30, [("loss", 1)]),
      (20, [("loss", 1.5)]), (30, [("loss", 0.5)]), (30, [("eval_loss", 1.75)]),
    ])
    let loss = try #require(curves["train_loss"])
    #expect(loss.steps == [10, 20, 30, 20, 30])
    #expect(loss.segments == [.init(number: 0, start: 0), .init(number: 1, start: 3)])
    #expect(Array(loss.points(inSegment: 1)).map(\.value) == [1.5, 0.5])
    // Its steps never went back, but its last point was measured after the resume.
    #expect(curves["eval_loss"]?.segments == [.init(number: 0, start: 0), .init(number: 1, start: 1)])
  }

  @Test func anEntryThatSaysNothingNewIsDroppedAndCounted() throws {
    let curves = curves([
      (10, [("loss", 3), ("lr", 1)]), (20, [("loss", .nan), ("lr", 1)]), (20, [("loss", .nan), ("lr", 1)]),
      (10, [("loss", 3), ("lr", 1)]), (30, [("loss", 1), ("lr", 1)]),
    ])
    #expect(curves["train_loss"]?.steps == [10, 20, 30])
    #expect(curves["train_loss"]?.duplicatesDropped == 2)
    #expect(curves["learning_rate"]?.duplicatesDropped == 2)
    #expect(curves.segment == 0)
  }

  /// A learning rate says the same after a resume where the loss does not.
  @Test func anEntryIsDroppedOnlyAsAWhole() throws {
    let curves = curves([
      (10, [("loss", 3), ("lr", 1)]), (20, [("loss", 2), ("lr", 1)]), (10, [("loss", 2.5), ("lr", 1)]),
    ])
    #expect(curves["learning_rate"]?.steps == [10, 20, 10])
    #expect(curves["learning_rate"]?.segments.count == 2)
    #expect(curves["learning_rate"]?.duplicatesDropped == 0)
  }

  /// Keras counts batches in one series and epochs in another, of one file.
  @Test func seriesThatCountOtherStepsDoNotDisturbEachOther() {
    let curves = curves([
      (100, [("batch_loss", 3)]), (0, [("epoch_loss", 3)]), (200, [("batch_loss", 2)]),
      (1, [("epoch_loss", 2)]),
    ])
    #expect(curves.segment == 0)
  }

  @Test func twoValuesOfAStepAreBothKept() {
    let curves = curves([(1, [("loss", 3)]), (1, [("loss", 2)]), (2, [("loss", 1)]), (1, [("loss", 3)])])
    #expect(curves["train_loss"]?.values == [3, 2, 1])
    #expect(curves["train_loss"]?.duplicatesDropped == 1)
  }

  @Test func extremeStepsAreKept() {
    let curves = curves([(.min, [("loss", 1)]), (0, [("loss", 2)]), (.max, [("loss", 3)])])
    #expect(curves["train_loss"]?.steps == [.min, 0, .max])
  }
}
