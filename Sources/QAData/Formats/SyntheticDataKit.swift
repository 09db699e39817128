/// The files of Meta's synthetic-data-kit: `create` makes `{"summary", "qa_pairs"}`, `curate` adds ratings and metrics,
/// chains of thought are `cot_examples`, and any of them may be `conversations`, lists of messages.
enum SyntheticDataKit {
  static func read(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    var pair = try QuestionAnswerRecord.read(record)
    pair.place = 0
    return pair
  }

  /// A curated file, piece by piece; the conversations come after the pairs.
  struct Writer {
    private var count = 0
    private var ratings: [Double] = []
    private var conversations = ""

    mutating func write(_ pair: FormatPair, to text: inout String) {
      text += count == 0 ? #"{"summary":"","qa_pairs":["# + "\n" : ",\n"
      QuestionAnswerRecord.write(pair).write(to: &text)
      if let rating = pair.extra.first(where: { $0.name == "rating" }).flatMap({ Double($0.json) }) {
        ratings.append(rating)
      }
      conversations += count == 0 ? "" : ",\n"
      var spoken = pair
      // As the kit's own conversations begin.
      spoken.system = pair.system ?? "You are a helpful AI assistant."
      ConversationRecord.turns(spoken, "role", "content", ["system", "user", "assistant"]).write(
        to: &conversations)
      count += 1
    }

    func end(_ text: inout String) {
      text += count == 0 ? #"{"summary":"","qa_pairs":["# : "\n"
      let mean = ratings.isEmpty ? 0 : ratings.reduce(0, +) / Double(ratings.count)
      text += "],\n\"conversations\":[\n" + conversations + "\n],\n"
      let share = count > 0 ? 1.0 : 0.0
      text +=
        "\"metrics\":{\"total\":\(count),\"filtered\":\(count),\"retention_rate\":\(share),\"avg_score\":\(mean)}}\n"
    }
  }
}
