import Foundation
import GRDB

/// What a person or a program may ask of a run's worker.
public enum RunCommand: Equatable, Sendable {
  case pause
  case resume
  /// Finish the step, write a checkpoint and the adapter, end.
  case stopAndSave
  /// End at once; the last checkpoint stays.
  case stopNow
  case checkpoint
  case evaluate
  case setLearningRate(Double)

  var kind: String {
    switch self {
    case .pause: "pause"
    case .resume: "resume"
    case .stopAndSave: "stop_and_save"
    case .stopNow: "stop_now"
    case .checkpoint: "checkpoint"
    case .evaluate: "evaluate"
    case .setLearningRate: "set_learning_rate"
    }
  }

  var argument: Double? {
    if case .setLearningRate(let rate) = self { rate } else { nil }
  }

  init?(kind: String, argument: Double?) {
    switch (kind, argument) {
    case ("pause", _): self = .pause
    case ("resume", _): self = .resume
    case ("stop_and_save", _): self = .stopAndSave
    case ("stop_now", _): self = .stopNow
    case ("checkpoint", _): self = .checkpoint
    case ("evaluate", _): self = .evaluate
    case ("set_learning_rate", let rate?): self = .setLearningRate(rate)
    default: return nil
    }
  }
}

/// A command in the store, and what became of it.
public struct FiledCommand: Equatable, Sendable, Identifiable {
  public enum Outcome: Equatable, Sendable {
    /// The worker has not seen it.
    case waiting
    /// The worker has it, and has not answered.
    case taken
    case done
    case rejected(reason: String)
  }

  public let id: Int64
  public let run: Run.ID
  public let command: RunCommand
  public let filedAt: Date
  public let outcome: Outcome
}

extension ProjectStore {
  // MARK: - The sender

  /// Files a command for a run's worker, and returns the id under which ``command(_:)`` tells its outcome.
  ///
  /// - Throws: ``StoreError/runIsOver(_:state:)`` when no worker would take it.
  @discardableResult
  public func file(_ command: RunCommand, run: Run.ID, at date: Date = .now) throws -> Int64 {
    let state = try self.run(run).state
    guard !state.isOver else { throw StoreError.runIsOver(run, state: state) }
    return try write { db in
      try db.execute(
        sql: "INSERT INTO run_command (run_id, kind, argument, filed_at) VALUES (?, ?, ?, ?)",
        arguments: [run, command.kind, StoredReal.value(command.argument), date.timeIntervalSince1970])
      return db.lastInsertedRowID
    }
  }

  /// A filed command as it stands now.
  public func command(_ id: Int64) throws -> FiledCommand? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM run_command WHERE id = ?", arguments: [id])
        .flatMap(FiledCommand.init)
    }
  }

  /// The commands filed for a run, oldest first.
  public func commands(run: Run.ID) throws -> [FiledCommand] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM run_command WHERE run_id = ? ORDER BY id", arguments: [run])
        .compactMap(FiledCommand.init)
    }
  }

  // MARK: - The worker

  /// The commands filed since the last call, oldest first, marked as taken in the same transaction: each is
  /// delivered exactly once. One of a kind that this version does not know is rejected.
  public func takeCommands(run: Run.ID, at date: Date = .now) throws -> [FiledCommand] {
    // Most calls find nothing; they must not wait for a writer.
    let isEmpty = try read { db in
      try
        !(Bool.fetchOne(
          db, sql: "SELECT EXISTS (SELECT 1 FROM run_command WHERE run_id = ? AND taken_at IS NULL)",
          arguments: [run]) ?? false)
    }
    if isEmpty { return [] }
    return try write { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT * FROM run_command WHERE run_id = ? AND taken_at IS NULL ORDER BY id",
        arguments: [run])
      for row in rows {
        try db.execute(
          sql: "UPDATE run_command SET taken_at = ? WHERE id = ?",
          arguments: [date.timeIntervalSince1970, row["id"] as Int64])
        if FiledCommand(row) == nil {
          try answer(db, row["id"], rejection: "this version does not know the command", at: date)
        }
      }
      let ids = rows.map { $0["id"] as Int64 }
      return try ids.compactMap { id in
        try Row.fetchOne(db, sql: "SELECT * FROM run_command WHERE id = ?", arguments: [id])
          .flatMap(FiledCommand.init)
      }
    }
  }

  /// Tells the sender that a taken command was carried out or, with a reason, that it was not.
  public func answerCommand(_ id: Int64, rejection: String? = nil, at date: Date = .now) throws {
    try write { db in try answer(db, id, rejection: rejection, at: date) }
  }

  /// Rejects what was filed and never answered: call it when a run ends.
  public func rejectOpenCommands(run: Run.ID, reason: String, at date: Date = .now) throws {
    try write { db in try rejectOpenCommands(db, run: run, reason: reason, at: date) }
  }

  func rejectOpenCommands(_ db: Database, run: Run.ID, reason: String, at date: Date) throws {
    try db.execute(
      sql: """
        UPDATE run_command SET taken_at = coalesce(taken_at, ?1), answered_at = ?1, rejection = ?2
        WHERE run_id = ?3 AND answered_at IS NULL
        """,
      arguments: [date.timeIntervalSince1970, reason, run])
  }

  private func answer(_ db: Database, _ id: Int64, rejection: String?, at date: Date) throws {
    try db.execute(
      sql: "UPDATE run_command SET answered_at = ?, rejection = ? WHERE id = ? AND answered_at IS NULL",
      arguments: [date.timeIntervalSince1970, rejection, id])
  }
}

extension FiledCommand {
  /// Nil for a command of a kind that this version does not know.
  fileprivate init?(_ row: Row) {
    guard let command = RunCommand(kind: row["kind"], argument: row.real("argument")) else { return nil }
    id = row["id"]
    run = row["run_id"]
    self.command = command
    filedAt = row.date("filed_at") ?? .distantPast
    let rejection: String? = row["rejection"]
    outcome =
      if let rejection {
        .rejected(reason: rejection)
      } else if row.date("answered_at") != nil {
        .done
      } else {
        row.date("taken_at") == nil ? .waiting : .taken
      }
  }
}
