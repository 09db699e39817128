import Dispatch
import Foundation
import Jobs
import ProjectStore
import Synchronization

/// Waits for runs to end, and tells their events on the way: the screen for those who have none.
final class RunFollower: Sendable {
  private struct State {
    var lastEvent: Int64 = 0
    var finished = false
    var continuation: CheckedContinuation<Void, any Error>?
  }

  private let store: ProjectStore
  private let runs: [Run.ID]
  private let tell: @Sendable (String) -> Void
  private let queue = DispatchQueue(label: "assay.follower")
  private let state = Mutex(State())

  init(store: ProjectStore, runs: [Run.ID], tell: @escaping @Sendable (String) -> Void) {
    self.store = store
    self.runs = runs
    self.tell = tell
  }

  func wait() async throws {
    let watcher = try ChangeWatcher(store: store, queue: queue) { [weak self] in self?.look() }
    // A worker that was killed writes nothing any more: its lock tells, and nothing wakes us for that.
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + 2, repeating: 2)
    timer.setEventHandler { [weak self] in self?.look() }
    timer.resume()
    try await withCheckedThrowingContinuation { continuation in
      state.withLock { $0.continuation = continuation }
      queue.async { self.look() }
    }
    watcher.cancel()
    timer.cancel()
  }

  private func look() {
    let after = state.withLock { $0.finished ? nil : $0.lastEvent }
    guard let after else { return }
    do {
      let current = try runs.map { try store.run($0) }
      let events = try store.events(afterID: after)
      for event in events {
        guard let run = current.first(where: { $0.id == event.run }) else { continue }
        let speed = run.tokensPerSecond.map { String(format: " · %.0f tokens/s", $0) } ?? ""
        let place = "\(visible(run.name)) · step \(event.step)/\(run.totalSteps ?? 0)"
        tell("\(place) · \(visible(event.message))\(speed)")
      }
      if let last = events.last { state.withLock { $0.lastEvent = last.id } }
      // A queued run's worker is on its way; give it the time to take its lock.
      let over = current.allSatisfy { $0.state.isOver }
      if over { end(.success(())) }
    } catch {
      end(.failure(error))
    }
  }

  private func end(_ result: Result<Void, any Error>) {
    let continuation = state.withLock { state in
      state.finished = true
      defer { state.continuation = nil }
      return state.continuation
    }
    continuation?.resume(with: result)
  }
}
