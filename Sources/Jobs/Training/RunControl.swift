import Foundation
import ProjectStore

/// Starting workers for runs, and telling them what to do.
public enum RunControl {
  /// Starts a worker for a queued run.
  public static func start(_ run: Run.ID, store: ProjectStore) throws {
    try WorkerProcess.start(run: run, store: store)
  }

  /// Starts a new worker for a run that stopped, failed or crashed before its end; it goes on from its checkpoint.
  public static func resume(_ id: Run.ID, store: ProjectStore) throws -> Run {
    let run = try store.run(id)
    if run.deletedAt != nil {
      throw RunError.cannotResume(run: id, why: "it is deleted; assay runs restore \(id) brings it back")
    }
    if run.state == .paused {
      try store.file(.resume, run: id)
      return run
    }
    if run.state.isAlive { throw RunError.cannotResume(run: id, why: "it is \(run.state.rawValue)") }
    if run.state == .finished { throw RunError.cannotResume(run: id, why: "it is finished") }
    if let total = run.totalSteps, run.step >= total {
      throw RunError.cannotResume(run: id, why: "all \(total) steps are done")
    }
    try WorkerProcess.start(run: id, store: store)
    return try store.run(id)
  }

  /// Files a command for a living worker.
  public static func send(_ command: RunCommand, to id: Run.ID, store: ProjectStore) throws {
    let run = try store.run(id)
    guard run.state.isAlive else { throw RunError.notAlive(run: id, state: run.state.rawValue) }
    try store.file(command, run: id)
  }
}
