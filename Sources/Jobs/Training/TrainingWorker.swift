import Compute
import Dispatch
import FineTuning
import Foundation
import LanguageModels
import ModelFiles
import ProjectStore
import Synchronization

/// Trains one run, in this process: the body of `assay worker` and of `assay train --foreground`.
///
/// Everything happens on one serial queue, which the engine belongs to. Between two steps the worker takes commands
/// from the store; a pause waits until the store changes.
public final class TrainingWorker: Sendable {
  /// Asked by a signal: what the worker does after the step it is in.
  public enum Interruption: Int, Sendable {
    case none
    case stopAndSave
    case stopNow
  }

  private let store: ProjectStore
  private let runID: Run.ID
  private let cache: ModelCache
  private let observer: @Sendable (WorkerEvent) -> Void
  private let queue = DispatchQueue(label: "assay.engine")
  private let interruption = Atomic<Int>(0)
  /// Signalled when the store changes or an interruption comes.
  private let wake = DispatchSemaphore(value: 0)

  public init(
    store: ProjectStore, run: Run.ID, cache: ModelCache = ModelCache(),
    observer: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
  ) {
    self.store = store
    self.runID = run
    self.cache = cache
    self.observer = observer
  }

  /// From any thread, once for an orderly end and again for an immediate one.
  public func interrupt(_ kind: Interruption) {
    interruption.store(kind.rawValue, ordering: .relaxed)
    wake.signal()
  }

  /// Trains to the end, or until a command or an interruption ends it.
  ///
  /// - Throws: why the run failed; the run's row says the same.
  public func run() async throws -> WorkerSummary {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { [self] in
        let hook = AlertHook(store: store, run: runID)
        let result = Result { try work(hook) }
        // The run is over for everybody else; only the command of its last alert may not be.
        hook?.finish()
        continuation.resume(with: result)
      }
    }
  }

  private func work(_ hook: AlertHook?) throws -> WorkerSummary {
    dispatchPrecondition(condition: .onQueue(queue))
    let lock = store.workerLock(run: runID)
    guard let holder = try lock.acquire() else {
      throw RunError.alreadyTraining(run: runID, pid: lock.holder)
    }
    defer { holder.release() }
    // It may have been deleted since the worker was asked for; from here on it cannot be.
    guard try store.run(runID).deletedAt == nil else {
      throw RunError.worker("run \(runID) is deleted")
    }
    do {
      let session = try TrainingSession(
        store: store, run: runID, cache: cache, hook: hook, observer: observer)
      let watcher = try ChangeWatcher(store: store, queue: DispatchQueue(label: "assay.watcher")) { [wake] in
        wake.signal()
      }
      defer { watcher.cancel() }
      return try session.train(
        interruption: { Interruption(rawValue: self.interruption.load(ordering: .relaxed)) ?? .none },
        waitForChange: { self.wake.wait() })
    } catch {
      // The store may be what failed; then the log and the exit code say it.
      _ = try? store.append(
        RunEvent(run: runID, step: (try? store.run(runID).step) ?? 0, kind: .failed, message: "\(error)"))
      _ = try? store.updateRun(runID) {
        $0.state = .failed
        $0.finishedAt = .now
        $0.message = "\(error)"
      }
      _ = try? store.rejectOpenCommands(run: runID, reason: "the run failed")
      let run = try? store.run(runID)
      hook?.run(
        Alert(kind: .failed, run: runID, step: run?.step ?? 0, time: .now, message: "\(error)"),
        runName: run?.name ?? runID, log: WorkerProcess.log(run: runID, store: store))
      throw error
    }
  }
}
