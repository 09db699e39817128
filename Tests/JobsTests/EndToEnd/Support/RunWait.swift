import Dispatch
import Foundation
import ProjectStore
import Testing

extension Workplace {
  func openStore() throws -> ProjectStore { try ProjectStore.open(projectFolder: project) }

  /// Waits until a run is as wanted; looks whenever somebody commits to the project.
  @discardableResult
  func wait(
    for what: String, of id: Run.ID, in store: ProjectStore, until isThere: (Run) throws -> Bool
  ) async throws -> Run {
    let (changes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let queue = DispatchQueue(label: "assay.test.run-wait")
    let watcher = try ChangeWatcher(store: store, minimumInterval: .milliseconds(5), queue: queue) {
      continuation.yield()
    }
    defer { watcher.cancel() }
    queue.asyncAfter(deadline: .now() + Deadline.patience) { continuation.finish() }
    continuation.yield()
    for await _ in changes {
      let run = try store.run(id)
      if try isThere(run) { return run }
    }
    let run = try store.run(id)
    throw Impatience(awaited: what, seen: "\(run.state), step \(run.step), \(run.message ?? "no message")")
  }

  @discardableResult
  func wait(for state: RunState, of id: Run.ID, in store: ProjectStore) async throws -> Run {
    try await wait(for: state.rawValue, of: id, in: store) { $0.state == state }
  }

  /// Waits until no worker has the run's lock any more: the kernel has then buried the process.
  func waitUntilFree(_ lock: WorkerLock) throws {
    let descriptor = open(lock.file.path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(lock.file.path)") }
    defer { close(descriptor) }
    // F_OFD_SETLKW of <fcntl.h>, which Glibc declares for GNU sources only.
    let setLockWhenFree: Int32 = 38
    var wholeFile = flock(
      l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    guard fcntl(descriptor, setLockWhenFree, &wholeFile) == 0 else { throw SystemError("lock") }
  }
}
