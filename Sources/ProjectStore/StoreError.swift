import Foundation
import GRDB

/// What can be wrong with a project's folder or its database.
public enum StoreError: Error, Equatable, Sendable {
  /// The folder has neither `assay.toml` nor `assay.sqlite`.
  case notAProject(folder: String)
  /// The file or folder cannot be written.
  case readOnly(path: String)
  /// No room left; the transaction was rolled back.
  case diskFull(path: String)
  /// The database has a migration that this version does not know.
  case newerDatabase(path: String, migration: String)
  /// The database needs migrations, and was opened for reading only.
  case olderDatabase(path: String)
  /// The file is not a database, or is damaged.
  case corrupt(path: String, detail: String)
  /// Another process wrote for longer than the busy timeout.
  case locked(path: String, seconds: TimeInterval)
  /// No run has this id.
  case noSuchRun(Run.ID)
  /// The run has ended, so nobody would take the command.
  case runIsOver(Run.ID, state: RunState)
  /// The run has a worker, so it cannot be deleted.
  case runIsAlive(Run.ID, state: RunState)
  /// Another process works on the run.
  case runIsHeld(Run.ID, pid: Int32?)
  /// Any other failure of the file system or of SQLite.
  case failed(path: String, detail: String)
}

extension StoreError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .notAProject(let folder):
      "\(folder) is not an Assay project: it has no assay.toml. `assay init` makes it one."
    case .readOnly(let path):
      "\(path) is read-only, and Assay has to write there. Change its permissions or copy the project."
    case .diskFull(let path):
      "The disk is full: \(path) could not grow. Nothing was written half; free some space and try again."
    case .newerDatabase(let path, let migration):
      "\(path) was written by a newer Assay (it has “\(migration)”, unknown here). Update Assay to open it."
    case .olderDatabase(let path):
      "\(path) was written by an older Assay and may only be read here. Open it once where it can be written."
    case .corrupt(let path, let detail):
      "\(path) is not a readable Assay database: \(detail). Restore it from a copy."
    case .locked(let path, let seconds):
      "\(path) is locked by another process; waited \(Int(seconds)) s. Try again when it has finished."
    case .noSuchRun(let id):
      "There is no run “\(id)” in this project. `assay runs list` shows those there are."
    case .runIsOver(let id, let state):
      "Run \(id) is \(state.rawValue), so it takes no commands."
    case .runIsAlive(let id, let state):
      "Run \(id) is \(state.rawValue), so it cannot be deleted. Stop it first."
    case .runIsHeld(let id, let pid):
      "Another worker\(pid.map { " (process \($0))" } ?? "") is already at work on run \(id)."
    case .failed(let path, let detail):
      "\(path): \(detail)."
    }
  }

  public var errorDescription: String? { description }
}

extension StoreError {
  /// Runs `body`, and gives SQLite's errors the words above.
  static func translating<Value>(path: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw StoreError(error, path: path)
    }
  }

  init(_ error: DatabaseError, path: String) {
    let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL: self = .diskFull(path: path)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, detail: detail)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path, seconds: ProjectStore.busyTimeout)
    case .SQLITE_READONLY: self = .readOnly(path: path)
    case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_WRITE:
      // A quota or a file-size limit: SQLite names only a full device SQLITE_FULL.
      self = .diskFull(path: path)
    default: self = .failed(path: path, detail: detail)
    }
  }

  init(fileError error: any Error, path: String) {
    let code = (error as? CocoaError)?.code
    switch code {
    case .fileWriteOutOfSpace: self = .diskFull(path: path)
    case .fileWriteNoPermission, .fileWriteVolumeReadOnly: self = .readOnly(path: path)
    default: self = .failed(path: path, detail: error.systemReason)
    }
  }
}
