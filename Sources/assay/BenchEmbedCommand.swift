import ArgumentParser
import FineTuning
import Foundation
import Jobs
import ModelFiles

extension BenchCommand {
  struct Embed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sentence embeddings of the lines of a file: texts/s, tokens/s, and where the time goes.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("A text file, a text a line.", valueName: "file"))
    var file: String
    @Option(help: "A known encoder (see `assay pull`) or a BERT's Hugging Face folder.")
    var model = "minilm"
    @Option(help: "f32 or bf16; by default bf16 where the CPU multiplies it faster.")
    var precision: TrainingRecipe.Precision = .preferred
    @Option(help: "Threads to compute with; by default one for each core.")
    var threads = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "Rounds to measure, after a warm-up.")
    var rounds = 5

    func validate() throws {
      guard (1...1024).contains(threads) else {
        throw ValidationError("--threads: \(threads) is not between 1 and 1024")
      }
      guard (1...1000).contains(rounds) else {
        throw ValidationError("--rounds: \(rounds) is not between 1 and 1000")
      }
    }

    func run() async throws {
      let text = String(decoding: try Data(regularFile: file, upTo: 1 << 30), as: UTF8.self)
      let lines = text.split(separator: "\n").map(String.init)
      guard !lines.isEmpty else {
        throw ModelFileError.malformed(path: file, field: "text", problem: "there is no line in it")
      }
      let benchmark = EmbeddingBenchmark(
        model: model, precision: precision, threads: threads, rounds: rounds)
      let result = try benchmark.run(lines, folder: ModelCache().resolve(model))
      if global.json {
        print(try jsonLine(result))
      } else {
        print(
          """
          model      \(result.model), \(result.precision), \(result.threads) threads, \(result.instructionSet)
          texts/s    \(number(result.textsPerSecond)) (fastest round \(number(result.fastestTextsPerSecond)))
          tokens/s   \(number(result.tokensPerSecond)), \(result.tokens) tokens in \(result.texts) texts
          a round    \(number(1000 * result.tokenizeSeconds)) ms of tokenizing, \
          \(number(1000 * result.encodeSeconds)) ms of encoding
          """)
      }
    }

    private func number(_ x: Double) -> String { String(format: "%.0f", x) }
  }
}
