import Dispatch
import Foundation
import Synchronization

/// Batches what a worker reports of a run, so that a step costs no transaction of its own.
///
/// Points, events and changes of the run's row go into one transaction, in the order of their recording
/// within each sort: a reader that sees a step in the run list finds its points too. The batch is written
/// when it is ``maximumAge`` old, by a one-shot block on the caller's queue, or earlier when it is full or by
/// ``flush()``.
///
/// When a write fails, the batch is kept and tried again with the next one. The error of a write on the queue
/// is thrown by the next call.
public final class RunRecorder: Sendable {
  /// The age at which a batch is written.
  public static let maximumAge: DispatchTimeInterval = .milliseconds(100)
  /// The number of points at which a batch is written.
  public static let capacity = 4096

  private struct Batch {
    var points: [(MetricName, MetricPoint)] = []
    var events: [RunEvent] = []
    var changes: [@Sendable (inout Run) -> Void] = []
    var isScheduled = false
    var failure: (any Error)?

    var isEmpty: Bool { points.isEmpty && events.isEmpty && changes.isEmpty }
  }

  public let run: Run.ID
  private let store: ProjectStore
  private let queue: DispatchQueue
  private let batch = Mutex(Batch())

  /// - Parameter queue: where a batch that got old is written: a serial queue of the caller's.
  public init(store: ProjectStore, run: Run.ID, queue: DispatchQueue) {
    self.store = store
    self.run = run
    self.queue = queue
  }

  /// Records measurements of one moment.
  public func record(_ points: [(MetricName, MetricPoint)]) throws {
    try add { $0.points.append(contentsOf: points) }
  }

  /// Records an event.
  public func record(_ event: RunEvent) throws {
    try add { $0.events.append(event) }
  }

  /// Records a change of the run's row; later ones see the result of earlier ones.
  public func update(_ change: @escaping @Sendable (inout Run) -> Void) throws {
    try add { $0.changes.append(change) }
  }

  /// Writes now what is waiting. Call it before the run's end is made known.
  public func flush() throws {
    try batch.withLock { batch in
      guard !batch.isEmpty else { return }
      try store.record(points: batch.points, events: batch.events, changes: batch.changes, run: run)
      batch.points.removeAll(keepingCapacity: true)
      batch.events.removeAll()
      batch.changes.removeAll()
      batch.failure = nil
    }
  }

  private func add(_ change: (inout Batch) -> Void) throws {
    let (isFull, mustSchedule) = try batch.withLock { batch in
      change(&batch)
      if let failure = batch.failure {
        batch.failure = nil
        throw failure
      }
      let mustSchedule = !batch.isScheduled
      batch.isScheduled = true
      return (batch.points.count >= Self.capacity, mustSchedule)
    }
    if mustSchedule {
      queue.asyncAfter(deadline: .now() + Self.maximumAge) { [self] in flushWhenOld() }
    }
    if isFull { try flush() }
  }

  private func flushWhenOld() {
    batch.withLock { $0.isScheduled = false }
    do {
      try flush()
    } catch {
      batch.withLock { $0.failure = error }
    }
  }
}

extension ProjectStore {
  /// The write of ``RunRecorder``: one transaction.
  func record(
    points: [(MetricName, MetricPoint)], events: [RunEvent], changes: [@Sendable (inout Run) -> Void],
    run: Run.ID
  ) throws {
    try write { db in
      try append(db, points, run: run)
      for event in events { try append(db, event) }
      if !changes.isEmpty {
        var row = try storedRun(db, run)
        for change in changes { change(&row) }
        precondition(row.state != .crashed, "a crash is derived from the worker's lock, never written")
        try row.update(db)
      }
    }
  }
}
