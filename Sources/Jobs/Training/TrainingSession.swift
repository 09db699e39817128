import Compute
import Dispatch
import FineTuning
import Foundation
import LanguageModels
import ModelFiles
import ProjectStore

/// The loop of a run: step, report, evaluate, checkpoint, obey. Belongs to the engine's queue.
final class TrainingSession {
  private let store: ProjectStore
  private let runID: Run.ID
  private let observer: @Sendable (WorkerEvent) -> Void
  private let recorder: RunRecorder
  private let recipe: RunRecipe
  private let opened: OpenedModel
  private let data: RunData
  private let model: Llama
  private let trainer: Trainer
  private let samples: SampleAnswers
  private let name: String
  private let segment: Int
  private let resumedFrom: Int
  private let started = Date()

  private var baseEvaluation: Double?
  private var lastEvaluation: (step: Int, loss: Double)?
  private var lastCheckpoint: Int?
  private var lastLoss: Double?
  private var speeds: [Double] = []
  private var firstStepSeconds: Double?
  private var alerts: RunAlertWatch
  private let hook: AlertHook?

  private var folder: URL { store.runFolder(runID) }
  private var checkpointFolder: URL { folder.appendingPathComponent("checkpoint") }
  private var adapterFolder: URL { folder.appendingPathComponent("adapter") }

  /// Opens everything and, when the run has a checkpoint, goes back to it.
  init(
    store: ProjectStore, run id: Run.ID, cache: ModelCache, hook: AlertHook? = nil,
    observer: @escaping @Sendable (WorkerEvent) -> Void
  ) throws {
    self.store = store
    runID = id
    self.hook = hook
    self.observer = observer
    var run = try store.updateRun(id) {
      $0.state = .starting
      $0.pid = getpid()
      $0.message = nil
      $0.startedAt = $0.startedAt ?? .now
    }
    recorder = RunRecorder(store: store, run: id, queue: DispatchQueue(label: "assay.recorder"))
    name = run.name
    recipe = try RunRecipe(json: run.recipeJSON)
    data = try RunData.read(from: store.runFolder(id))
    opened = try OpenedModel(
      name: recipe.model, url: cache.resolve(recipe.model),
      template: recipe.template.flatMap { ChatTemplate.Name(rawValue: $0) })
    let training = try RunData.sequences(data.training, opened, maxLength: .max)
    let evaluation = try RunData.sequences(data.evaluation, opened, maxLength: .max)
    try MemoryEstimate(recipe.training, model: opened.configuration, rows: training)
      .check(folder: store.folder)
    model = try opened.weights(precision: recipe.training.precision, threads: recipe.training.threads)
    trainer = try Trainer(
      model: model, recipe: recipe.training, trainingSet: training, evaluationSet: evaluation)
    alerts = RunAlertWatch(run: id)

    let checkpoint = store.runFolder(id).appendingPathComponent("checkpoint")
    let hasRun = run.step > 0 || FileManager.default.fileExists(atPath: checkpoint.path)
    if FileManager.default.fileExists(atPath: checkpoint.path) {
      try FineTuning.Checkpoint.restore(trainer, from: checkpoint)
      lastCheckpoint = trainer.state.step
    }
    if hasRun {
      run = try store.resumeRun(id, fromStep: trainer.state.step)
      try alerts.replay(store, upTo: trainer.state.step)
    }
    segment = run.segment
    resumedFrom = trainer.state.step
    samples = SampleAnswers(
      data.evaluation.isEmpty ? data.training : data.evaluation, opened: opened, model: model,
      workers: Workers(count: recipe.training.threads))
  }

  // MARK: - The loop

  /// Trains until the end, a command or an interruption. The last event is a summary, of a failure too.
  func train(
    interruption: () -> TrainingWorker.Interruption, waitForChange: () -> Void
  ) throws -> WorkerSummary {
    do {
      return try loop(interruption, waitForChange)
    } catch {
      observer(.summary(summary(.failed, message: "\(error)")))
      throw error
    }
  }

  private func loop(
    _ interruption: () -> TrainingWorker.Interruption, _ waitForChange: () -> Void
  ) throws -> WorkerSummary {
    try begin()
    var ending = RunState.finished
    loop: while !trainer.isFinished {
      switch try obey(interruption, waitForChange) {
      case .goOn: break
      case .stopAndSave:
        ending = .stopped
        break loop
      case .stopNow: return try end(.stopped, save: false)
      }
      try step()
      if trainer.state.step == resumedFrom + 1 { try evaluateBase() }
      let step = trainer.state.step
      if recipe.training.evaluateEvery > 0, step % recipe.training.evaluateEvery == 0, !trainer.isFinished {
        try evaluate()
      }
      if recipe.training.checkpointEvery > 0, step % recipe.training.checkpointEvery == 0 { try checkpoint() }
      if trainer.shouldStopEarly {
        try note(
          .earlyStop,
          "no better evaluation for \(trainer.state.evaluationsWithoutImprovement) in a row; the best was step \(trainer.state.bestStep ?? 0)"
        )
        break
      }
    }
    return try end(ending, save: true)
  }

  private func begin() throws {
    let total = recipe.training.totalSteps
    try store.updateRun(runID) {
      $0.state = .running
      $0.totalSteps = total
    }
    try note(
      resumedFrom > 0 || segment > 0 ? .resumed : .started,
      resumedFrom > 0 || segment > 0
        ? "resumed from step \(resumedFrom)"
        : "\(data.training.count) pairs, \(total) steps, \(recipe.training.precision.rawValue), \(recipe.training.threadsText)"
    )
    observer(
      .started(
        run: runID, name: name, model: opened.displayName, totalSteps: total,
        trainingRows: data.training.count, evaluationRows: data.evaluation.count, resumedFrom: resumedFrom))
  }

  private func step() throws {
    let report: StepReport
    do {
      report = try trainer.step()
    } catch let failure as TrainingFailure {
      // The chart shows where it happened; the adapter and the checkpoint stay as they were.
      let next = trainer.state.step + 1
      if case .notFinite = failure { try record([(.trainLoss, .nan)], step: next) }
      try note(.nan, "\(failure)", step: next)
      throw failure
    }
    let speed = Double(report.tokens) / report.seconds
    speeds.append(speed)
    lastLoss = report.loss
    if firstStepSeconds == nil { firstStepSeconds = ProcessFacts.secondsSinceLaunch }
    let (first, resident, peak) = (
      firstStepSeconds, ProcessFacts.residentBytes, ProcessFacts.peakResidentBytes
    )
    try record([
      (.trainLoss, report.loss), (.learningRate, report.learningRate), (.gradientNorm, report.gradientNorm),
      (.tokensPerSecond, speed), (.residentBytes, Double(resident)),
    ])
    let tokens = trainer.state.trainedTokens
    try recorder.update { run in
      run.step = report.step
      run.trainLoss = report.loss
      run.tokensPerSecond = speed
      run.trainedTokens = tokens
      run.learningRate = report.learningRate
      run.gradientNorm = report.gradientNorm
      run.residentBytes = resident
      run.peakResidentBytes = peak
      run.firstStepSeconds = run.firstStepSeconds ?? first
    }
    try recorder.flush()
    observer(
      .step(
        step: report.step, trainLoss: report.loss, learningRate: report.learningRate,
        gradientNorm: report.gradientNorm, tokensPerSecond: speed, trainedTokens: tokens, epoch: trainer.epoch
      ))
    try look(at: .trainLoss, report.loss)
  }

  // MARK: - Evaluation

  /// What the base model does without the adapter: where the evaluation curve begins. It comes after the first step,
  /// so that a run shows its first point at once.
  private func evaluateBase() throws {
    guard resumedFrom == 0, let evaluation = try trainer.evaluate(base: true) else { return }
    let loss = evaluation.loss
    baseEvaluation = loss
    try record([(.evalLoss, loss)] + byCategory(evaluation), step: 0, tokens: 0, epoch: 0)
    try recorder.update { $0.evalLoss = $0.evalLoss ?? loss }
    try note(.evaluated, "base model · eval \(text(loss))", step: 0)
    observer(.evaluation(step: 0, evalLoss: loss, bestEvalLoss: nil, improved: false))
  }

  private func evaluate() throws {
    guard let evaluation = try trainer.evaluate() else { return }
    let loss = evaluation.loss
    let step = trainer.state.step
    let before = trainer.state.bestEvaluationLoss
    let improved = trainer.record(evaluation: loss)
    lastEvaluation = (step, loss)
    try record([(.evalLoss, loss)] + byCategory(evaluation))
    let (best, bestStep) = (trainer.state.bestEvaluationLoss, trainer.state.bestStep)
    try recorder.update {
      $0.evalLoss = loss
      $0.bestEvalLoss = best
      $0.bestStep = bestStep
    }
    if improved { try saveAdapter() }
    try note(
      improved ? .improved : .evaluated,
      "eval \(text(loss))"
        + (improved
          ? (before.map { " improved (\(text($0)))" } ?? "") + " · adapter kept"
          : " · best \(text(best ?? loss)) at step \(bestStep ?? 0)")
    )
    try look(at: .evalLoss, loss)
    observer(.evaluation(step: step, evalLoss: loss, bestEvalLoss: best, improved: improved))
    if improved { try sample(count: 1) }
  }

  /// The eval loss of each category, where there are several.
  private func byCategory(_ evaluation: Evaluation) -> [(MetricName, Double)] {
    let categories = Dictionary(
      data.evaluation.compactMap { row in row.category.map { (row.id, $0) } }, uniquingKeysWith: { $1 })
    let names = Set(categories.values).sorted()
    guard names.count > 1 || categories.count < data.evaluation.count else { return [] }
    return names.compactMap { name in
      evaluation.loss { categories[$0.id] == name }.map { (.evalLoss(category: name), $0) }
    }
  }

  private func sample(count: Int) throws {
    for answer in try samples.next(count, adapter: trainer.adapter) {
      let step = trainer.state.step
      try store.append([
        SampleAnswer(
          run: runID, step: step, pairID: QAPair.ID(answer.row.id), question: answer.row.question,
          expected: answer.row.answer, baseAnswer: answer.base, answer: answer.tuned)
      ])
      observer(
        .sample(
          step: step, question: answer.row.question, expected: answer.row.answer, base: answer.base,
          answer: answer.tuned))
    }
  }

  // MARK: - Files

  /// The PEFT folder that the run is for: the best adapter so far.
  private func saveAdapter() throws {
    let folder = adapterFolder
    try trainer.adapter.peftAdapter(baseModel: opened.baseModelName).write(to: folder)
    let path = store.storedPath(folder)
    try recorder.update { $0.adapterPath = path }
  }

  private func checkpoint() throws {
    let step = trainer.state.step
    guard lastCheckpoint != step else { return }
    try FineTuning.Checkpoint.save(
      trainer, baseModel: opened.baseModelName, to: checkpointFolder)
    lastCheckpoint = step
    try note(.checkpoint, "checkpoint")
    observer(.checkpoint(step: step))
  }

  // MARK: - Commands

  private enum Order { case goOn, stopAndSave, stopNow }

  /// Does what was asked for since the last step; stays here while paused.
  private func obey(
    _ interruption: () -> TrainingWorker.Interruption, _ waitForChange: () -> Void
  ) throws -> Order {
    var paused = false
    while true {
      switch interruption() {
      case .none: break
      case .stopAndSave: return .stopAndSave
      case .stopNow: return .stopNow
      }
      for filed in try store.takeCommands(run: runID) {
        switch filed.command {
        case .pause where !paused:
          paused = true
          try setState(.paused)
          try note(.paused, "paused")
        case .resume where paused:
          paused = false
          try setState(.running)
          try note(.resumed, "goes on")
        case .pause, .resume:
          try store.answerCommand(filed.id, rejection: paused ? "already paused" : "not paused")
          continue
        case .stopAndSave, .stopNow:
          try setState(.stopping)
          try store.answerCommand(filed.id)
          return filed.command == .stopNow ? .stopNow : .stopAndSave
        case .checkpoint: try checkpoint()
        case .evaluate: try evaluate()
        case .setLearningRate(let rate):
          guard rate > 0, rate <= 1 else {
            try store.answerCommand(filed.id, rejection: "\(rate) is not in (0, 1]")
            continue
          }
          trainer.setPeakLearningRate(rate)
          try note(.learningRate, "peak learning rate set to \(rate)")
        }
        try store.answerCommand(filed.id)
      }
      guard paused else { return .goOn }
      try recorder.flush()
      waitForChange()
    }
  }

  private func setState(_ state: RunState) throws {
    try recorder.update { $0.state = state }
    try recorder.flush()
  }

  // MARK: - The end

  private func end(_ state: RunState, save: Bool) throws -> WorkerSummary {
    if save {
      if lastEvaluation?.step != trainer.state.step { try evaluate() }
      if trainer.evaluationSet.isEmpty, trainer.state.step > 0 { try saveAdapter() }
      try checkpoint()
      try sample(count: 2)
    }
    try note(
      state == .finished ? .finished : .stopped,
      state == .finished
        ? "finished"
        : save ? "stopped and saved" : "stopped; the last checkpoint is step \(lastCheckpoint ?? 0)")
    let peak = ProcessFacts.peakResidentBytes
    try recorder.update {
      $0.state = state
      $0.finishedAt = .now
      $0.peakResidentBytes = peak
    }
    try recorder.flush()
    if state == .finished { tell(.finished, endText) }
    try store.rejectOpenCommands(run: runID, reason: "the run is over")
    let summary = summary(state)
    observer(.summary(summary))
    return summary
  }

  private var endText: String {
    let best = trainer.state.bestEvaluationLoss.map {
      ", best eval \(text($0)) at step \(trainer.state.bestStep ?? 0)"
    }
    return "finished after \(trainer.state.step) steps" + (best ?? "")
  }

  private func summary(_ state: RunState, message: String? = nil) -> WorkerSummary {
    // A store that has failed must not hide why: then the summary lacks the run's row.
    let run = try? store.run(runID)
    return WorkerSummary(
      run: runID, name: name, state: state, step: trainer.state.step, totalSteps: recipe.training.totalSteps,
      trainLoss: lastLoss, baseEvalLoss: baseEvaluation, evalLoss: lastEvaluation?.loss,
      bestEvalLoss: trainer.state.bestEvaluationLoss, bestStep: trainer.state.bestStep,
      adapterPath: run?.adapterPath.map { store.file(atStoredPath: $0).path },
      trainedTokens: trainer.state.trainedTokens, tokensPerSecond: speeds.isEmpty ? nil : median(speeds),
      firstStepSeconds: run?.firstStepSeconds, peakRssBytes: ProcessFacts.peakResidentBytes,
      seconds: Date().timeIntervalSince(started), message: message)
  }

  // MARK: - Reporting

  private func record(
    _ values: [(MetricName, Double)], step: Int? = nil, tokens: Int? = nil, epoch: Double? = nil
  ) throws {
    let now = Date().timeIntervalSince1970
    try recorder.record(
      values.map { name, value in
        (
          name,
          MetricPoint(
            step: step ?? trainer.state.step, trainedTokens: tokens ?? trainer.state.trainedTokens,
            epoch: epoch ?? trainer.epoch, wallTime: now, value: value, segment: segment)
        )
      })
  }

  private func note(_ kind: RunEvent.Kind, _ message: String, step: Int? = nil) throws {
    let step = step ?? trainer.state.step
    try recorder.record(RunEvent(run: runID, step: step, kind: kind, message: message))
    try recorder.flush()
    switch kind {
    case .evaluated, .improved, .checkpoint, .started, .finished, .stopped: break
    default: observer(.note(kind: kind.rawValue, step: step, message: message))
    }
    // That a run is finished is told when it is.
    if kind != .finished, let kind = Alert.Kind(kind) { tell(kind, message, step: step) }
  }

  // MARK: - Alerts

  private func look(at series: MetricName, _ loss: Double) throws {
    let point = MetricPoint(
      step: trainer.state.step, trainedTokens: trainer.state.trainedTokens, epoch: trainer.epoch,
      wallTime: Date().timeIntervalSince1970, value: loss, segment: segment)
    for alert in alerts.add(series, point, unknownTime: .now) {
      try note(RunEvent.Kind(rawValue: alert.kind.rawValue), alert.message)
    }
  }

  private func tell(_ kind: Alert.Kind, _ message: String, step: Int? = nil) {
    let alert = Alert(
      kind: kind, run: runID, step: step ?? trainer.state.step, time: .now, message: message)
    hook?.run(alert, runName: name, log: WorkerProcess.log(run: runID, store: store))
  }

  private func text(_ loss: Double) -> String { String(format: "%.3f", loss) }
}
