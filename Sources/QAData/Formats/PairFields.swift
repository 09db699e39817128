/// What pairs have in every format of JSON objects, under the same names: `id`, `category`, `split`, `source`, `system`,
/// `context` and all accepted `answers`. Whatever else an object has is kept as extra fields.
enum PairFields {
  /// Names that some format gives a meaning. An extra field of such a name is written into the object `extra`.
  static let reserved: Set<String> = [
    "id", "category", "split", "source", "system", "context", "answers", "extra",
    "question", "answer", "instruction", "input", "output", "conversations", "messages", "conversation",
    "prompt",
    "completion", "response", "text", "expected_output", "actual_output", "expectedOutput", "actualOutput",
    "source_file", "sourceFile", "user_input", "reference", "reference_contexts", "contexts", "ground_truth",
    "ground_truths", "query", "reference_answer", "is_impossible", "answer_start", "qas", "paragraphs",
    "data",
    "queries", "corpus", "relevant_docs", "qa_pairs", "filtered_pairs", "cot_examples", "examples", "from",
    "role",
    "value", "content",
  ]

  /// Takes these out of an object, except for the names that the format has used itself.
  ///
  /// - Parameters:
  ///   - isStrict: a category or split that is none of ours is refused; else it is an extra field.
  static func take(
    _ object: JSONValue, into pair: inout FormatPair, without used: Set<String>, isStrict: Bool = false
  ) throws(PairRejection) {
    for member in object.members ?? [] where !used.contains(member.name) {
      let (name, value) = (member.name, member.value)
      let text = value.string.flatMap { $0.isEmpty ? nil : $0 }
      switch name {
      case "category":
        if let text {
          if let category = FormatPair.Category(rawValue: text.lowercased()) {
            pair.category = category
            continue
          }
          if isStrict { throw unknownCategory(text) }
        }
      case "split":
        if let text {
          if let split = FormatPair.Split(named: text) {
            pair.split = split
            continue
          }
          if isStrict { throw unknownSplit(text) }
        }
      case "source":
        if let text {
          pair.source = text
          continue
        }
      case "system":
        if let text {
          pair.system = text
          continue
        }
      case "context":
        if let text {
          pair.context = text
          continue
        }
      case "id":
        if case .bool? = Optional(value) { break }
        if let text = value.scalarText, !text.isEmpty {
          pair.id = text
          continue
        }
      case "answers":
        if let answers = Self.answers(value) {
          for text in answers { pair.addAnswer(text) }
          continue
        }
      case "extra":
        if let members = value.members {
          for member in members { pair.addExtra(member.name, member.value) }
          continue
        }
      default: break
      }
      // Of names that are ours an empty value says nothing.
      if reserved.contains(name), value == .null || value == .string("") || value == .array([]) { continue }
      pair.addExtra(name, value)
    }
  }

  static func unknownCategory(_ text: String) -> PairRejection {
    PairRejection(
      "category “\(text)” is neither factual nor conceptual",
      reason: "category is neither factual nor conceptual")
  }

  static func unknownSplit(_ text: String) -> PairRejection {
    PairRejection(
      "split “\(text)” is none of train, eval and test", reason: "split is none of train, eval and test")
  }

  /// The texts of a list of answers, of SQuAD's `{"text": [...]}`, or of one answer; nil for anything else.
  static func answers(_ value: JSONValue?) -> [String]? {
    guard let value else { return nil }
    if let text = value.scalarText { return text.isBlank ? [] : [text] }
    if let texts = value["text"] { return answers(texts) }
    guard let list = value.array else { return nil }
    var texts: [String] = []
    for item in list {
      guard let text = item.scalarText ?? item["text"]?.scalarText ?? item["answer"]?.scalarText else {
        return nil
      }
      if !text.isBlank { texts.append(text) }
    }
    return texts
  }

  /// A text that must be there.
  static func text(_ object: JSONValue, _ names: String...) throws(PairRejection) -> String {
    for name in names {
      if let text = object[name]?.scalarText, !text.isBlank { return text }
    }
    throw .missing(names[0])
  }

  /// One passage as the context; of several, all as text and as they are.
  static func takePassages(_ value: JSONValue?, named name: String, into pair: inout FormatPair) {
    guard let value, value != .null else { return }
    if let text = value.string {
      pair.context = text.isEmpty ? nil : text
      return
    }
    let texts = value.array?.compactMap(\.string) ?? []
    if texts.count == value.array?.count {
      pair.context = texts.isEmpty ? nil : texts.joined(separator: "\n\n")
      if texts.count <= 1 { return }
    }
    pair.addExtra(name, value)
  }

  /// The members that hold what a format has no names of its own for.
  static func members(_ pair: FormatPair, without used: Set<String> = []) -> [JSONValue.Member] {
    var result: [JSONValue.Member] = []
    func add(_ name: String, _ value: String?) {
      if let value, !used.contains(name) { result.append(.init(name: name, value: .string(value))) }
    }
    add("id", pair.id)
    add("category", pair.category?.rawValue)
    add("split", pair.split?.rawValue)
    add("source", pair.source)
    add("system", pair.system)
    add("context", pair.context)
    if !pair.otherAnswers.isEmpty, !used.contains("answers") {
      let all = [pair.answer] + pair.otherAnswers
      result.append(.init(name: "answers", value: .array(all.map(JSONValue.string))))
    }
    let extra = pair.extra.map {
      JSONValue.Member(name: $0.name, value: JSONValue(parsing: $0.json) ?? .null)
    }
    result += extra.filter { !reserved.contains($0.name) }
    let hidden = extra.filter { reserved.contains($0.name) }
    if !hidden.isEmpty { result.append(.init(name: "extra", value: .object(hidden))) }
    return result
  }
}

extension JSONValue {
  init?(parsing text: String) {
    let value = Array(text.utf8).withUnsafeBufferPointer { bytes -> JSONValue? in
      var scanner = JSONScanner(bytes)
      guard let value = try? scanner.value() else { return nil }
      scanner.skipSpace()
      return scanner.isAtEnd ? value : nil
    }
    guard let value else { return nil }
    self = value
  }
}
