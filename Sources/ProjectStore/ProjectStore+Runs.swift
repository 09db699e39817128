import Foundation
import GRDB

extension ProjectStore {
  // MARK: - Writing

  /// Records a new run in state ``RunState/queued``, with a fresh id and ordinal, and makes its folder.
  @discardableResult
  public func createRun(
    name: String, recipeJSON: String, modelName: String, totalSteps: Int? = nil, at date: Date = .now
  ) throws -> Run {
    let run = try write { db in
      let id = try unusedRunID(db)
      try db.execute(
        sql: """
          INSERT INTO run (id, name, state, created_at, recipe, model_name, total_steps)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          id, name, RunState.queued.rawValue, date.timeIntervalSince1970, recipeJSON, modelName, totalSteps,
        ])
      // Inside the transaction: a run without a place for its files is not recorded.
      do {
        try FileManager.default.createDirectory(at: runFolder(id), withIntermediateDirectories: true)
      } catch {
        throw StoreError(fileError: error, path: runFolder(id).path)
      }
      return try storedRun(db, id)
    }
    return run
  }

  /// Changes a run in one transaction, and returns what is stored now.
  ///
  /// ``RunState/crashed`` is never stored: it is read as the lock's absence.
  @discardableResult
  public func updateRun(_ id: Run.ID, _ change: (inout Run) throws -> Void) throws -> Run {
    try write { db in
      var run = try storedRun(db, id)
      try change(&run)
      precondition(run.state != .crashed, "a crash is derived from the worker's lock, never written")
      try run.update(db)
      return run
    }
  }

  /// Begins the next segment of a run that goes on from a checkpoint: counts the resume, rejects commands
  /// that were filed for the worker before, and puts the run into state ``RunState/starting``. Call it with
  /// the lock held.
  @discardableResult
  public func resumeRun(_ id: Run.ID, fromStep step: Int, at date: Date = .now) throws -> Run {
    try write { db in
      var run = try storedRun(db, id)
      run.segment += 1
      run.state = .starting
      run.step = step
      run.finishedAt = nil
      run.message = nil
      try run.update(db)
      try db.execute(
        sql: "INSERT INTO run_segment (run_id, segment, resumed_step, started_at) VALUES (?, ?, ?, ?)",
        arguments: [id, run.segment, step, date.timeIntervalSince1970])
      try rejectOpenCommands(db, run: id, reason: "the run's worker was started again", at: date)
      return run
    }
  }

  // MARK: - Reading

  /// All runs that are not deleted, newest first, with crashed ones found out.
  public func runs() throws -> [Run] {
    let runs = try read { db in
      try Run.fetchAll(db, sql: "SELECT * FROM run WHERE deleted_at IS NULL ORDER BY ordinal DESC")
    }
    return try runs.map(withCrashFoundOut)
  }

  /// A run, also a deleted one, found out to be crashed where its worker's lock is free.
  ///
  /// - Throws: ``StoreError/noSuchRun(_:)``.
  public func run(_ id: Run.ID) throws -> Run {
    try withCrashFoundOut(read { db in try storedRun(db, id) })
  }

  /// The resumes of a run, oldest first.
  public func segments(run: Run.ID) throws -> [RunSegment] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: "SELECT segment, resumed_step, started_at FROM run_segment WHERE run_id = ? ORDER BY segment",
        arguments: [run]
      ).map {
        RunSegment(
          segment: $0["segment"], resumedStep: $0["resumed_step"],
          startedAt: $0.date("started_at") ?? .distantPast)
      }
    }
  }

  /// The lock that a run's worker holds for as long as it lives.
  public func workerLock(run: Run.ID) -> WorkerLock {
    WorkerLock(file: runFolder(run).appendingPathComponent("worker.lock"))
  }

  // MARK: - Parts

  func storedRun(_ db: Database, _ id: Run.ID) throws -> Run {
    guard let run = try Run.fetchOne(db, sql: "SELECT * FROM run WHERE id = ?", arguments: [id]) else {
      throw StoreError.noSuchRun(id)
    }
    return run
  }

  func withCrashFoundOut(_ run: Run) throws -> Run {
    guard run.state.isAlive, !workerLock(run: run.id).isHeld else { return run }
    // The worker may have ended properly between the reading and the look at its lock. It writes its last
    // state before it lets go, so a second reading settles it.
    var current = try read { db in try storedRun(db, run.id) }
    guard current.state.isAlive, !workerLock(run: run.id).isHeld else { return current }
    current.state = .crashed
    return current
  }

  private func unusedRunID(_ db: Database) throws -> Run.ID {
    // Without 0, o, 1, l and i, which are read for one another.
    let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz")
    var length = 3
    while true {
      for _ in 0..<16 {
        let id = "r" + String((0..<length).map { _ in alphabet[Int.random(in: alphabet.indices)] })
        let isTaken =
          try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?)", arguments: [id])
          ?? false
        if !isTaken, !FileManager.default.fileExists(atPath: runFolder(id).path) { return id }
      }
      length += 1
    }
  }
}
