import ArgumentParser
import Foundation
import Jobs

/// What `assay train` starts: one run in a process of its own, its output in the run's `worker.log`.
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Train a queued or interrupted run.", shouldDisplay: false)

  @OptionGroup var global: GlobalOptions
  @Argument var runID: String

  func run() async throws {
    // Dispatch priorities do nothing on Linux; the screen stays quick when the engine steps back by itself.
    _ = nice(5)
    try await ForegroundRun(store: global.openStore(), run: runID, json: true, quiet: false).work()
  }
}
