import Dispatch
import Foundation
import Synchronization
import TrainingLogs

/// Follows the training logs of other tools, live.
///
/// It listens to the folders (``FolderEvents``) and reads what was added. Only where they cannot be heard of — a network
/// file system, a file behind a symbolic link, no watch left — it looks every few seconds.
public final class LogFollower: Sendable {
  /// A reader that is as fast as a writer would see half of what it writes at once: bars without their lines.
  private static let delay: DispatchTimeInterval = .milliseconds(50)
  /// After a look it rests for this many times as long, so that following takes no more than a fifth of a core.
  private static let restingShare = 4
  /// Of each file in one look, so that one that is huge does not hide the others.
  private static let budget = 16 << 20

  private struct State {
    var logs: FollowedLogs
    var events: FolderEvents?
    var timer: (any DispatchSourceTimer)?
    var isCancelled = false
    /// What was heard of since the last look.
    var changed: Set<String> = []
    var isStructural = true
    var isLookDue = false
    /// Of the runs that were told last.
    var revision = -1
    /// Walking a large tree may take a while: then it is not done all the time.
    var earliestLook = DispatchTime(uptimeNanoseconds: 0)
  }

  private let state: Mutex<State>
  private let queue: DispatchQueue
  private let fallbackInterval: DispatchTimeInterval
  private let tellsWhileReading: Bool
  private let onChange: @Sendable ([FollowedRun], _ problems: [LogFileError]) -> Void

  /// - Parameters:
  ///   - paths: files, folders or trees.
  ///   - queue: a serial queue, where everything happens and `onChange` is called.
  ///   - fallbackInterval: how often to look where nothing can be heard.
  ///   - tellsWhileReading: whether to tell of what is there at first piece by piece, and not once all is read.
  ///   - onChange: told all runs, at first and when any of them changed.
  public init(
    paths: [String], queue: DispatchQueue, fallbackInterval: DispatchTimeInterval = .seconds(2),
    tellsWhileReading: Bool = false,
    onChange: @escaping @Sendable ([FollowedRun], _ problems: [LogFileError]) -> Void
  ) {
    state = Mutex(State(logs: FollowedLogs(paths: paths)))
    self.queue = queue
    self.fallbackInterval = fallbackInterval
    self.tellsWhileReading = tellsWhileReading
    self.onChange = onChange
  }

  deinit {
    cancel()
  }

  /// Begins; the first runs are told when all is read that is there now.
  public func start() {
    queue.async { [weak self] in
      guard let self else { return }
      self.state.withLock { state in
        state.events = try? FolderEvents(queue: self.queue) { [weak self] changes in self?.heard(changes) }
        state.isLookDue = true
      }
      self.look()
    }
  }

  /// Ends it. `onChange` is not called afterwards, if this is called on the queue.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      state.events?.cancel()
      state.timer?.cancel()
      state.events = nil
      state.timer = nil
    }
  }

  private func heard(_ changes: FolderEvents.Changes) {
    state.withLock { state in
      state.changed.formUnion(changes.files)
      state.isStructural = state.isStructural || changes.isStructural
      scheduleLook(&state, after: Self.delay)
    }
  }

  private func scheduleLook(_ state: inout State, after delay: DispatchTimeInterval) {
    guard !state.isLookDue, !state.isCancelled else { return }
    state.isLookDue = true
    queue.asyncAfter(deadline: max(.now() + delay, state.earliestLook)) { [weak self] in self?.look() }
  }

  private func look() {
    dispatchPrecondition(condition: .onQueue(queue))
    let news = state.withLock { state -> ([FollowedRun], [LogFileError])? in
      state.isLookDue = false
      guard !state.isCancelled else { return nil }
      let start = DispatchTime.now()
      let changed = state.isStructural ? nil : state.changed
      if state.isStructural { discover(&state) }
      state.isStructural = false
      let isMore = state.logs.read(upTo: Self.budget, changed: changed)
      if isMore {
        // The rest is owed, of whichever file it is.
        if changed == nil {
          state.changed = state.logs.unread
        } else {
          state.changed.formIntersection(state.logs.unread)
        }
        scheduleLook(&state, after: .milliseconds(0))
      } else {
        state.changed = []
      }
      defer {
        let now = DispatchTime.now()
        let share = isMore ? 0 : Self.restingShare
        state.earliestLook = now + .nanoseconds(share * Int(now.uptimeNanoseconds - start.uptimeNanoseconds))
      }
      guard state.revision != state.logs.revision, tellsWhileReading || !isMore || state.revision >= 0
      else { return nil }
      state.revision = state.logs.revision
      return (state.logs.runs, state.logs.problems)
    }
    if let (runs, problems) = news { onChange(runs, problems) }
  }

  /// Finds new files and listens to new folders. What came into a folder before it was listened to is found by another
  /// look at it.
  private func discover(_ state: inout State) {
    var isAudible = state.events != nil
    for _ in 0..<3 {
      let before = state.logs.folders
      state.logs.discover()
      isAudible = state.events?.watch(state.logs.folders) ?? false
      if state.logs.folders == before { break }
    }
    guard !isAudible || !state.logs.isAudible || !state.logs.problems.isEmpty, state.timer == nil else {
      return
    }
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + fallbackInterval, repeating: fallbackInterval)
    timer.setEventHandler { [weak self] in self?.heard(.init(files: [], isStructural: true)) }
    timer.activate()
    state.timer = timer
  }
}
