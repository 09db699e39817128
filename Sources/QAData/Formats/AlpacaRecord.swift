/// `{"instruction", "input", "output"}`, as LLaMA-Factory and Axolotl train on it: the instruction, a line break, the
/// input. Earlier turns (`history`) are kept beside the pair and are no pairs themselves.
enum AlpacaRecord {
  static func read(_ record: JSONValue) throws(PairRejection) -> FormatPair {
    let instruction = record["instruction"]?.scalarText ?? ""
    let input = record["input"]?.scalarText ?? ""
    let question = input.isBlank ? instruction : instruction.isBlank ? input : instruction + "\n" + input
    guard !question.isBlank else { throw .missing("instruction") }
    var pair = FormatPair(question: question, answer: try PairFields.text(record, "output"))
    try PairFields.take(record, into: &pair, without: ["instruction", "input", "output"])
    return pair
  }

  static func write(_ pair: FormatPair) -> JSONValue {
    .object(
      [
        .init(name: "instruction", value: .string(pair.question)), .init(name: "input", value: .string("")),
        .init(name: "output", value: .string(pair.answer)),
      ] + PairFields.members(pair))
  }
}
