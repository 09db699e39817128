import Synchronization

/// Counts what a workbench waits for: readings, commands on their way, launches, a frame that is due. A script that
/// drives the screen goes on when there is nothing left, however long it took.
///
/// Whoever defers work begins it here at once and ends it when all that follows from it has begun.
final class BusyCounter: Sendable {
  private struct State {
    var count = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func begin() { state.withLock { $0.count += 1 } }

  func end() {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.count -= 1
      precondition(state.count >= 0, "ended more often than begun")
      guard state.count == 0 else { return [] }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when nothing is waited for.
  func whenIdle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        if state.count > 0 { state.waiting.append(continuation) }
        return state.count == 0
      }
      if isIdle { continuation.resume() }
    }
  }
}
