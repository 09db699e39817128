import Dispatch
import Foundation
import ProjectStore
import Synchronization

/// Reads the store on a queue of its own, so that the screen never waits for it, and tells what is new.
///
/// It reads when ``ChangeWatcher`` heard of a commit. A worker that was killed commits nothing any more; so,
/// while any run is alive and only then, a coarse timer looks whether its lock is still held.
final class ProjectReader: RunSource {
  private struct State {
    /// Runs whose points, events and answers are wanted.
    var wanted: Set<Run.ID> = []
    /// Commands filed here and not answered yet.
    var pending: Set<Int64> = []
    var bookmark = ProjectBookmark()
    /// The failure told last, which is told once and not at every try.
    var failure: String?
    var watcher: ChangeWatcher?
    var timer: (any DispatchSourceTimer)?
  }

  private let store: ProjectStore
  private let livenessInterval: DispatchTimeInterval
  private let queue = DispatchQueue(label: "workbench.reader", qos: .userInitiated)
  /// Only touched on the queue, but for `wanted`.
  private let state = Mutex(State())
  private let onUpdate: @Sendable (ProjectUpdate) -> Void
  private let busy: BusyCounter?

  /// - Parameters:
  ///   - livenessInterval: a crash is seen at the latest after this.
  ///   - busy: counts readings from when they are asked for.
  ///   - onUpdate: called on the reader's queue; an empty update says that time has passed.
  init(
    store: ProjectStore, livenessInterval: DispatchTimeInterval = .seconds(2), busy: BusyCounter? = nil,
    onUpdate: @escaping @Sendable (ProjectUpdate) -> Void
  ) {
    self.store = store
    self.livenessInterval = livenessInterval
    self.busy = busy
    self.onUpdate = onUpdate
  }

  /// Begins to read and to watch.
  func start() {
    busy?.begin()
    queue.async { [self] in
      defer { busy?.end() }
      do {
        // Before the first reading, so that no commit falls between the two.
        let watcher = try ChangeWatcher(
          store: store, minimumInterval: FramePacer.interval, queue: queue
        ) { [weak self] in self?.read() }
        state.withLock { $0.watcher = watcher }
      } catch {
        onUpdate(ProjectUpdate(failure: "\(error)"))
      }
      read()
      // Their time to come back is over; nobody waits for this.
      queue.async { [self] in
        do {
          try store.purgeDeletedRuns()
        } catch {
          onUpdate(ProjectUpdate(failure: "Deleted runs could not be removed: \(error)"))
        }
      }
    }
  }

  func stop() {
    queue.sync {
      state.withLock { state in
        state.watcher?.cancel()
        state.watcher = nil
        state.timer?.cancel()
        state.timer = nil
      }
    }
  }

  /// Says which runs are shown. Those wanted before stay up to date as well.
  func want(_ runs: Set<Run.ID>) {
    let isNew = state.withLock { state in
      let isNew = !runs.isSubset(of: state.wanted)
      state.wanted.formUnion(runs)
      return isNew
    }
    if isNew { readLater() }
  }

  /// Files a command and tells its outcome in later updates; `completion` is called on the reader's queue.
  func file(
    _ command: RunCommand, run: Run.ID,
    completion: @escaping @Sendable (Result<Int64, any Error>) -> Void
  ) {
    queue.async { [self] in
      let result = Result { try store.file(command, run: run) }
      if case .success(let id) = result { state.withLock { _ = $0.pending.insert(id) } }
      completion(result)
    }
  }

  private func readLater() {
    busy?.begin()
    queue.async { [weak self, busy] in
      self?.read()
      busy?.end()
    }
  }

  func edit(_ edits: [RunEdit], completion: @escaping @Sendable ((any Error)?) -> Void) {
    queue.async { [self] in
      do {
        try store.edit(edits)
        completion(nil)
      } catch {
        completion(error)
        state.withLock { $0.bookmark.forgetRuns() }
        read()
      }
    }
  }

  // MARK: - On the queue

  private func read() {
    dispatchPrecondition(condition: .onQueue(queue))
    busy?.begin()
    defer { busy?.end() }
    var (bookmark, wanted, pending) = state.withLock { ($0.bookmark, $0.wanted, $0.pending) }
    var update = ProjectUpdate()
    var failure: String?
    do {
      update = try bookmark.read(store, wanted: wanted)
      update.outcomes = try pending.sorted().compactMap { try store.command($0) }.filter {
        $0.outcome.isFinal
      }
    } catch {
      failure = "\(error)"
    }
    pending.subtract(update.outcomes.map(\.id))
    state.withLock { state in
      state.bookmark = bookmark
      state.pending = pending
      if state.failure != failure { update.failure = failure }
      state.failure = failure
    }
    keepTime(whileAlive: bookmark.runs.contains { $0.state.isAlive })
    if !update.isEmpty { onUpdate(update) }
    if bookmark.isUnfinished { readLater() }
  }

  private func keepTime(whileAlive isAlive: Bool) {
    state.withLock { state in
      if isAlive, state.timer == nil, state.watcher != nil {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(
          deadline: .now() + livenessInterval, repeating: livenessInterval, leeway: .milliseconds(200))
        timer.setEventHandler { [weak self] in
          guard let self else { return }
          read()
          // Ages and times left change though nothing else does.
          onUpdate(ProjectUpdate())
        }
        timer.activate()
        state.timer = timer
      } else if !isAlive {
        state.timer?.cancel()
        state.timer = nil
      }
    }
  }
}

extension FiledCommand.Outcome {
  /// Whether nothing more will become of the command.
  fileprivate var isFinal: Bool {
    switch self {
    case .waiting, .taken: false
    case .done, .rejected: true
    }
  }
}
