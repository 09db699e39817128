/// The ways in which files hold questions and answers.
public enum PairFormat: String, CaseIterable, Sendable {
  /// `{"question", "answer"}`; also EntityQuestions' `{"question", "answers": […]}` and rows of SQuAD.
  case questionAnswer = "jsonl"
  /// `{"instruction", "input", "output"}`.
  case alpaca
  /// `{"conversations": [{"from", "value"}]}`.
  case sharegpt
  /// `{"messages": [{"role", "content"}]}`.
  case messages
  /// `{"prompt", "completion"}`: texts, or lists of messages.
  case promptCompletion = "prompt-completion"
  /// SQuAD 1.1 and 2.0: articles, paragraphs, questions.
  case squad
  /// `{"question", "answers": […]}` in an array.
  case entityQuestions = "entityquestions"
  /// Goldens: `{"input", "expected_output"}`.
  case deepEval = "deepeval"
  /// `{"user_input", "reference"}`.
  case ragas
  /// `{"queries", "corpus", "relevant_docs"}`, or `{"examples": [{"query", "reference_answer"}]}`.
  case llamaIndex = "llamaindex"
  /// `{"qa_pairs"}`, `{"filtered_pairs"}`, `{"cot_examples"}` or `{"conversations": [[…]]}`.
  case syntheticDataKit = "synthetic-data-kit"
  /// A table with a line of names.
  case csv, tsv
  /// Objects whose fields have other names.
  case mapped

  /// How a file is cut into records.
  public enum Layout: Equatable, Sendable {
    /// A JSON object a line.
    case lines
    /// One JSON value.
    case document
    case table(delimiter: UInt8)
  }
}

extension PairFormat {
  /// What an object's fields make of it; nil for none of these.
  ///
  /// Names that only one format has come first: `question` and `answer` can be extra fields of many.
  ///
  /// - Parameter map: what is said of the fields.
  static func ofRecord(
    _ record: JSONValue, map: ColumnMap
  ) -> (format: PairFormat, confidence: Double, reason: String)? {
    if let turns = record.array { return isTurns(turns) ? (.messages, 0.9, "lists of messages") : nil }
    guard record.members != nil else { return nil }
    if let question = map.question, let answer = map.answer, record.at(question) != nil,
      record.at(answer) != nil
    {
      return (.mapped, 0.9, "has “\(question)” and “\(answer)”")
    }
    func has(_ name: String) -> Bool { record[name] != nil }
    func isList(_ name: String) -> Bool { record[name]?.array != nil }
    if isList("conversations") { return (.sharegpt, 0.95, "has “conversations”") }
    if isList("messages") { return (.messages, 0.95, "has “messages”") }
    if isList("conversation") { return (.messages, 0.9, "has “conversation”") }
    if has("instruction"), has("output") { return (.alpaca, 0.95, "has “instruction” and “output”") }
    if has("prompt"), has("completion") {
      return (.promptCompletion, 0.95, "has “prompt” and “completion”")
    }
    if has("user_input"), has("reference") || has("response") {
      return (.ragas, 0.95, "has “user_input” and “reference”")
    }
    if has("question"), has("ground_truth") || has("ground_truths") {
      return (.ragas, 0.85, "has “question” and “ground_truth”")
    }
    if has("input"), has("expected_output") || has("expectedOutput") {
      return (.deepEval, 0.95, "has “input” and “expected_output”")
    }
    if has("query"), has("reference_answer") {
      return (.llamaIndex, 0.95, "has “query” and “reference_answer”")
    }
    if has("question"), has("answer") { return (.questionAnswer, 1, "has “question” and “answer”") }
    if has("question"), has("answers") {
      return (.entityQuestions, 0.95, "has “question” and “answers”")
    }
    if let map = ColumnMap.guess((record.members ?? []).map(\.name)) {
      return (.mapped, 0.7, "has “\(map.question ?? "")” and “\(map.answer ?? "")”")
    }
    if has("question") { return (.questionAnswer, 0.6, "has “question”") }
    return nil
  }

  private static func isTurns(_ turns: [JSONValue]) -> Bool {
    guard let first = turns.first else { return false }
    return first["role"] != nil && first["content"] != nil || first["from"] != nil && first["value"] != nil
  }

  /// What the names in a JSON document's outermost object make of it: the format of the records, and where they are.
  static func ofDocument(_ names: [String]) -> (format: PairFormat, list: String)? {
    if names.contains("queries"), names.contains("relevant_docs") { return (.llamaIndex, "queries") }
    for list in ["qa_pairs", "filtered_pairs", "cot_examples"] where names.contains(list) {
      return (.syntheticDataKit, list)
    }
    return nil
  }

  /// Under which name a JSON document may keep its records.
  static let listNames = [
    "data", "examples", "rows", "items", "records", "questions", "pairs", "goldens", "samples", "train",
    "conversations",
  ]
}
