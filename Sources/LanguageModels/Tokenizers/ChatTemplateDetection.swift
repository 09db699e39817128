extension ChatTemplate {
  /// The template by name, with the model's default system prompt.
  ///
  /// - Parameters:
  ///   - name: nil to choose from the model.
  ///   - templateText: the model's own template (Jinja), where it does not lie in the tokenizer's files.
  ///   - architecture: the model's `model_type` or `general.architecture`.
  public static func detect(
    for tokenizer: Tokenizer, name: Name? = nil, templateText: String? = nil, architecture: String? = nil
  ) -> ChatTemplate {
    let text = templateText ?? tokenizer.chatTemplateText
    let family = text.flatMap(family(ofTemplate:))
    let name = name ?? family ?? self.family(of: tokenizer)
    guard name == family, let text else {
      // Qwen 2's templates all have this prompt; some conversions lose the template.
      let isQwen = name == .chatML && architecture == "qwen2" && text == nil
      return ChatTemplate(name, defaultSystem: isQwen ? "You are a helpful assistant." : nil)
    }
    return ChatTemplate(
      name, defaultSystem: name == .chatML ? defaultSystem(ofChatML: text) : nil,
      systemPreamble: name == .llama3 ? datePreamble(ofLlama3: text) : nil)
  }

  private static func family(ofTemplate text: String) -> Name? {
    if text.contains("<|im_start|>") { return .chatML }
    if text.contains("<|start_header_id|>") { return .llama3 }
    if text.contains("[INST]") { return .llama2 }
    return nil
  }

  /// Without a template the end token tells: a chat model ends its texts as it ends its turns. Base models
  /// have the chat tokens in their vocabulary too, but untrained, so those alone say nothing.
  private static func family(of tokenizer: Tokenizer) -> Name {
    guard let eos = tokenizer.eosID else { return .plain }
    if eos == tokenizer.controlID(of: "<|im_end|>"), tokenizer.controlID(of: "<|im_start|>") != nil {
      return .chatML
    }
    if eos == tokenizer.controlID(of: "<|eot_id|>"), tokenizer.controlID(of: "<|start_header_id|>") != nil {
      return .llama3
    }
    return .plain
  }

  /// The literal system prompt in a ChatML template. Places where the template inserts the caller's prompt
  /// look alike and are passed over.
  static func defaultSystem(ofChatML text: String) -> String? {
    let text = text.replacing("\\n", with: "\n")
    for piece in text.split(separator: "<|im_start|>system\n", omittingEmptySubsequences: false).dropFirst() {
      guard let end = piece.firstRange(of: "<|im_end|>") else { continue }
      let prompt = piece[..<end.lowerBound]
      let isLiteral = !["{{", "}}", "{%", "' +", "'+", "\" +", "\"+"].contains { prompt.contains($0) }
      if isLiteral && !prompt.isEmpty { return String(prompt) }
    }
    return nil
  }

  /// Llama 3.1 and later begin the system prompt with two dates. The one of today is the template's fixed
  /// default: a prompt must not change from day to day.
  static func datePreamble(ofLlama3 text: String) -> String? {
    guard text.contains("Cutting Knowledge Date: December 2023") else { return nil }
    var date = "26 Jul 2024"
    if let assignment = text.firstRange(of: "set date_string = \""),
      let end = text[assignment.upperBound...].firstIndex(of: "\"")
    {
      date = String(text[assignment.upperBound..<end])
    }
    return "Cutting Knowledge Date: December 2023\nToday Date: \(date)\n\n"
  }
}
