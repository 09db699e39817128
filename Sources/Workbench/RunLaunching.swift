import Jobs
import ProjectStore

/// What starts runs. The screens know no more of it; tests bring their own.
protocol RunLaunching: Sendable {
  func start(_ request: RunRequest, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void)
  func resume(_ run: Run.ID, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void)
}

extension RunLauncher: RunLaunching {}
