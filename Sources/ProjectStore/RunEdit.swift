import Foundation
import GRDB

/// A change of what people say of a run, or its deletion.
public struct RunEdit: Equatable, Sendable {
  public enum Change: Equatable, Sendable {
    case tags([String])
    case note(String)
    case pinned(Bool)
    case archived(Bool)
    /// A deleted run is in no list; until it is purged `deleted(false)` brings it back whole.
    case deleted(Bool)
  }

  public var run: Run.ID
  public var change: Change

  public init(_ run: Run.ID, _ change: Change) {
    self.run = run
    self.change = change
  }

  /// The edit that makes the run again what it is now.
  public static func undoing(_ edit: RunEdit, of run: Run) -> RunEdit {
    let change: Change =
      switch edit.change {
      case .tags: .tags(run.labels.tags)
      case .note: .note(run.labels.note)
      case .pinned: .pinned(run.labels.isPinned)
      case .archived: .archived(run.labels.isArchived)
      case .deleted: .deleted(run.deletedAt != nil)
      }
    return RunEdit(edit.run, change)
  }
}

extension Run {
  /// The run as an edit makes it.
  public func edited(by change: RunEdit.Change, at date: Date = .now) -> Run {
    var run = self
    switch change {
    case .tags(let tags): run.labels.tags = RunLabels.tags(in: tags.joined(separator: " "))
    case .note(let note): run.labels.note = RunLabels.note(note)
    case .pinned(let isPinned): run.labels.isPinned = isPinned
    case .archived(let isArchived): run.labels.isArchived = isArchived
    case .deleted(let isDeleted): run.deletedAt = isDeleted ? run.deletedAt ?? date : nil
    }
    return run
  }
}

extension ProjectStore {
  /// Makes all of these edits in one transaction, and returns those that undo them.
  ///
  /// - Throws: ``StoreError/runIsAlive(_:state:)`` when a run that has a worker is to be deleted; then nothing was
  ///   changed.
  @discardableResult
  public func edit(_ edits: [RunEdit], at date: Date = .now) throws -> [RunEdit] {
    try write { db in
      try edits.map { edit in
        let before = try storedRun(db, edit.run)
        // A worker takes the lock first and then looks whether its run is deleted: one of both sees the other.
        if edit.change == .deleted(true), workerLock(run: edit.run).isHeld {
          throw StoreError.runIsAlive(edit.run, state: before.state)
        }
        let after = before.edited(by: edit.change, at: date)
        try db.execute(
          sql: """
            UPDATE run SET tags = ?, note = ?, is_pinned = ?, is_archived = ?, deleted_at = ? WHERE id = ?
            """,
          arguments: [
            after.labels.tags.joined(separator: " "), after.labels.note, after.labels.isPinned,
            after.labels.isArchived, after.deletedAt?.timeIntervalSince1970, edit.run,
          ])
        return .undoing(edit, of: before)
      }.reversed()
    }
  }

  /// Runs that were deleted and can still come back, the last deleted first.
  public func deletedRuns() throws -> [Run] {
    try read { db in
      try Run.fetchAll(db, sql: "SELECT * FROM run WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC")
    }
  }

  /// Seconds that a deleted run can come back.
  public static let keepsDeletedRuns: TimeInterval = 7 * 24 * 3600

  /// Removes for good, with their files, the runs that were deleted before a moment: all such, or only those named.
  ///
  /// The files go first: a process that dies on the way leaves a deleted run, which the next call removes.
  @discardableResult
  public func purgeDeletedRuns(
    _ named: Set<Run.ID>? = nil, before date: Date = .now.addingTimeInterval(-ProjectStore.keepsDeletedRuns)
  ) throws -> [Run.ID] {
    let ids = try read { db in
      try Run.ID.fetchAll(
        db, sql: "SELECT id FROM run WHERE deleted_at < ? ORDER BY ordinal",
        arguments: [date.timeIntervalSince1970])
    }
    return try ids.filter { named?.contains($0) ?? true }.filter { id in
      let folder = runFolder(id)
      var holder: WorkerLock.Holder?
      if FileManager.default.fileExists(atPath: folder.path) {
        holder = try workerLock(run: id).acquire()
        guard holder != nil else { return false }
      }
      defer { holder?.release() }
      // It may have come back since.
      guard try run(id).deletedAt.map({ $0 < date }) ?? false else { return false }
      do {
        if holder != nil { try FileManager.default.removeItem(at: folder) }
      } catch {
        throw StoreError(fileError: error, path: folder.path)
      }
      try write { db in try db.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [id]) }
      return true
    }
  }
}
