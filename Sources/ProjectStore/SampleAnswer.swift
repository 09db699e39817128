import GRDB

/// What a run's model answered at a checkpoint, beside what it should have.
public struct SampleAnswer: Equatable, Sendable {
  public var run: Run.ID
  public var step: Int
  /// The pair that the question is from, when it is from the project and still there.
  public var pairID: QAPair.ID?
  public var question: String
  public var expected: String
  /// The answer of the model without the adapter.
  public var baseAnswer: String?
  public var answer: String

  public init(
    run: Run.ID, step: Int, pairID: QAPair.ID? = nil, question: String, expected: String,
    baseAnswer: String? = nil, answer: String
  ) {
    self.run = run
    self.step = step
    self.pairID = pairID
    self.question = question
    self.expected = expected
    self.baseAnswer = baseAnswer
    self.answer = answer
  }
}

extension ProjectStore {
  public func append(_ samples: [SampleAnswer]) throws {
    guard !samples.isEmpty else { return }
    try write { db in
      for sample in samples {
        _ = try storedRun(db, sample.run)
        try db.execute(
          sql: """
            INSERT INTO sample_answer (run_id, step, pair_id, question, expected, base_answer, answer)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            sample.run, sample.step, sample.pairID, sample.question, sample.expected, sample.baseAnswer,
            sample.answer,
          ])
      }
    }
  }

  /// The sample answers of a run at one step, or at the newest that has any, in the order of their recording.
  public func sampleAnswers(run: Run.ID, step: Int? = nil) throws -> [SampleAnswer] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM sample_answer WHERE run_id = ?1
            AND step = coalesce(?2, (SELECT max(step) FROM sample_answer WHERE run_id = ?1))
          ORDER BY id
          """,
        arguments: [run, step]
      ).map {
        SampleAnswer(
          run: $0["run_id"], step: $0["step"], pairID: $0["pair_id"], question: $0["question"],
          expected: $0["expected"], baseAnswer: $0["base_answer"], answer: $0["answer"])
      }
    }
  }
}
