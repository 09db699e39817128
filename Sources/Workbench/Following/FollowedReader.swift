import Dispatch
import Foundation
import Jobs
import ProjectStore
import Synchronization

/// Follows the logs of other tools and tells the screens of them as of any runs. Nothing is ever written there.
final class FollowedReader: RunSource {
  private struct State {
    var runs = FollowedRuns()
    var follower: LogFollower?
    var timer: (any DispatchSourceTimer)?
    /// Whether all that was there at first has been read.
    var isRead = false
  }

  /// How often ages are brought up to date though no log has changed.
  private static let ageInterval: DispatchTimeInterval = .seconds(5)

  private let paths: [String]
  private let queue = DispatchQueue(label: "workbench.follower", qos: .userInitiated)
  private let state = Mutex(State())
  private let onUpdate: @Sendable (ProjectUpdate) -> Void
  private let busy: BusyCounter?

  /// - Parameters:
  ///   - paths: files, folders or trees.
  ///   - busy: counts the first reading.
  ///   - onUpdate: called on the reader's queue; an empty update says that time has passed.
  init(
    paths: [String], busy: BusyCounter? = nil, onUpdate: @escaping @Sendable (ProjectUpdate) -> Void
  ) {
    self.paths = paths
    self.busy = busy
    self.onUpdate = onUpdate
  }

  func start() {
    let follower = LogFollower(paths: paths, queue: queue, tellsWhileReading: true) {
      [weak self] runs, problems in
      guard let self else { return }
      let (update, isFirst) = state.withLock { state in
        defer { state.isRead = true }
        return (state.runs.update(runs, problems: problems), !state.isRead)
      }
      if !update.isEmpty { onUpdate(update) }
      keepTime()
      if isFirst { busy?.end() }
    }
    state.withLock { $0.follower = follower }
    busy?.begin()
    follower.start()
  }

  func stop() {
    queue.sync {
      state.withLock { state in
        state.follower?.cancel()
        state.follower = nil
        state.timer?.cancel()
        state.timer = nil
      }
    }
  }

  /// All runs are read.
  func want(_ runs: Set<Run.ID>) {}

  func file(
    _ command: RunCommand, run: Run.ID,
    completion: @escaping @Sendable (Result<Int64, any Error>) -> Void
  ) {
    queue.async { completion(.failure(FollowedRunError.readOnly)) }
  }

  func edit(_ edits: [RunEdit], completion: @escaping @Sendable ((any Error)?) -> Void) {
    queue.async { completion(FollowedRunError.readOnly) }
  }

  /// While a log may be growing, the ages on the screen go on.
  private func keepTime() {
    state.withLock { state in
      guard state.timer == nil, state.follower != nil else { return }
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(
        deadline: .now() + Self.ageInterval, repeating: Self.ageInterval, leeway: .milliseconds(500))
      timer.setEventHandler { [weak self] in self?.onUpdate(ProjectUpdate()) }
      timer.activate()
      state.timer = timer
    }
  }
}

/// Why something is not done with a followed run.
enum FollowedRunError: Error, CustomStringConvertible {
  case readOnly

  var description: String { "runs of other tools can be watched, not commanded" }
}
