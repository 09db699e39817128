import ArgumentParser
import Foundation
import Jobs
import LanguageModels
import ProjectStore

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tune with LoRA on the project's pairs, in a worker that outlives this terminal.")

  @OptionGroup var global: GlobalOptions
  @Option(help: "A known model (see `assay pull`), a Hugging Face folder, or a GGUF file; else assay.toml's.")
  var model: String?
  @Option(help: "chatml, llama2, llama3 or plain; by default what the model uses.")
  var template: ChatTemplate.Name?
  @Option(help: ArgumentHelp("Import these pairs first, and train on them only.", valueName: "file"))
  var data: String?
  @Option(
    name: .customLong("where"), help: "Which pairs, e.g. category=factual or source~cooling; may be repeated."
  )
  var filter: [String] = []
  @Option(help: "At most this many training pairs, drawn by the seed.")
  var limit: Int?
  @Option(help: "The run's name.")
  var name: String?
  @Flag(help: "Train in this process, with its events on stdout.")
  var foreground = false
  @OptionGroup var training: TrainingOptions

  struct Output: Encodable {
    var run: String
    var name: String
    var totalSteps: Int?
  }

  func run() async throws {
    if let limit, limit < 2 { throw ValidationError("--limit: \(limit) is less than 2") }
    // The data file and the model are checked before a project is made or changed.
    let file = try data.map { try PairFile(path: $0) }
    let imported = file?.pairs.first?.importedFrom.map { "imported_from=\"\($0)\"" }
    if let file, file.pairs.count < 2 {
      throw RunError.tooFewPairs(count: file.pairs.count, filter: imported ?? "")
    }
    let settings = try global.settings()
    var trainingSettings = settings.training
    try training.apply(to: &trainingSettings)

    let preparation = RunPreparation(
      name: name, model: model ?? settings.modelName, template: template,
      filter: filter + [imported].compactMap(\.self), limit: limit, settings: trainingSettings)
    let opened = try preparation.openModel()

    let store = try global.openStore(create: file != nil)
    if let file {
      global.progress(leftOutOf: file)
      try store.importPairs(file.pairs)
    }
    let run = try preparation.createRun(in: store, opened: opened)
    if foreground {
      try await ForegroundRun(store: store, run: run.id, json: global.json, quiet: global.quiet).work()
    } else {
      try RunControl.start(run.id, store: store)
      if global.json {
        print(try jsonLine(Output(run: run.id, name: run.name, totalSteps: run.totalSteps)))
      } else {
        print(
          "run \(run.id) “\(run.name)” started, \(run.totalSteps ?? 0) steps — watch it with `assay`, stop it with `assay runs stop \(run.id)`"
        )
      }
    }
  }
}
