/// Which columns of a table, or fields of objects, mean what: `question=COL,answer=COL`.
public struct ColumnMap: Equatable, Sendable {
  public enum Meaning: String, CaseIterable, Sendable {
    case question, answer, category, source, split, system, context, id
  }

  /// The names in the file. An empty one says that there is none, whatever the columns are called; `#2` is the second
  /// column of a table without a line of names.
  public private(set) var columns: [Meaning: String] = [:]

  public var question: String? { columns[.question] }
  public var answer: String? { columns[.answer] }

  public init(_ columns: [Meaning: String] = [:]) { self.columns = columns }

  public struct ParseError: Error, Equatable, CustomStringConvertible, Sendable {
    public var description: String
  }

  /// - Throws: ``ParseError`` that says what to write.
  public init(parsing text: String) throws(ParseError) {
    for term in text.split(separator: ",") {
      let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].trimmed.lowercased()
      guard parts.count == 2, let meaning = Meaning(rawValue: name) else {
        throw ParseError(
          description: "“\(term)” is none of "
            + Meaning.allCases.map { "\($0.rawValue)=COLUMN" }.joined(separator: ", "))
      }
      columns[meaning] = parts[1].trimmed
    }
    guard columns[.question] != "", columns[.answer] != "" else {
      throw ParseError(description: "a pair needs a question and an answer: question=COLUMN,answer=COLUMN")
    }
    let named = columns.values.filter { !$0.isEmpty }
    if named.contains(where: { $0.hasPrefix("#") }), !named.allSatisfy({ Self.number($0) != nil }) {
      throw ParseError(description: "columns are named, or numbered like #1; not both")
    }
  }

  /// Of a column that is called by its number; the first is 0.
  static func number(_ name: String) -> Int? {
    guard name.hasPrefix("#"), let number = Int(name.dropFirst()), (1...10_000).contains(number) else {
      return nil
    }
    return number - 1
  }

  var isNumbered: Bool { columns.values.contains { Self.number($0) != nil } }

  // MARK: - Guessing

  /// Names that go together, as tools write them.
  private static let couples = [
    ("question", "answer"), ("question", "answers"), ("question", "ground_truth"), ("question", "response"),
    ("question", "output"), ("question", "reference_answer"), ("question", "expected_answer"),
    ("question", "correct_answer"), ("question", "best_answer"), ("questions", "answers"),
    ("instruction", "output"), ("instruction", "response"), ("prompt", "completion"), ("prompt", "response"),
    ("prompt", "answer"), ("prompt", "output"), ("input", "expected_output"), ("input", "output"),
    ("user_input", "reference"), ("query", "answer"), ("query", "response"), ("query", "reference_answer"),
    ("user", "assistant"), ("human", "assistant"), ("q", "a"), ("frage", "antwort"),
  ]

  private static let others: [Meaning: [String]] = [
    .category: ["category"], .source: ["source", "source_file"], .split: ["split"],
    .system: ["system", "system_prompt"], .context: ["context"], .id: ["id"],
  ]

  /// What the names say; nil when they name no question and answer, or more than one.
  static func guess(_ names: [String]) -> ColumnMap? {
    var byName: [String: String] = [:]
    for name in names where byName[normal(name)] == nil { byName[normal(name)] = name }
    let found = couples.filter { byName[$0.0] != nil && byName[$0.1] != nil }
    // A file with the plain names means them; else two couples are one too many.
    guard let couple = found.first, found.count == 1 || couple == ("question", "answer") else { return nil }
    var map = ColumnMap([.question: byName[couple.0] ?? "", .answer: byName[couple.1] ?? ""])
    map.addOthers(byName)
    return map
  }

  /// What is said, and by the names what is not.
  func completed(for names: [String]) -> ColumnMap? {
    guard !isNumbered else { return question != nil && answer != nil ? self : nil }
    var byName: [String: String] = [:]
    for name in names where byName[Self.normal(name)] == nil { byName[Self.normal(name)] = name }
    let guessed = Self.guess(names)
    var map = self
    if map.question == nil { map.columns[.question] = guessed?.question ?? byName["question"] }
    if map.answer == nil { map.columns[.answer] = guessed?.answer ?? byName["answer"] }
    guard map.question != nil, map.answer != nil else { return nil }
    map.addOthers(byName)
    return map
  }

  private mutating func addOthers(_ byName: [String: String]) {
    let taken = Set(columns.values)
    for (meaning, names) in Self.others where columns[meaning] == nil {
      let name = names.lazy.compactMap { byName[$0] }.first { !taken.contains($0) }
      if let name { columns[meaning] = name }
    }
  }

  private static func normal(_ name: String) -> String {
    name.trimmed.lowercased().replacing(" ", with: "_").replacing("-", with: "_")
  }
}

extension StringProtocol {
  /// Without white space at its ends.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { String(start[...$0]) } ?? ""
  }
}

/// Why no record of a file can be read.
public struct PairFileProblem: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String

  /// The columns do not say which is meant.
  static func unclear(_ names: [String], isTable: Bool, map: ColumnMap) -> PairFileProblem {
    let has = { (meaning: ColumnMap.Meaning) in
      map.columns[meaning] != nil || names.contains { $0.lowercased() == meaning.rawValue }
    }
    let kind = isTable ? "column" : "field"
    let asked =
      switch (has(.question), has(.answer)) {
      case (true, false): "which \(kind) is the answer?"
      case (false, true): "which \(kind) is the question?"
      default: "which \(kind)s are the question and the answer?"
      }
    let shown = names.prefix(40).map { $0.isEmpty ? "(no name)" : $0 }.joined(separator: ", ")
    let more = names.count > 40 ? " and \(names.count - 40) more" : ""
    return PairFileProblem(
      description:
        "\(asked) It has \(shown)\(more); say --map question=\(kind.uppercased()),answer=\(kind.uppercased())"
    )
  }

  static func noColumn(_ name: String, _ names: [String]) -> PairFileProblem {
    PairFileProblem(
      description: "there is no column “\(name)”; it has \(names.prefix(40).joined(separator: ", "))")
  }
}
