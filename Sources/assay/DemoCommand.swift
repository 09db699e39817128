import ArgumentParser
import Foundation
import Jobs
import ProjectStore

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "The whole thing on sample data: two LoRA runs, factual against conceptual, live.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var workbench: WorkbenchFlags

  struct Summary: Encodable {
    struct Sample: Encodable {
      var run: String
      var question: String
      var expected: String
      var base: String?
      var tuned: String
    }
    var project: String
    var seconds: Double
    var runs: [RunsCommand.Row]
    var baseEvalLoss: [String: Double]
    var samples: [Sample]
  }

  func run() async throws {
    let begin = Date()
    let model = ModelCache().cached(Demo.model) == nil ? try pullModel(Demo.model, global).path : Demo.model
    let folder = global.project == "." ? Demo.defaultFolder : global.projectFolder
    let demo = try Demo(folder: folder)
    global.progress("project \(demo.store.folder.path)")
    let runs = try demo.start(model: model == Demo.model ? model : Demo.model)

    if isatty(STDOUT_FILENO) == 1, isatty(STDIN_FILENO) == 1, !global.plain, !global.json {
      try await workbench.open(demo.store.folder)
      return
    }
    let follower = RunFollower(store: demo.store, runs: runs.map(\.id)) { global.progress($0) }
    let interruptions = Interruptions { _ in
      for run in runs { try? RunControl.send(.stopAndSave, to: run.id, store: demo.store) }
    }
    defer { interruptions.cancel() }
    try await follower.wait()
    try report(demo.store, runs.map(\.id), seconds: Date().timeIntervalSince(begin))
    if interruptions.count > 0 { throw ExitCode(130) }
    if try runs.contains(where: { try demo.store.run($0.id).state != .finished }) { throw ExitCode(1) }
  }

  private func report(_ store: ProjectStore, _ ids: [Run.ID], seconds: Double) throws {
    let runs = try ids.map { try store.run($0) }
    var bases: [String: Double] = [:]
    var samples: [Summary.Sample] = []
    for run in runs {
      bases[run.id] = try store.metrics(run: run.id, series: .evalLoss).points.first { $0.step == 0 }?.value
      for answer in try store.sampleAnswers(run: run.id).suffix(2) {
        samples.append(
          .init(
            run: run.name, question: answer.question, expected: answer.expected, base: answer.baseAnswer,
            tuned: answer.answer))
      }
    }
    if global.json {
      return print(
        try jsonLine(
          Summary(
            project: store.folder.path, seconds: seconds, runs: runs.map { .init($0, store) },
            baseEvalLoss: bases,
            samples: samples)))
    }
    print("run             state     steps   train   eval base  eval best  tokens/s  first step")
    for run in runs {
      print(
        RunsCommand.column(run.name, 16) + RunsCommand.column(run.state.rawValue, 10)
          + RunsCommand.column("\(run.step)/\(run.totalSteps ?? 0)", 8)
          + RunsCommand.column(RunsCommand.loss(run.trainLoss), 8)
          + RunsCommand.column(RunsCommand.loss(bases[run.id]), 11)
          + RunsCommand.column(RunsCommand.loss(run.bestEvalLoss), 11)
          + RunsCommand.column(run.tokensPerSecond.map { String(format: "%.0f", $0) } ?? "–", 10)
          + (run.firstStepSeconds.map { String(format: "%.1f s", $0) } ?? "–"))
    }
    for sample in samples {
      print("\n\(sample.run) · \(visible(sample.question))")
      print("  expected  \(visible(sample.expected))")
      print("  base      \(visible(sample.base ?? "–"))")
      print("  tuned     \(visible(sample.tuned))")
    }
    print(
      "\n\(String(format: "%.0f", seconds)) s · open the curves with: assay --project \(store.folder.path)")
  }
}
