import Foundation
import GRDB

/// Something that happened to a run, as its event list tells it.
public struct RunEvent: Equatable, Sendable {
  /// What kind of thing. Kinds that this version does not know are kept and shown as they are.
  public struct Kind: RawRepresentable, Hashable, Codable, Sendable {
    public let rawValue: String

    public init(rawValue: String) {
      self.rawValue = rawValue
    }

    public static let started = Kind(rawValue: "started")
    public static let resumed = Kind(rawValue: "resumed")
    public static let paused = Kind(rawValue: "paused")
    /// The eval loss was measured.
    public static let evaluated = Kind(rawValue: "evaluated")
    /// The eval loss is the lowest so far.
    public static let improved = Kind(rawValue: "improved")
    public static let checkpoint = Kind(rawValue: "checkpoint")
    /// The eval loss rises while the train loss falls.
    public static let overfitting = Kind(rawValue: "overfitting")
    /// A loss or gradient is not finite.
    public static let nan = Kind(rawValue: "nan")
    /// The train loss has risen far above its lowest and stays there.
    public static let diverging = Kind(rawValue: "diverging")
    public static let earlyStop = Kind(rawValue: "early_stop")
    /// The learning rate was set by a command.
    public static let learningRate = Kind(rawValue: "learning_rate")
    /// Something about a run's log that one should know when looking at its curves.
    public static let note = Kind(rawValue: "note")
    public static let warning = Kind(rawValue: "warning")
    public static let finished = Kind(rawValue: "finished")
    public static let stopped = Kind(rawValue: "stopped")
    public static let failed = Kind(rawValue: "failed")
  }

  /// Grows with every event of the project; 0 before it is stored.
  public let id: Int64
  public let run: Run.ID
  public let time: Date
  public let step: Int
  public let kind: Kind
  /// One line for people.
  public let message: String
  /// Facts for programs, as JSON.
  public let payloadJSON: String?

  public init(
    run: Run.ID, time: Date = .now, step: Int, kind: Kind, message: String, payloadJSON: String? = nil
  ) {
    self.init(id: 0, run: run, time: time, step: step, kind: kind, message: message, payloadJSON: payloadJSON)
  }

  private init(
    id: Int64, run: Run.ID, time: Date, step: Int, kind: Kind, message: String, payloadJSON: String?
  ) {
    self.id = id
    self.run = run
    self.time = time
    self.step = step
    self.kind = kind
    self.message = message
    self.payloadJSON = payloadJSON
  }

  fileprivate init(_ row: Row) {
    self.init(
      id: row["id"], run: row["run_id"], time: row.date("time") ?? .distantPast, step: row["step"],
      kind: Kind(rawValue: row["kind"]), message: row["message"], payloadJSON: row["payload"])
  }
}

extension ProjectStore {
  /// Appends an event, and returns its id.
  @discardableResult
  public func append(_ event: RunEvent) throws -> Int64 {
    try write { db in try append(db, event) }
  }

  /// The events of a run, or of all runs, after the one with this id; oldest first.
  public func events(run: Run.ID? = nil, afterID id: Int64 = 0, limit: Int? = nil) throws -> [RunEvent] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM run_event WHERE id > ?1\(run == nil ? "" : " AND run_id = ?3") ORDER BY id LIMIT ?2
          """,
        arguments: run.map { [id, limit ?? -1, $0] } ?? [id, limit ?? -1]
      ).map(RunEvent.init)
    }
  }

  /// The newest events of a run, newest first.
  public func latestEvents(run: Run.ID, limit: Int) throws -> [RunEvent] {
    try read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM run_event WHERE run_id = ? ORDER BY id DESC LIMIT ?", arguments: [run, limit]
      ).map(RunEvent.init)
    }
  }

  @discardableResult
  func append(_ db: Database, _ event: RunEvent) throws -> Int64 {
    _ = try storedRun(db, event.run)
    try db.execute(
      sql: "INSERT INTO run_event (run_id, time, step, kind, message, payload) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        event.run, event.time.timeIntervalSince1970, event.step, event.kind.rawValue, event.message,
        event.payloadJSON,
      ])
    return db.lastInsertedRowID
  }
}
