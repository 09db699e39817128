import ArgumentParser
import Foundation
import Jobs
import ProjectStore

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List, show and control training runs.",
    subcommands: [
      List.self, Show.self, Diff.self, Pause.self, Resume.self, Stop.self, Checkpoint.self, Evaluate.self,
      SetLearningRate.self, Export.self, Tag.self, Untag.self, Note.self, Pin.self, Unpin.self, Archive.self,
      Unarchive.self, Delete.self, Restore.self, Purge.self,
    ], defaultSubcommand: List.self)

  /// What every tool that reads `--json` sees of a run.
  struct Row: Encodable {
    var id: String
    var name: String
    var state: String
    var step: Int
    var totalSteps: Int?
    var trainLoss: Double?
    var evalLoss: Double?
    var bestEvalLoss: Double?
    var tokensPerSecond: Double?
    var peakRssBytes: Int?
    var adapterPath: String?
    var tags: [String]
    var note: String
    var pinned: Bool
    var archived: Bool

    init(_ run: Run, _ store: ProjectStore) {
      id = run.id
      name = run.name
      state = run.state.rawValue
      step = run.step
      totalSteps = run.totalSteps
      trainLoss = run.trainLoss
      evalLoss = run.evalLoss
      bestEvalLoss = run.bestEvalLoss
      tokensPerSecond = run.tokensPerSecond
      peakRssBytes = run.peakResidentBytes
      adapterPath = run.adapterPath.map { store.file(atStoredPath: $0).path }
      tags = run.labels.tags
      note = run.labels.note
      pinned = run.labels.isPinned
      archived = run.labels.isArchived
    }

    /// Absent values are null, not missing: scripts find every key.
    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: CodingKeys.self)
      try c.encode(id, forKey: .id)
      try c.encode(name, forKey: .name)
      try c.encode(state, forKey: .state)
      try c.encode(step, forKey: .step)
      try c.encode(totalSteps, forKey: .totalSteps)
      try c.encode(trainLoss, forKey: .trainLoss)
      try c.encode(evalLoss, forKey: .evalLoss)
      try c.encode(bestEvalLoss, forKey: .bestEvalLoss)
      try c.encode(tokensPerSecond, forKey: .tokensPerSecond)
      try c.encode(peakRssBytes, forKey: .peakRssBytes)
      try c.encode(adapterPath, forKey: .adapterPath)
      try c.encode(tags, forKey: .tags)
      try c.encode(note, forKey: .note)
      try c.encode(pinned, forKey: .pinned)
      try c.encode(archived, forKey: .archived)
    }

    enum CodingKeys: String, CodingKey {
      case id, name, state, step, totalSteps, trainLoss, evalLoss, bestEvalLoss, tokensPerSecond,
        peakRssBytes, adapterPath, tags, note, pinned, archived
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "All runs, newest first.",
      discussion: """
        A filter has terms that all have to hold:
          word  "two words"  /pattern/     in the name; a pattern also in tags and note
          state:running  tag:x|y  note:rises  model:smol  id:r7k2
          eval<1.5  train=nan  step>=1k  also best, lr, tokens, speed; none where it is not known
          age<2h  is:pinned  is:archived  is:alert  is:alive
          lora_r:16                        any field of the recipe
          -tag:old                         not
        """)
    @OptionGroup var global: GlobalOptions
    // It may begin with a minus.
    @Option(
      parsing: .unconditional,
      help: "Only runs that pass, such as 'state:running eval<1.5 tag:x /regex/'."
    )
    var filter = ""
    @Option(help: "\(RunSort.Column.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sort: RunSort.Column = .created
    @Flag(help: "The other way round.") var reverse = false
    @Flag(help: "Archived runs too.") var archived = false
    @Flag(help: "Deleted runs that can still be restored, instead.") var deleted = false

    func run() async throws {
      var order = RunSort(sort)
      if reverse { order.isDescending.toggle() }
      try Self.show(
        global, filter: RunFilter(parsing: filter), order: order, archived: archived, deleted: deleted)
    }

    /// Also what `assay` alone prints where there is no terminal.
    static func show(
      _ global: GlobalOptions, filter: RunFilter = .all, order: RunSort = .newest, archived: Bool = false,
      deleted: Bool = false
    ) throws {
      let store = try global.openStore()
      let all = deleted ? try store.deletedRuns() : try store.runs()
      if let slip = filter.unknownField(in: all) { throw slip }
      let showsArchived = archived || deleted || filter.asksForArchived
      let context = RunFilter.Context()
      let runs = order.sorted(
        all.filter { (showsArchived || !$0.labels.isArchived) && filter.matches($0, context) })
      if global.json { return print(try jsonLine(runs.map { Row($0, store) })) }
      if all.isEmpty {
        return print(deleted ? "no deleted runs" : "no runs yet — assay train, or n in the workbench")
      }
      print("id    state     step            train   eval    best    tokens/s  name")
      for run in runs {
        let steps = "\(run.step)/\(run.totalSteps.map(String.init) ?? "–")"
        let tags = run.labels.tags.map { "  #" + visible($0) }.joined()
        print(
          column(run.id, 6) + column(run.state.rawValue, 10) + column(steps, 16)
            + column(loss(run.trainLoss), 8)
            + column(loss(run.evalLoss), 8) + column(loss(run.bestEvalLoss), 8)
            + column(run.tokensPerSecond.map { String(format: "%.0f", $0) } ?? "–", 10) + visible(run.name)
            + tags)
      }
      if runs.count < all.count { global.progress("\(runs.count) of \(all.count) runs") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "One run: state, recipe, events, sample answers.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String

    struct Output: Encodable {
      struct Event: Encodable {
        var step: Int
        var kind: String
        var message: String
        var time: Double
      }
      struct Sample: Encodable {
        var step: Int
        var question: String
        var expected: String
        var base: String?
        var answer: String
      }
      var run: Row
      var message: String?
      var recipe: RunRecipe
      var events: [Event]
      var samples: [Sample]
      var pid: Int32?
      var segment: Int
      var firstStepSeconds: Double?
      var trainedTokens: Int
    }

    func run() async throws {
      let store = try global.openStore()
      let run = try store.run(id)
      let output = Output(
        run: Row(run, store), message: run.message, recipe: try RunRecipe(json: run.recipeJSON),
        events: try store.events(run: id).map {
          .init(
            step: $0.step, kind: $0.kind.rawValue, message: $0.message, time: $0.time.timeIntervalSince1970)
        },
        samples: try store.sampleAnswers(run: id).map {
          .init(
            step: $0.step, question: $0.question, expected: $0.expected, base: $0.baseAnswer,
            answer: $0.answer)
        }, pid: run.pid, segment: run.segment, firstStepSeconds: run.firstStepSeconds,
        trainedTokens: run.trainedTokens)
      if global.json { return print(try jsonLine(output)) }
      let recipe = output.recipe.training
      print(
        "run \(run.id) “\(visible(run.name))” · \(run.state.rawValue) · step \(run.step)/\(run.totalSteps ?? 0)"
      )
      if let message = run.message { print(visible(message)) }
      let tags = run.labels.tags.map { "#" + visible($0) }.joined(separator: " ")
      if !tags.isEmpty { print("tags      \(tags)") }
      if !run.labels.note.isEmpty { print("note      \(visible(run.labels.note))") }
      print(
        "model     \(run.modelName), \(recipe.precision.rawValue), \(recipe.threadsText), seed \(recipe.seed)"
      )
      print(
        "pairs     \(output.recipe.trainingRows) to train, \(output.recipe.evaluationRows) to evaluate · \(output.recipe.filter.joined(separator: ", "))"
      )
      print(
        "LoRA      r \(recipe.lora.rank), alpha \(recipe.lora.alpha), dropout \(recipe.lora.dropout), lr \(recipe.learningRate) \(recipe.schedule.rawValue), batch \(recipe.batchSize)"
      )
      print(
        "loss      train \(loss(run.trainLoss)) · eval \(loss(run.evalLoss)) · best \(loss(run.bestEvalLoss))"
      )
      if let path = output.run.adapterPath { print("adapter   \(path)") }
      for event in output.events { print(String(format: "step %4d  ", event.step) + visible(event.message)) }
      for sample in output.samples {
        print(
          "Q         \(visible(sample.question))\n  base    \(visible(sample.base ?? "–"))\n  tuned   \(visible(sample.answer))"
        )
      }
    }
  }

  static func column(_ text: String, _ width: Int) -> String {
    text.count < width ? text + String(repeating: " ", count: width - text.count) : text + " "
  }
  static func loss(_ x: Double?) -> String { x.map { String(format: "%.3f", $0) } ?? "–" }

  /// Files a command; the worker answers it between two steps.
  static func send(_ command: RunCommand, _ id: String, _ global: GlobalOptions, _ done: String) throws {
    let store = try global.openStore()
    try RunControl.send(command, to: id, store: store)
    print(global.json ? try jsonLine(Row(try store.run(id), store)) : done)
  }

  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pause a run after its current step.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    func run() async throws {
      try send(.pause, id, global, "\(id) pauses after its step — assay runs resume \(id)")
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Go on with a paused run, or with a stopped, failed or crashed one from its checkpoint.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String

    struct Output: Encodable {
      var run: String
    }

    func run() async throws {
      let store = try global.openStore()
      let run = try RunControl.resume(id, store: store)
      print(global.json ? try jsonLine(Output(run: run.id)) : "\(id) goes on")
    }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop a run: finish the step, save, end.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    @Flag(help: "End without saving; the last checkpoint stays.") var now = false
    func run() async throws {
      try send(now ? .stopNow : .stopAndSave, id, global, now ? "\(id) stops" : "\(id) saves and stops")
    }
  }

  struct Checkpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a checkpoint after the current step.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    func run() async throws { try send(.checkpoint, id, global, "\(id) writes a checkpoint after its step") }
  }

  struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Evaluate after the current step.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    func run() async throws { try send(.evaluate, id, global, "\(id) evaluates after its step") }
  }

  struct SetLearningRate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set-learning-rate", abstract: "Replace the peak of a run's learning rate schedule.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    @Argument(help: "In (0, 1].") var rate: Double
    func validate() throws {
      guard rate > 0, rate <= 1 else { throw ValidationError("rate: \(rate) is not in (0, 1]") }
    }
    func run() async throws {
      try send(.setLearningRate(rate), id, global, "\(id) trains with a peak of \(rate)")
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a run's adapter (PEFT), metrics (CSV), events and recipe into a folder.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The run's id.") var id: String
    @Option(help: ArgumentHelp("The new folder; by default the run's name and id here.", valueName: "dir"))
    var output: String?

    func run() async throws {
      let store = try global.openStore()
      let run = try store.run(id)
      let folder = URL(fileURLWithPath: output ?? "\(fileName(run.name))-\(run.id)", isDirectory: true)
      let export = try RunExport.write(run, store: store, to: folder)
      print(global.json ? try jsonLine(export) : "\(export.folder): \(export.files.joined(separator: ", "))")
    }

    private func fileName(_ name: String) -> String {
      String(name.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : "-" })
    }
  }
}
