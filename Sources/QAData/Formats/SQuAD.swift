/// SQuAD 1.1 and 2.0: `{"version", "data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers":
/// [{"text", "answer_start"}], "is_impossible"}]}]}]}`. The title is the pair's source. Questions without an answer in
/// their text are left out.
enum SQuAD {
  static func read(
    _ article: JSONValue, number: inout Int, pair: (FormatPair) -> Void,
    rejection: (PairRejection) -> Void
  ) {
    let title = article["title"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard let paragraphs = article["paragraphs"]?.array else {
      number += 1
      return rejection(PairRejection("an article without paragraphs", place: number))
    }
    for paragraph in paragraphs {
      let context = paragraph["context"]?.string.flatMap { $0.isEmpty ? nil : $0 }
      for question in paragraph["qas"]?.array ?? [] {
        number += 1
        do {
          var read = try Self.question(question, context)
          if read.source == nil { read.source = title }
          read.place = number
          pair(read)
        } catch {
          var error = error
          error.place = number
          rejection(error)
        }
      }
    }
  }

  private static func question(_ item: JSONValue, _ context: String?) throws(PairRejection) -> FormatPair {
    if item["is_impossible"] == .bool(true) { throw PairRejection("its text has no answer (is_impossible)") }
    var pair = FormatPair(question: try PairFields.text(item, "question"), answer: "")
    guard let answers = PairFields.answers(item["answers"]), !answers.isEmpty else {
      throw .missing("answers")
    }
    pair.setAnswers(answers)
    pair.context = context
    try PairFields.take(
      item, into: &pair, without: ["question", "answers", "is_impossible", "plausible_answers"])
    // An id that only numbers the questions is the writer's.
    if let id = pair.id, id.hasPrefix("#") {
      pair.id = id.hasPrefix("##") ? String(id.dropFirst()) : Int(id.dropFirst()) != nil ? nil : id
    }
    if case .number(let start)? = item["answers"]?.array?.first?["answer_start"],
      Int(start) != Self.start(of: pair.answer, in: context)
    {
      pair.addExtra("answer_start", .number(start))
    }
    return pair
  }

  /// Of an answer's first occurrence, in Unicode code points; -1 where there is none.
  static func start(of answer: String, in context: String?) -> Int {
    guard let context, !answer.isEmpty else { return -1 }
    let (text, word) = (Array(context.utf8), Array(answer.utf8))
    guard text.count >= word.count else { return -1 }
    for offset in 0...text.count - word.count
    where text[offset] == word[0] && text[offset..<offset + word.count].elementsEqual(word) {
      // Bytes that continue a character are no code points of their own.
      return text[..<offset].count { $0 & 0xC0 != 0x80 }
    }
    return -1
  }

  /// Articles and paragraphs are those of pairs that follow each other.
  struct Writer {
    private var number = 0
    private var title: String??
    private var context: String??

    mutating func write(_ pair: FormatPair, to text: inout String) {
      number += 1
      let isSameArticle = title.map { Self.isSame($0, pair.source) } ?? false
      let isSameParagraph = isSameArticle && (context.map { Self.isSame($0, pair.context) } ?? false)
      if isSameParagraph {
        text += ",\n"
      } else {
        if isSameArticle {
          text += "]},\n"
        } else {
          text += number == 1 ? #"{"version":"v2.0","data":["# + "\n" : "]}]},\n"
          text += #"{"title":"# + JSONValue.string(pair.source ?? "").text + #","paragraphs":["# + "\n"
        }
        text += #"{"context":"# + JSONValue.string(pair.context ?? "").text + #","qas":["# + "\n"
      }
      title = .some(pair.source)
      context = .some(pair.context)
      record(pair).write(to: &text)
    }

    func end(_ text: inout String) {
      text += number == 0 ? #"{"version":"v2.0","data":[]}"# + "\n" : "]}]}]}\n"
    }

    private static func isSame(_ a: String?, _ b: String?) -> Bool {
      guard let a, let b else { return a == nil && b == nil }
      return a.utf8.elementsEqual(b.utf8)
    }

    private func record(_ pair: FormatPair) -> JSONValue {
      let computed = SQuAD.start(of: pair.answer, in: pair.context)
      let given = pair.extra.first {
        $0.name == "answer_start" && Int($0.json).map { $0 != computed } == true
      }
      let answers = ([pair.answer] + pair.otherAnswers).enumerated().map { index, answer -> JSONValue in
        let start = index == 0 ? given?.json ?? "\(computed)" : "\(SQuAD.start(of: answer, in: pair.context))"
        return .object([
          .init(name: "text", value: .string(answer)), .init(name: "answer_start", value: .number(start)),
        ])
      }
      var rest = pair
      rest.extra.removeAll { $0 == given }
      return .object(
        [
          .init(
            name: "id", value: .string(pair.id.map { $0.hasPrefix("#") ? "#" + $0 : $0 } ?? "#\(number)")),
          .init(name: "question", value: .string(pair.question)),
          .init(name: "answers", value: .array(answers)),
          .init(name: "is_impossible", value: .bool(false)),
        ] + PairFields.members(rest, without: ["id", "source", "context", "answers"]))
    }
  }
}
