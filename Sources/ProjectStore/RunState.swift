/// Where a run is in its life.
///
/// A state other than ``queued`` that ``isAlive`` is only written by the worker, and only while it holds the
/// run's ``WorkerLock``. Whoever reads such a state and finds the lock free therefore knows that the worker
/// died.
public enum RunState: String, CaseIterable, Codable, Sendable {
  /// Recorded; no worker has begun.
  case queued
  /// A worker loads the model and the data.
  case starting
  case running
  case paused
  /// Asked to stop, and saving.
  case stopping
  /// All steps are done, or it stopped early because the eval loss no longer fell.
  case finished
  /// Stopped by a command.
  case stopped
  /// Ended by an error that the worker could still report.
  case failed
  /// The worker died: derived by readers, never written.
  case crashed
  /// Another tool's, known by its logs only: what its process does is not known. Never written.
  case followed

  /// Whether a worker must be at work on the run in this state.
  public var isAlive: Bool {
    switch self {
    case .starting, .running, .paused, .stopping: true
    case .queued, .finished, .stopped, .failed, .crashed, .followed: false
    }
  }

  /// Whether nobody works on the run or is about to.
  public var isOver: Bool { !isAlive && self != .queued && self != .followed }
}
