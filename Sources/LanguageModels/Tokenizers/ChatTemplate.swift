import Foundation

/// How a question is put to a chat model, and where its answer ends.
///
/// The forms of the four families are built in, because a prompt must be cut into trained and untrained
/// parts, and because nothing in a question may act as a control token; a model's own template (Jinja) is
/// read only to tell its family and its default system prompt.
public struct ChatTemplate: Sendable, Equatable {
  public enum Name: String, Sendable, CaseIterable {
    /// `<|im_start|>user\n…<|im_end|>\n<|im_start|>assistant\n…<|im_end|>`
    case chatML = "chatml"
    /// `<s>[INST] … [/INST] … </s>`
    case llama2
    /// `<|start_header_id|>user<|end_header_id|>\n\n…<|eot_id|>…`
    case llama3
    /// `Question: …\nAnswer: …`, for models that know no chat.
    case plain
  }

  public var name: Name
  /// The system prompt where the caller gives none; nil for no system message.
  public var defaultSystem: String?
  /// What the model's template puts before every system prompt, even an empty one (Llama 3.1's dates).
  public var systemPreamble: String?

  public init(_ name: Name, defaultSystem: String? = nil, systemPreamble: String? = nil) {
    self.name = name
    self.defaultSystem = defaultSystem
    self.systemPreamble = systemPreamble
  }

  /// Encodes a question, with its answer when there is one.
  ///
  /// The prompt is encoded apart from the answer, so its ids are the same without one. User text is encoded
  /// as text: `<|im_end|>` written in a question does not end it. Outside the control tokens, the ids are
  /// those of the model's template encoded as a whole.
  ///
  /// - Parameters:
  ///   - answer: nil for a prompt to generate from.
  ///   - system: nil for `defaultSystem`; empty for no system prompt.
  /// - Throws: `TokenizerError.templateNeedsToken`.
  public func encode(
    question: String, answer: String?, system: String? = nil, tokenizer: Tokenizer
  ) throws -> EncodedExample {
    var builder = try ExampleBuilder(template: self, tokenizer: tokenizer)
    let system = system ?? defaultSystem
    switch name {
    case .chatML: try chatML(question, answer, system, &builder)
    case .llama2: try llama2(question, answer, system, &builder)
    case .llama3: try llama3(question, answer, system, &builder)
    case .plain: try plain(question, answer, system, &builder)
    }
    return builder.example
  }

  /// The tokens that end an answer.
  public func stopTokenIDs(tokenizer: Tokenizer) -> Set<Int> {
    // Models tuned on one of these and stopped by another are common; none of them is part of an answer.
    let names = ["<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "</s>"]
    let ids = names.compactMap { name in tokenizer.controlID(of: name) }
    return Set(ids).union(tokenizer.eosID.map { [$0] } ?? [])
  }

  // MARK: The four forms

  private func chatML(
    _ question: String, _ answer: String?, _ system: String?, _ builder: inout ExampleBuilder
  ) throws {
    if let system, !system.isEmpty {
      try builder.control("<|im_start|>")
      builder.text("system\n" + system)
      try builder.control("<|im_end|>")
      builder.text("\n")
    }
    try builder.control("<|im_start|>")
    builder.endSharedPrefix()
    builder.text("user\n" + question)
    try builder.control("<|im_end|>")
    builder.text("\n")
    try builder.control("<|im_start|>")
    builder.text("assistant\n")
    // The template's newline behind the last end token is left out: nothing is learned from or after it.
    try builder.answer(answer, end: "<|im_end|>")
  }

  private func llama2(
    _ question: String, _ answer: String?, _ system: String?, _ builder: inout ExampleBuilder
  ) throws {
    try builder.bos("<s>")
    builder.endSharedPrefix()
    let question = question.trimmingCharacters(in: .whitespacesAndNewlines)
    if let system, !system.isEmpty {
      builder.text("[INST] <<SYS>>\n\(system)\n<</SYS>>\n\n\(question) [/INST]")
    } else {
      builder.text("[INST] \(question) [/INST]")
    }
    let answer = answer.map { " " + $0.trimmingCharacters(in: .whitespacesAndNewlines) + " " }
    try builder.answer(answer, end: nil)
  }

  private func llama3(
    _ question: String, _ answer: String?, _ system: String?, _ builder: inout ExampleBuilder
  ) throws {
    try builder.bos("<|begin_of_text|>")
    let system = (systemPreamble ?? "") + (system ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    if !system.isEmpty {
      try builder.header("system")
      builder.text("\n\n" + system)
      try builder.control("<|eot_id|>")
    }
    try builder.header("user")
    builder.endSharedPrefix()
    builder.text("\n\n" + question.trimmingCharacters(in: .whitespacesAndNewlines))
    try builder.control("<|eot_id|>")
    try builder.header("assistant")
    builder.text("\n\n")
    try builder.answer(answer?.trimmingCharacters(in: .whitespacesAndNewlines), end: "<|eot_id|>")
  }

  private func plain(
    _ question: String, _ answer: String?, _ system: String?, _ builder: inout ExampleBuilder
  ) throws {
    builder.textStart()
    builder.endSharedPrefix()
    let preface = system.map { $0.isEmpty ? "" : $0 + "\n\n" } ?? ""
    builder.text("\(preface)Question: \(question)\nAnswer:", at: .start)
    try builder.answer(answer.map { " " + $0 }, end: nil)
  }
}

/// Puts an example together piece by piece.
private struct ExampleBuilder {
  private(set) var example = EncodedExample(ids: [], lossMask: [], promptCount: 0, sharedPrefixCount: 0)
  private let template: ChatTemplate
  private let tokenizer: Tokenizer
  /// Added tokens that user text cannot spell: the tokenizer's control tokens and the template's, which
  /// some models do not mark as such.
  private let unspellable: Set<Int>

  init(template: ChatTemplate, tokenizer: Tokenizer) throws {
    self.template = template
    self.tokenizer = tokenizer
    let controls = [
      "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",
      "<|begin_of_text|>", "<|end_of_text|>", "<|endoftext|>", "<s>", "</s>",
    ]
    unspellable = tokenizer.specialIDs.union(controls.compactMap { tokenizer.controlID(of: $0) })
  }

  /// Text that no control token can be written in.
  mutating func text(_ text: String, at position: Tokenizer.TextPosition = .afterControl) {
    append(
      tokenizer.encode(validUTF8: Array(text.utf8), ignoring: unspellable, at: position), isTarget: false)
  }

  mutating func control(_ token: String) throws(TokenizerError) {
    append([try id(of: token)], isTarget: false)
  }

  mutating func header(_ role: String) throws(TokenizerError) {
    try control("<|start_header_id|>")
    text(role)
    try control("<|end_header_id|>")
  }

  /// The tokenizer's BOS, or the one that the template is written with.
  mutating func bos(_ token: String) throws(TokenizerError) {
    if let bos = tokenizer.bosID { append([bos], isTarget: false) } else { try control(token) }
  }

  /// What the tokenizer itself puts before a text.
  mutating func textStart() { append(tokenizer.definition.prefix, isTarget: false) }

  mutating func endSharedPrefix() { example.sharedPrefixCount = example.ids.count }

  /// Ends the prompt. Then the answer, if there is one, and the token that ends it (nil: the model's EOS).
  mutating func answer(_ answer: String?, end: String?) throws(TokenizerError) {
    example.promptCount = example.ids.count
    guard let answer else { return }
    let ids = tokenizer.encode(validUTF8: Array(answer.utf8), ignoring: unspellable, at: .continuing)
    append(ids, isTarget: true)
    if let end {
      append([try id(of: end)], isTarget: true)
    } else {
      guard let eos = tokenizer.eosID else {
        throw .templateNeedsToken(template: template.name.rawValue, token: "end of text")
      }
      append([eos], isTarget: true)
    }
  }

  private mutating func append(_ ids: [Int], isTarget: Bool) {
    example.ids += ids
    example.lossMask += repeatElement(isTarget, count: ids.count)
  }

  private func id(of token: String) throws(TokenizerError) -> Int {
    guard let id = tokenizer.controlID(of: token) else {
      throw .templateNeedsToken(template: template.name.rawValue, token: token)
    }
    return id
  }
}
