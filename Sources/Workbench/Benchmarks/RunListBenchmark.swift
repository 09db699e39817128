import Dispatch
import Foundation
import ProjectStore
import TerminalUI

/// Measures the run list with many runs: reading them, a frame, a filter, a change of one run.
public struct RunListBenchmark: Sendable {
  public var runCount: Int
  public var repeats: Int
  public var size: Size

  public init(runCount: Int = 2000, repeats: Int = 5, size: Size = Size(width: 200, height: 50)) {
    self.runCount = runCount
    self.repeats = max(1, repeats)
    self.size = size
  }

  /// - Parameter progress: told what is done next.
  public func run(progress: (String) -> Void = { _ in }) throws -> [MonitorReport.Row] {
    let project = try BenchmarkProject()
    defer { project.remove() }
    progress("writing \(NumberText.count(runCount)) runs")
    let store = try ProjectStore.open(projectFolder: project.folder)
    for number in 0..<runCount { try addRun(number, to: store) }
    progress("listing them")

    var bookmark = ProjectBookmark()
    var state = WorkbenchState(projectName: "bench", size: size, now: .now)
    state.screen = .runs
    state.apply(try bookmark.read(store))
    state.settle()
    let read = try median(measured: { _ in _ = try store.runs() })
    let filter = try RunFilter(parsing: "/run-[0-9]*[05]$/ eval<2 batch_size:8")
    let filtering = try median { repetition in
      state.runList.wish = .init(
        filter: repetition % 2 == 0 ? filter : .all, sort: repetition % 2 == 0 ? RunSort(.eval) : .newest)
      state.settle()
    }
    state.runList.wish = .init(filter: filter, sort: RunSort(.eval))
    state.settle()
    let frame = try median { _ in
      state.settle()
      _ = state.frame()
    }
    let run = try store.runs()[runCount / 2].id
    let change = try median { repetition in
      try store.updateRun(run) { $0.step = repetition }
    } measured: { _ in
      state.apply(try bookmark.read(store))
      state.settle()
      _ = state.frame()
    }
    // The worst that a pattern can do: every run has a long note that nearly matches.
    let note = String(repeating: "a", count: 1000)
    try store.edit(try store.runs().map { RunEdit($0.id, .note(note)) })
    state.apply(try bookmark.read(store))
    let patterns = [try RunFilter(parsing: "/(a?){50}(a|aa)+b/"), try RunFilter(parsing: "/((a+)+)+b/")]
    let hostile = try median { repetition in
      state.runList.wish.filter = patterns[repetition % 2]
      state.settle()
    }
    try store.close()
    // The goals are those of two thousand runs.
    let hasGoals = runCount == 2000
    return [
      .init("read_2000_runs_seconds", .seconds(read), goal: hasGoals ? .atMost(.seconds(0.02)) : nil),
      .init("list_2000_runs_frame_seconds", .seconds(frame), goal: hasGoals ? .atMost(.seconds(0.002)) : nil),
      .init("filter_and_sort_2000_runs_seconds", .seconds(filtering)),
      .init("change_among_2000_runs_seconds", .seconds(change)),
      .init("hostile_pattern_2000_runs_seconds", .seconds(hostile)),
    ]
  }

  private func addRun(_ number: Int, to store: ProjectStore) throws {
    let recipe = """
      {"evaluation_rows":30,"filter":["category=factual"],"model":"smollm2-135m","training":{"accumulation_steps":1,\
      "batch_size":\(4 << (number % 3)),"checkpoint_every":10,"early_stopping_patience":0,"evaluate_every":10,\
      "learning_rate":0.001,"lora":{"alpha":32,"dropout":0.05,"rank":16,"targets":["down_proj","gate_proj","k_proj",\
      "q_proj","o_proj","up_proj","v_proj"],"use_rslora":false},"max_gradient_norm":1,"precision":"bf16",\
      "schedule":"cosine","seed":\(number),"threads":1,"total_steps":30,"warmup_ratio":0.03,"weight_decay":0},\
      "training_rows":60}
      """
    let run = try store.createRun(
      name: "run-\(number)", recipeJSON: recipe, modelName: "smollm2-135m", totalSteps: 1000)
    try store.updateRun(run.id) {
      $0.state = number % 7 == 0 ? .stopped : .finished
      $0.step = number % 1000
      $0.trainLoss = 1 + Double(number % 300) / 200
      $0.evalLoss = 1.2 + Double(number % 170) / 100
      $0.bestEvalLoss = $0.evalLoss
      $0.tokensPerSecond = 800
      $0.startedAt = run.createdAt
      $0.finishedAt = run.createdAt
      $0.message = "stopped by a command"
    }
  }

  /// The median of several times; what comes first does not count.
  private func median(
    _ preparation: (Int) throws -> Void = { _ in }, measured body: (Int) throws -> Void
  ) rethrows -> Double {
    var seconds: [Double] = []
    for repetition in 0..<2 * repeats + 1 {
      try preparation(repetition)
      let start = DispatchTime.now()
      try body(repetition)
      seconds.append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
    }
    return seconds.sorted()[repeats]
  }
}
