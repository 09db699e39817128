import ArgumentParser
import Foundation
import Jobs
import LanguageModels

struct AskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "One answer, from the base model or with an adapter.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var engine: EngineOptions
  @Option(help: ArgumentHelp("A PEFT adapter's folder.", valueName: "dir"))
  var adapter: String?
  @Option(help: "The most tokens to answer with.")
  var maxTokens = 128
  @Option(help: "0 is greedy.")
  var temperature = 0.0
  @Option(help: "Choose among the k most likely tokens; 0 is all.")
  var topK = 0
  @Option(help: "Choose among the most likely tokens that add up to p.")
  var topP = 1.0
  @Option(help: "Seed of the choices.")
  var seed: UInt64 = 0
  @Option(help: "End the answer before this text; may be given several times.")
  var stop: [String] = []
  @Option(help: "With --json: the most likely tokens at each place.")
  var topLogprobs = 0
  @Option(help: "A system prompt in place of the model's own.")
  var system: String?
  @Argument var question: String

  func validate() throws {
    guard maxTokens >= 1 else { throw ValidationError("--max-tokens: \(maxTokens) is less than 1") }
    guard temperature >= 0 else { throw ValidationError("--temperature: \(temperature) is negative") }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p: \(topP) is not in (0, 1]") }
    guard (0...100).contains(topLogprobs) else {
      throw ValidationError("--top-logprobs: \(topLogprobs) is not between 0 and 100")
    }
  }

  struct Output: Encodable {
    struct Token: Encodable {
      struct Alternative: Encodable {
        var id: Int
        var text: String
        var logprob: Double
      }
      var id: Int
      var text: String
      var logprob: Double
      var topLogprobs: [Alternative]
    }
    var answer: String
    var ids: [Int]
    var tokens: [Token]
    var finishReason: String
  }

  func run() async throws {
    let opened = try engine.open()
    let session = try AnswerSession(
      opened, adapter: adapter, precision: engine.precision, threads: engine.threads)
    var stream = StreamDecoder(opened.tokenizer)
    var output = Output(answer: "", ids: [], tokens: [], finishReason: "")
    let asked = AnswerSession.Question(
      text: question, system: system, maxTokens: maxTokens,
      sampling: SamplingOptions(temperature: temperature, topK: topK, topP: topP, seed: seed),
      stopStrings: stop,
      topLogProbabilities: topLogprobs)
    let reason = try session.answer(asked) { token in
      output.ids.append(token.id)
      if global.json {
        output.tokens.append(
          Output.Token(
            id: token.id, text: opened.tokenizer.text(of: token.id), logprob: token.logProbability,
            topLogprobs: token.top.map {
              .init(id: $0.id, text: opened.tokenizer.text(of: $0.id), logprob: $0.logProbability)
            }))
      }
      let text = stream.push(token.id)
      output.answer += text
      if !global.json { standardOutput(text) }
      return true
    }
    let rest = stream.flush()
    output.answer += rest
    output.finishReason = reason.rawValue
    if global.json { print(try jsonLine(output)) } else { writeLine(rest) }
  }
}
