import Compute
import LanguageModels

/// Answers of the base model and of the adapter to a few of the run's questions, in turn.
final class SampleAnswers {
  struct Answer {
    var row: RunData.Row
    var base: String
    var tuned: String
  }

  /// Long enough to judge an answer, short enough not to hold up the run.
  private static let maxTokens = 48

  private let rows: [RunData.Row]
  private let opened: OpenedModel
  private let model: Llama
  private let workers: Workers
  /// The base model answers each question once.
  private var baseAnswers: [Int: String] = [:]
  private var turn = 0

  init(_ rows: [RunData.Row], opened: OpenedModel, model: Llama, workers: Workers) {
    // Two questions far apart in the set.
    self.rows = rows.isEmpty ? [] : [rows[0], rows[rows.count / 2]]
    self.opened = opened
    self.model = model
    self.workers = workers
  }

  func next(_ count: Int, adapter: LoRAAdapter) throws -> [Answer] {
    guard !rows.isEmpty else { return [] }
    return try (0..<count).map { _ in
      let row = rows[turn % rows.count]
      turn += 1
      let base = try baseAnswers[row.id] ?? answer(row, nil)
      baseAnswers[row.id] = base
      return Answer(row: row, base: base, tuned: try answer(row, adapter))
    }
  }

  private func answer(_ row: RunData.Row, _ adapter: LoRAAdapter?) throws -> String {
    let session = AnswerSession(opened, model: model, adapter: adapter, workers: workers)
    return try session.answer(.init(text: row.question, maxTokens: Self.maxTokens)) { true } ?? ""
  }
}
