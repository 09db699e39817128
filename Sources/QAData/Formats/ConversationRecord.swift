/// Conversations: sharegpt's `{"conversations": [{"from", "value"}]}`, OpenAI's `{"messages": [{"role", "content"}]}`,
/// and prompts with completions of either kind.
///
/// Each exchange of a user's turn and the assistant's reply is a pair of its own. Of a conversation of several, the
/// pairs from the second on say which they are (`turn`), as they may not be understood alone. The system's turn belongs
/// to all of them. A conversation with tools in its turns is refused: its answers rest on what the tools said.
enum ConversationRecord {
  enum Role {
    case system, user, assistant
  }

  struct Turn {
    var role: Role
    var text: String
  }

  /// The pairs, and what is wrong with the rest.
  static func read(
    _ record: JSONValue, to sink: (FormatPair) -> Void
  ) throws(PairRejection) {
    let name = ["conversations", "messages", "conversation"].first { record[$0]?.array != nil }
    guard let list = record.array ?? name.flatMap({ record[$0]?.array }) else {
      throw PairRejection.missing(name ?? "messages")
    }
    var shared = FormatPair(question: "", answer: "")
    if record.members != nil { try PairFields.take(record, into: &shared, without: [name ?? ""]) }
    try pairs(try turns(list), shared, to: sink)
  }

  static func readPrompt(_ record: JSONValue, to sink: (FormatPair) -> Void) throws(PairRejection) {
    let used: Set<String> = ["prompt", "completion"]
    if record["prompt"]?.array == nil, record["completion"]?.array == nil {
      var pair = FormatPair(
        question: try PairFields.text(record, "prompt"), answer: try PairFields.text(record, "completion"))
      try PairFields.take(record, into: &pair, without: used)
      return sink(pair)
    }
    var all: [Turn] = []
    for (name, role) in [("prompt", Role.user), ("completion", .assistant)] {
      if let text = record[name]?.string {
        all.append(Turn(role: role, text: text))
      } else if let list = record[name]?.array {
        all += try turns(list)
      } else {
        throw PairRejection.missing(name)
      }
    }
    var shared = FormatPair(question: "", answer: "")
    try PairFields.take(record, into: &shared, without: used)
    try pairs(all, shared, to: sink)
  }

  private static func pairs(
    _ turns: [Turn], _ shared: FormatPair, to sink: (FormatPair) -> Void
  ) throws(PairRejection) {
    var shared = shared
    var question: String?
    var found: [FormatPair] = []
    for turn in turns {
      switch turn.role {
      case .system: shared.system = turn.text.isEmpty ? shared.system : turn.text
      case .user:
        guard question == nil else { throw PairRejection("two turns of the user follow each other") }
        question = turn.text
      case .assistant:
        guard let asked = question else { throw PairRejection("the assistant speaks without being asked") }
        question = nil
        guard !asked.isBlank else { throw PairRejection("a turn of the user is empty") }
        guard !turn.text.isBlank else { throw PairRejection("a turn of the assistant is empty") }
        var pair = shared
        pair.question = asked
        pair.answer = turn.text
        pair.otherAnswers = []
        // The accepted answers of a record are those of its only exchange.
        for text in [shared.answer].filter({ !$0.isEmpty }) + shared.otherAnswers { pair.addAnswer(text) }
        found.append(pair)
      }
    }
    guard !found.isEmpty else { throw PairRejection("no turn of the user has an answer") }
    for (index, pair) in found.enumerated() {
      var pair = pair
      if index > 0 { pair.addExtra("turn", .number("\(index + 1)")) }
      if found.count > 1 { pair.otherAnswers = [] }
      sink(pair)
    }
    if question != nil { throw PairRejection("the last turn of the user has no answer") }
  }

  private static func turns(_ list: [JSONValue]) throws(PairRejection) -> [Turn] {
    var result: [Turn] = []
    for item in list {
      guard let name = (item["role"] ?? item["from"])?.string else {
        throw PairRejection("a turn does not say whose it is (role or from)")
      }
      for key in ["tool_calls", "function_call"] {
        if let calls = item[key], calls != .null, calls != .array([]) { throw toolUse }
      }
      let role: Role
      switch name.lowercased() {
      case "system", "developer": role = .system
      case "user", "human", "prompter": role = .user
      case "assistant", "gpt", "chatgpt", "bot", "model": role = .assistant
      case "tool", "function", "function_call", "observation", "ipython", "function_response": throw toolUse
      default:
        throw PairRejection("a turn is “\(name)”’s, which is no role", reason: "a turn of an unknown role")
      }
      result.append(Turn(role: role, text: try text(item["content"] ?? item["value"])))
    }
    return result
  }

  private static let toolUse = PairRejection("tools are called in it")

  /// A text, or the parts of one.
  private static func text(_ value: JSONValue?) throws(PairRejection) -> String {
    guard let value, value != .null else { return "" }
    if let text = value.scalarText { return text }
    var result = ""
    for part in value.array ?? [value] {
      guard let text = part.string ?? part["text"]?.string else {
        throw PairRejection("a turn holds something other than text")
      }
      result += text
    }
    return result
  }

  // MARK: - Writing

  static func writeMessages(_ pair: FormatPair) -> JSONValue {
    .object(
      [.init(name: "messages", value: turns(pair, "role", "content", ["system", "user", "assistant"]))]
        + PairFields.members(pair, without: ["system"]))
  }

  /// LLaMA-Factory has the system's words beside the turns.
  static func writeShareGPT(_ pair: FormatPair) -> JSONValue {
    var alone = pair
    alone.system = nil
    return .object(
      [.init(name: "conversations", value: turns(alone, "from", "value", ["system", "human", "gpt"]))]
        + PairFields.members(pair))
  }

  static func writePrompt(_ pair: FormatPair) -> JSONValue {
    .object(
      [
        .init(name: "prompt", value: .string(pair.question)),
        .init(name: "completion", value: .string(pair.answer)),
      ]
        + PairFields.members(pair))
  }

  /// Of system, user and assistant, by the names of a format.
  static func turns(_ pair: FormatPair, _ who: String, _ what: String, _ names: [String]) -> JSONValue {
    let texts = [pair.system, pair.question, pair.answer]
    return .array(
      zip(names, texts).compactMap { name, text in
        text.map { .object([.init(name: who, value: .string(name)), .init(name: what, value: .string($0))]) }
      })
  }
}
