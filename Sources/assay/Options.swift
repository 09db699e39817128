import ArgumentParser
import FineTuning
import Foundation
import Jobs
import LanguageModels

/// Options that every command has.
struct GlobalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The project's folder.", valueName: "dir"))
  var project = "."
  @Flag(help: "One JSON document on stdout, or JSON lines for streams.")
  var json = false
  @Flag(help: "Lines without colour, boxes or cursor movement.")
  var plain = false
  @Flag(help: "No progress on stderr.")
  var quiet = false

  func progress(_ text: String) {
    if !quiet { standardError(text) }
  }

  /// Says which lines were not imported; of very many, the first.
  func progress(leftOutOf file: PairFile) {
    let shown = file.rejected.prefix(20)
    for line in shown { progress("left out " + oneLine("\(line)")) }
    if file.rejectedCount > shown.count {
      progress("left out \(file.rejectedCount - shown.count) more lines")
    }
  }
}

/// Options of every command that computes with a model.
struct EngineOptions: ParsableArguments {
  @Option(help: "A known model (see `assay pull`), a Hugging Face folder, or a GGUF file.")
  var model = "smollm2-135m"
  @Option(help: "f32 or bf16; by default bf16 where the CPU multiplies it faster.")
  var precision: TrainingRecipe.Precision = .preferred
  @Option(help: "Threads to compute with; by default one for each core.")
  var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "chatml, llama2, llama3 or plain; by default what the model uses.")
  var template: ChatTemplate.Name?

  func validate() throws {
    guard threads >= 1, threads <= 1024 else {
      throw ValidationError("--threads: \(threads) is not between 1 and 1024")
    }
  }

  func open() throws -> OpenedModel {
    try OpenedModel(name: model, url: ModelCache().resolve(model), template: template)
  }
}

extension TrainingRecipe.Precision: ExpressibleByArgument {}
extension ChatTemplate.Name: ExpressibleByArgument {}
extension TrainingBenchmark.Case: ExpressibleByArgument {}

/// JSON as the program writes it everywhere: snake_case keys, sorted, one line.
func jsonLine(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
