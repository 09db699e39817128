import Foundation
import GRDB

/// A checkpoint of a run, by what it is worth; its files are the trainer's.
public struct CheckpointRecord: Equatable, Sendable {
  public var run: Run.ID
  public var step: Int
  /// As ``ProjectStore/storedPath(_:)`` names it.
  public var path: String
  public var evalLoss: Double?
  /// The lowest eval loss so far.
  public var isBest: Bool
  /// The one to resume from.
  public var isLast: Bool
  public var createdAt: Date

  public init(
    run: Run.ID, step: Int, path: String, evalLoss: Double? = nil, isBest: Bool, isLast: Bool,
    createdAt: Date = .now
  ) {
    self.run = run
    self.step = step
    self.path = path
    self.evalLoss = evalLoss
    self.isBest = isBest
    self.isLast = isLast
    self.createdAt = createdAt
  }
}

extension ProjectStore {
  /// Records a checkpoint whose files are complete. It takes the marks that it has from the run's other
  /// checkpoints, and replaces the record of the same step.
  public func record(_ checkpoint: CheckpointRecord) throws {
    try write { db in
      _ = try storedRun(db, checkpoint.run)
      if checkpoint.isBest {
        try db.execute(
          sql: "UPDATE checkpoint SET is_best = 0 WHERE run_id = ?", arguments: [checkpoint.run])
      }
      if checkpoint.isLast {
        try db.execute(
          sql: "UPDATE checkpoint SET is_last = 0 WHERE run_id = ?", arguments: [checkpoint.run])
      }
      try db.execute(
        sql: """
          INSERT OR REPLACE INTO checkpoint (run_id, step, path, eval_loss, is_best, is_last, created_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          checkpoint.run, checkpoint.step, checkpoint.path, StoredReal.value(checkpoint.evalLoss),
          checkpoint.isBest, checkpoint.isLast, checkpoint.createdAt.timeIntervalSince1970,
        ])
    }
  }

  /// Forgets a checkpoint whose files were removed.
  public func forgetCheckpoint(run: Run.ID, step: Int) throws {
    try write { db in
      try db.execute(sql: "DELETE FROM checkpoint WHERE run_id = ? AND step = ?", arguments: [run, step])
    }
  }

  /// The checkpoints of a run, by step.
  public func checkpoints(run: Run.ID) throws -> [CheckpointRecord] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM checkpoint WHERE run_id = ? ORDER BY step", arguments: [run])
        .map {
          CheckpointRecord(
            run: $0["run_id"], step: $0["step"], path: $0["path"], evalLoss: $0.real("eval_loss"),
            isBest: $0["is_best"], isLast: $0["is_last"], createdAt: $0.date("created_at") ?? .distantPast)
        }
    }
  }
}
