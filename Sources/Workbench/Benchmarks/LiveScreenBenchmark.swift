import Dispatch
import Foundation
import Jobs
import ProjectStore
import TerminalUI

/// Measures the program itself on a pseudo-terminal, from outside: how soon a key is seen while runs train on all
/// cores, what the screen costs, what it writes when nothing happens, and how it leaves.
public struct LiveScreenBenchmark: Sendable {
  /// Keys that are timed.
  public var keyCount: Int
  /// How long nothing happens, and for how long processor time is counted.
  public var seconds: Double
  /// The model of the runs: as in `assay train`. Without it there are no rows that need training.
  public var model: String?
  /// The program that is measured.
  public var executable: URL

  private static let columns = 120
  private static let rows = 36
  /// Longer than anything takes that is not broken.
  private static let patience = 60.0

  public init(
    keyCount: Int = 200, seconds: Double = 20, model: String?, executable: URL = WorkerProcess.ownExecutable
  ) {
    self.keyCount = max(1, keyCount)
    self.seconds = seconds
    self.model = model
    self.executable = executable
  }

  /// - Parameter progress: told what is done next.
  public func run(progress: (String) -> Void = { _ in }) throws -> [MonitorReport.Row] {
    var rows: [MonitorReport.Row] = []
    progress("leaving the terminal in every way")
    rows.append(.init("terminal_restored", .holds(try isRestored(progress)), goal: .holds))
    progress("doing nothing for \(Int(seconds)) s")
    rows.append(.init("bytes_per_idle_minute", .bytes(try idleBytes()), goal: .atMost(.bytes(0))))
    if let model {
      progress("starting two runs on all cores")
      rows += try whileTraining(model, progress)
    }
    return rows
  }

  // MARK: The program on a terminal

  private func open(_ folder: URL) throws -> PseudoTerminal {
    try PseudoTerminal(
      [executable.path, "--project", folder.path], columns: Self.columns, rows: Self.rows)
  }

  private func failed(_ what: String) -> LaunchError { LaunchError("the screen did not show \(what)") }

  /// A project with nothing in it.
  private func withEmptyProject<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let project = try BenchmarkProject()
    defer { project.remove() }
    return try body(project.folder)
  }

  /// Ended by a key, by ^C and by signals, stopped by ^Z: the settings of the line are as before, and the last that is
  /// written leaves the screen. What is otherwise is told.
  private func isRestored(_ progress: (String) -> Void) throws -> Bool {
    let endings: [(name: String, leave: (PseudoTerminal) -> Void)] = [
      ("q", { $0.type("q") }), ("^C", { $0.type("\u{3}") }), ("SIGTERM", { $0.send(signal: SIGTERM) }),
      ("SIGHUP", { $0.send(signal: SIGHUP) }), ("SIGSEGV", { $0.send(signal: SIGSEGV) }),
      ("SIGABRT", { $0.send(signal: SIGABRT) }),
    ]
    return try withEmptyProject { folder in
      for ending in endings {
        if let problem = try restoration(folder, by: ending.leave) {
          progress("\(ending.name): \(problem)")
          return false
        }
      }
      let terminal = try open(folder)
      let before = terminal.initialSettings
      guard terminal.wait(for: "no run alive", seconds: Self.patience) else { throw failed("itself") }
      terminal.type("\u{1A}")
      guard terminal.suspends(seconds: Self.patience), terminal.settings == before else {
        progress("^Z: it did not stop with the line's settings as before")
        return false
      }
      return true
    }
  }

  /// What is not as it was after the program has left in some way.
  private func restoration(_ folder: URL, by leave: (PseudoTerminal) -> Void) throws -> String? {
    let terminal = try open(folder)
    let before = terminal.initialSettings
    guard terminal.wait(for: "no run alive", seconds: Self.patience) else { throw failed("itself") }
    guard terminal.settings != before else { return "the line was not taken" }
    leave(terminal)
    // Leaving the alternate screen is the last that a full-screen program does.
    guard terminal.wait(for: "\u{1B}[?1049l", seconds: Self.patience) else {
      return "the screen was not left"
    }
    guard terminal.end(seconds: Self.patience) != nil else { return "the program did not end" }
    return terminal.settings == before ? nil : "the line's settings are others"
  }

  private func idleBytes() throws -> Int {
    var project = try BenchmarkProject()
    defer { project.remove() }
    try project.addRun(pointCount: 1000)
    let terminal = try open(project.folder)
    guard terminal.wait(for: "no run alive", seconds: Self.patience) else { throw failed("itself") }
    terminal.drain(quietSeconds: 1, atMost: Self.patience)
    let before = terminal.byteCount
    let end = DispatchTime.now() + seconds
    while DispatchTime.now() < end, terminal.read(seconds: 0.5) != nil {}
    return Int((Double(terminal.byteCount - before) * 60 / seconds).rounded())
  }

  // MARK: Beside training

  private func whileTraining(_ model: String, _ progress: (String) -> Void) throws -> [MonitorReport.Row] {
    let project = try BenchmarkProject()
    defer { project.remove() }
    var settings = Demo.settings
    settings.maxSteps = 100_000
    settings.threads = ProcessInfo.processInfo.activeProcessorCount
    let demo = try Demo(folder: project.folder)
    let runs = try demo.start(model: model, settings: settings).map(\.id)
    defer {
      for run in runs { _ = try? demo.store.file(.stopNow, run: run) }
      _ = wait { try runs.allSatisfy { try !demo.store.run($0).state.isAlive } }
      try? demo.store.close()
    }
    guard wait({ try runs.allSatisfy { try demo.store.run($0).step > 2 } }) else {
      throw LaunchError("the runs did not begin to train")
    }

    var terminal = try open(project.folder)
    guard terminal.wait(for: "2 running", seconds: Self.patience) else { throw failed("the runs") }
    progress("pressing \(keyCount) keys")
    let times = try keyTimes(terminal).sorted()
    progress("watching for \(Int(seconds)) s")
    terminal.type("2")
    terminal.drain(quietSeconds: 0.2, atMost: 2)
    let share = try processorShare(terminal)

    progress("killing the screen")
    let step = try runs.map { try demo.store.run($0).step }
    terminal.send(signal: SIGKILL)
    _ = terminal.end(seconds: Self.patience)
    let goesOn = wait { try zip(runs, step).allSatisfy { try demo.store.run($0).step > $1 } }
    terminal = try open(project.folder)
    let isBack = terminal.wait(for: "2 running", seconds: Self.patience)
    return [
      .init(
        "key_to_screen_p50_seconds", .seconds(Self.percentile(times, 0.5)), goal: .atMost(.seconds(0.05))),
      .init(
        "key_to_screen_p99_seconds", .seconds(Self.percentile(times, 0.99)), goal: .atMost(.seconds(0.05))),
      .init("screen_cpu_share_2_live_runs", .share(share), goal: .atMost(.share(0.03))),
      .init("ui_killed_training_goes_on_reattach", .holds(goesOn && isBack), goal: .holds),
    ]
  }

  /// From the writing of a key to the arrival of the text that it brings, over and over.
  private func keyTimes(_ terminal: PseudoTerminal) throws -> [Double] {
    // Each key with a text that is not on the screen before; the second of a pair takes it away again.
    let keys = [("2", "Events"), ("1", "Judge scores"), (":", "Commands")]
    var times: [Double] = []
    for index in 0..<keyCount {
      let (key, text) = keys[index % keys.count]
      let start = DispatchTime.now()
      terminal.type(key)
      guard terminal.wait(for: text, seconds: Self.patience) else { throw failed("what \(key) brings") }
      times.append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
      if key == ":" {
        terminal.type("\u{1B}")
        terminal.drain(quietSeconds: 0.1, atMost: 1)
      }
    }
    return times
  }

  private func processorShare(_ terminal: PseudoTerminal) throws -> Double {
    let start = DispatchTime.now()
    guard let before = terminal.processorSeconds else { throw failed("anything any more") }
    let end = start + seconds
    while DispatchTime.now() < end, terminal.read(seconds: 0.5) != nil {}
    guard let after = terminal.processorSeconds else { throw failed("anything any more") }
    return (after - before) * 1e9 / Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds)
  }

  private static func percentile(_ sorted: [Double], _ share: Double) -> Double {
    sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
  }

  /// Waits for something that another process does.
  private func wait(_ isThere: () throws -> Bool) -> Bool {
    let end = DispatchTime.now() + Self.patience
    while DispatchTime.now() < end {
      if (try? isThere()) == true { return true }
      usleep(50_000)
    }
    return false
  }
}
