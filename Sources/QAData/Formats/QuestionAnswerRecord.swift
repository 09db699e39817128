/// `{"question", "answer"}`, or all accepted `answers` in the order of their standing, as EntityQuestions has them; and
/// objects whose fields have other names.
enum QuestionAnswerRecord {
  static func read(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    let question = try PairFields.text(record, "question")
    let answers = PairFields.answers(record["answer"]) ?? []
    let all = answers + (PairFields.answers(record["answers"]) ?? [])
    guard !all.isEmpty else {
      throw .missing(record["answer"] == nil && record["answers"] != nil ? "answers" : "answer")
    }
    var pair = FormatPair(question: question, answer: "")
    pair.setAnswers(all)
    // Where answers stand in their context is derived from the two.
    try PairFields.take(record, into: &pair, without: ["question", "answer", "answers"], isStrict: true)
    return pair
  }

  static func write(_ pair: FormatPair) -> JSONValue {
    .object(
      [
        .init(name: "question", value: .string(pair.question)),
        .init(name: "answer", value: .string(pair.answer)),
      ] + PairFields.members(pair))
  }

  static func read(_ record: JSONValue, _ map: ColumnMap) throws(PairRejection) -> FormatPair {
    var pair = FormatPair(question: "", answer: "")
    var used: Set<String> = []
    var dropped: Set<String> = []
    for meaning in ColumnMap.Meaning.allCases {
      guard let name = map.columns[meaning] else { continue }
      guard !name.isEmpty else {
        dropped.insert(meaning.rawValue)
        continue
      }
      used.insert(name)
      let value = record.at(name)
      switch meaning {
      case .question:
        guard let text = value?.scalarText, !text.isBlank else { throw .missing(name) }
        pair.question = text
      case .answer:
        guard let texts = PairFields.answers(value), !texts.isEmpty else { throw .missing(name) }
        pair.setAnswers(texts)
      case .context: PairFields.takePassages(value, named: name, into: &pair)
      default: try set(meaning, value?.scalarText, in: &pair)
      }
    }
    try PairFields.take(record, into: &pair, without: used.union(dropped))
    for name in dropped {
      if let value = record[name], !used.contains(name) { pair.addExtra(name, value) }
    }
    return pair
  }

  /// A field whose column was found by name or said.
  static func set(
    _ meaning: ColumnMap.Meaning, _ text: String?, in pair: inout FormatPair
  ) throws(PairRejection) {
    guard let text, !text.isEmpty else { return }
    switch meaning {
    case .question: pair.question = text
    case .answer: pair.answer = text
    case .source: pair.source = text
    case .system: pair.system = text
    case .context: pair.context = text
    case .id: pair.id = text
    case .category:
      guard let category = FormatPair.Category(rawValue: text.lowercased()) else {
        throw PairFields.unknownCategory(text)
      }
      pair.category = category
    case .split:
      guard let split = FormatPair.Split(named: text) else { throw PairFields.unknownSplit(text) }
      pair.split = split
    }
  }
}
