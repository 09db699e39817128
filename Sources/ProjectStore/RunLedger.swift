import GRDB

/// All runs of a project as they were read last. A reading takes in only the runs that have changed since the one
/// before, so that it costs little to look often at a project with thousands of runs.
public struct RunLedger: Sendable {
  /// As ``ProjectStore/runs()`` would tell them.
  public private(set) var runs: [Run] = []
  /// The same without crashes found out.
  private var stored: [Run] = []
  private var revision = -1

  public init() {}

  /// Reads what has changed, and says whether anything has.
  public mutating func read(_ store: ProjectStore) throws -> Bool {
    var (changes, count) = try changes(in: store)
    var fresh = self
    fresh.take(changes)
    if fresh.stored.count != count {
      // A run was deleted and purged between two readings.
      fresh = RunLedger()
      (changes, _) = try fresh.changes(in: store)
      fresh.take(changes)
    }
    let alive = fresh.stored.indices.filter { fresh.stored[$0].state.isAlive }
    fresh.runs = fresh.stored
    for place in alive { fresh.runs[place] = try store.withCrashFoundOut(fresh.stored[place]) }
    let hasChanged =
      revision < 0 || !changes.isEmpty || fresh.stored.count != stored.count
      || alive.contains { runs[$0].state != fresh.runs[$0].state }
    self = fresh
    return hasChanged
  }

  private typealias Change = (run: Run, revision: Int)

  /// The runs that have changed since, deleted ones among them, and how many are not deleted.
  private func changes(in store: ProjectStore) throws -> ([Change], Int) {
    try store.read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT * FROM run WHERE revision > ? ORDER BY ordinal", arguments: [revision])
      let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM run WHERE deleted_at IS NULL")
      return (try rows.map { (try Run(row: $0), $0["revision"]) }, count ?? 0)
    }
  }

  private mutating func take(_ changes: [Change]) {
    if stored.isEmpty {
      stored = changes.reversed().filter { $0.run.deletedAt == nil }.map(\.run)
    } else {
      for change in changes { take(change.run) }
    }
    revision = changes.reduce(max(revision, 0)) { max($0, $1.revision) }
  }

  private mutating func take(_ run: Run) {
    let place = stored.firstPlace { $0.ordinal <= run.ordinal }
    let isKnown = stored.indices.contains(place) && stored[place].ordinal == run.ordinal
    switch (isKnown, run.deletedAt) {
    case (true, nil): stored[place] = run
    case (true, _?): stored.remove(at: place)
    case (false, nil): stored.insert(run, at: place)
    case (false, _?): break
    }
  }
}

extension [Run] {
  /// The first place from which on a condition holds, where it holds to the end.
  fileprivate func firstPlace(where holds: (Run) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
