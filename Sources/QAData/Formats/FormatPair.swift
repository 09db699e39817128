/// A question with its answer, and all that a file says of them: what every format is read into and written from.
public struct FormatPair: Equatable, Sendable {
  public enum Category: String, CaseIterable, Sendable {
    case factual, conceptual
  }

  public enum Split: String, CaseIterable, Sendable {
    case train, eval, test

    /// Also by the names that other tools give them.
    init?(named name: String) {
      switch name.lowercased() {
      case "train", "training": self = .train
      case "eval", "evaluation", "valid", "validation", "val", "dev": self = .eval
      case "test", "testing": self = .test
      default: return nil
      }
    }
  }

  /// What a format has no place for, as JSON text.
  public struct Extra: Equatable, Sendable {
    public var name: String
    public var json: String

    public init(name: String, json: String) {
      self.name = name
      self.json = json
    }
  }

  public var question: String
  /// The first of the accepted answers.
  public var answer: String
  /// The further accepted answers, each once.
  public var otherAnswers: [String] = []
  public var system: String?
  /// The passage that the question is about.
  public var context: String?
  public var category: Category?
  public var split: Split?
  public var source: String?
  public var id: String?
  /// By name, each name once.
  public var extra: [Extra] = []
  /// The line it begins on; in a JSON document the number of the record. From 1.
  public var place = 0

  public init(question: String, answer: String) {
    self.question = question
    self.answer = answer
  }

  mutating func addExtra(_ name: String, _ value: JSONValue) {
    let field = Extra(name: name, json: value.text)
    // Names are compared by their bytes: composed and decomposed letters are two names.
    let key = Array(name.utf8)
    let index =
      extra.firstIndex { !$0.name.utf8.lexicographicallyPrecedes(key) } ?? extra.endIndex
    if index < extra.endIndex, extra[index].name.utf8.elementsEqual(key) {
      extra[index] = field
    } else {
      extra.insert(field, at: index)
    }
  }

  /// Takes the first answer, and the others that are not the same.
  mutating func setAnswers(_ answers: [String]) {
    guard let first = answers.first else { return }
    answer = first
    otherAnswers = []
    for text in answers.dropFirst() { addAnswer(text) }
  }

  mutating func addAnswer(_ text: String) {
    guard !text.isBlank, !text.utf8.elementsEqual(answer.utf8),
      !otherAnswers.contains(where: { $0.utf8.elementsEqual(text.utf8) })
    else { return }
    otherAnswers.append(text)
  }
}

extension String {
  /// Without anything to read.
  var isBlank: Bool { allSatisfy(\.isWhitespace) }
}

/// A record that was left out, and why.
public struct PairRejection: Error, Equatable, Sendable {
  /// As ``FormatPair/place``.
  public var place: Int
  /// For people; may quote the file.
  public var problem: String
  /// The same for all records with this problem, so that they can be counted.
  public var reason: String

  init(_ problem: String, reason: String? = nil, place: Int = 0) {
    self.place = place
    self.problem = problem
    self.reason = reason ?? problem
  }

  static func missing(_ name: String) -> PairRejection { PairRejection("“\(name)” is missing or empty") }
}
