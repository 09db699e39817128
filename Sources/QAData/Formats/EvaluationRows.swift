/// What evaluation tools keep: DeepEval's goldens, Ragas' rows, LlamaIndex' examples. Their references are the answers;
/// what a model answered stays beside them.
enum EvaluationRows {
  static func readGolden(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    var pair = FormatPair(
      question: try PairFields.text(record, "input"),
      answer: try PairFields.text(record, "expected_output", "expectedOutput"))
    PairFields.takePassages(record["context"], named: "contexts", into: &pair)
    let source = record["source_file"]?.string ?? record["sourceFile"]?.string
    pair.source = source?.isEmpty == true ? nil : source
    try PairFields.take(
      record, into: &pair,
      without: ["input", "expected_output", "expectedOutput", "context", "source_file", "sourceFile"])
    return pair
  }

  /// Also the rows of Ragas before 0.2: `question`, `contexts`, `answer` of a model, and `ground_truth`.
  static func readRagas(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    let isOld = record["user_input"] == nil
    let question = try PairFields.text(record, isOld ? "question" : "user_input")
    var pair = FormatPair(question: question, answer: "")
    let names = isOld ? ["ground_truth", "ground_truths"] : ["reference"]
    guard
      let answers = names.lazy.compactMap({ PairFields.answers(record[$0]) }).first(where: { !$0.isEmpty })
    else {
      throw .missing(names[0])
    }
    pair.setAnswers(answers)
    let passages = isOld ? "contexts" : "reference_contexts"
    PairFields.takePassages(record[passages], named: "contexts", into: &pair)
    try PairFields.take(
      record, into: &pair, without: Set(names + [passages, isOld ? "question" : "user_input"]))
    return pair
  }

  static func readExample(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    var pair = FormatPair(
      question: try PairFields.text(record, "query"), answer: try PairFields.text(record, "reference_answer"))
    PairFields.takePassages(record["reference_contexts"], named: "contexts", into: &pair)
    try PairFields.take(record, into: &pair, without: ["query", "reference_answer", "reference_contexts"])
    return pair
  }
}

/// LlamaIndex' `{"queries": {id: text}, "corpus": {id: text}, "relevant_docs": {id: [id]}}`: questions for retrieval. It
/// has no answers; the passage that a question was made from stands for one, and is its context, too.
enum LlamaIndexQuestions {
  static func read(
    _ document: JSONValue, pair: (FormatPair) -> Void, rejection: (PairRejection) -> Void
  ) {
    let corpus = Dictionary(
      (document["corpus"]?.members ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let relevant = Dictionary(
      (document["relevant_docs"]?.members ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    for (index, query) in (document["queries"]?.members ?? []).enumerated() {
      guard let question = query.value.string, !question.isBlank else {
        rejection(PairRejection("the question is empty", place: index + 1))
        continue
      }
      let ids = relevant[query.name]?.array?.compactMap(\.string) ?? []
      guard let id = ids.first, let passage = corpus[id]?.string, !passage.isBlank else {
        rejection(PairRejection("its passage is not in the corpus", place: index + 1))
        continue
      }
      var read = FormatPair(question: question, answer: passage)
      read.context = passage
      read.id = query.name
      read.place = index + 1
      read.addExtra("relevant_docs", .array(ids.map(JSONValue.string)))
      pair(read)
    }
  }
}
