import ProjectStore

/// Where the runs on the screens come from: a project's store, or the logs of other tools.
///
/// It reads on a queue of its own, so that the screen never waits for it, and tells what is new.
protocol RunSource: Sendable {
  /// Begins to read and to listen.
  func start()
  /// Ends it; nothing is told afterwards.
  func stop()
  /// Says which runs are shown, so that their points are read.
  func want(_ runs: Set<Run.ID>)
  /// Files a command for a run's worker; `completion` is called on the source's queue with the command's id.
  func file(
    _ command: RunCommand, run: Run.ID,
    completion: @escaping @Sendable (Result<Int64, any Error>) -> Void)
  /// Changes what people say of runs; `completion` is called on the source's queue, with what went wrong. Then all runs
  /// are told anew.
  func edit(_ edits: [RunEdit], completion: @escaping @Sendable ((any Error)?) -> Void)
}
