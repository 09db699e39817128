import Testing

@testable import FineTuning

@Suite("Learning rate and batch order")
struct ScheduleTests {
  @Test("warm-up rises from zero, then the schedule ends at zero")
  func schedules() {
    for (kind, middle, end) in [
      (TrainingRecipe.Schedule.cosine, 0.5, 0.0), (.linear, 0.5, 0.0), (.constant, 1.0, 1.0),
    ] {
      let s = LearningRateSchedule(kind: kind, peak: 1, warmupSteps: 4, totalSteps: 24)
      #expect(s.rate(at: 0) == 0)
      #expect(s.rate(at: 2) == 0.5)
      #expect(s.rate(at: 4) == 1)
      #expect(abs(s.rate(at: 14) - middle) < 1e-12)
      #expect(abs(s.rate(at: 24) - end) < 1e-12)
    }
  }

  @Test("every epoch takes every row once, in another order; a step's rows depend on nothing else")
  func order() {
    let order = BatchOrder(rows: 10, rowsPerStep: 4, seed: 5)
    #expect(order.stepsPerEpoch == 3)
    let first = (0..<3).flatMap { order.rows(ofStep: $0) }
    let second = (3..<6).flatMap { order.rows(ofStep: $0) }
    #expect(first.sorted() == Array(0..<10) && second.sorted() == Array(0..<10))
    #expect(first != second)
    #expect(BatchOrder(rows: 10, rowsPerStep: 4, seed: 5).rows(ofStep: 4) == order.rows(ofStep: 4))
    #expect(BatchOrder(rows: 10, rowsPerStep: 4, seed: 6).rows(ofStep: 4) != order.rows(ofStep: 4))
  }

  @Test("steps of a number of epochs")
  func steps() {
    #expect(TrainingRecipe.steps(epochs: 3, rows: 60, batchSize: 8, accumulationSteps: 1) == 24)
    #expect(TrainingRecipe.steps(epochs: 0.5, rows: 60, batchSize: 8, accumulationSteps: 2) == 2)
    #expect(TrainingRecipe.steps(epochs: 1, rows: 1, batchSize: 8, accumulationSteps: 1) == 1)
  }
}
