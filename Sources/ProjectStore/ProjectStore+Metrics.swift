import Foundation
import GRDB

extension ProjectStore {
  /// Appends points to the series of a run in one transaction. A training loop wants ``RunRecorder``, which
  /// batches.
  public func append(_ points: [(MetricName, MetricPoint)], run: Run.ID) throws {
    guard !points.isEmpty else { return }
    try write { db in try append(db, points, run: run) }
  }

  /// The series of a run, by name.
  public func metricSeries(run: Run.ID) throws -> [MetricSeries] {
    try read { db in
      try Row.fetchAll(
        db, sql: "SELECT name, last_sequence FROM metric_series WHERE run_id = ? ORDER BY name",
        arguments: [run]
      ).map { MetricSeries(name: MetricName(rawValue: $0["name"]), count: $0["last_sequence"]) }
    }
  }

  /// The points of a series after one already seen, in the order of their recording.
  ///
  /// - Parameters:
  ///   - sequence: ``MetricSlice/lastSequence`` of the reading before; 0 for the beginning.
  ///   - limit: at most so many points, so that a long series can be read in bites.
  public func metrics(
    run: Run.ID, series: MetricName, afterSequence sequence: Int = 0, limit: Int? = nil
  ) throws -> MetricSlice {
    try read { db in
      var slice = MetricSlice(points: [], lastSequence: sequence)
      let series = try Row.fetchOne(
        db, sql: "SELECT id, last_sequence FROM metric_series WHERE run_id = ? AND name = ?",
        arguments: [run, series.rawValue])
      guard let series else { return slice }
      let last: Int = series["last_sequence"]
      let seen = max(sequence, 0)
      guard last > seen else { return slice }
      let wanted = min(last - seen, max(limit ?? .max, 0))
      slice.points.reserveCapacity(wanted)

      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT last_sequence, points FROM metric_chunk
            WHERE series_id = ? AND last_sequence > ? ORDER BY last_sequence
            """),
        arguments: [series["id"] as Int64, seen])
      while slice.points.count < wanted, let row = try rows.next() {
        let chunk: Data = row[1]
        let first = (row[0] as Int) - chunk.count / MetricChunk.pointSize + 1
        MetricChunk.decode(chunk, skipping: seen + 1 - first, into: &slice.points)
      }
      slice.points.removeLast(max(slice.points.count - wanted, 0))
      slice.lastSequence = seen + slice.points.count
      return slice
    }
  }

  /// Appends in the order given; each series' numbers go on from its last.
  func append(_ db: Database, _ points: [(MetricName, MetricPoint)], run: Run.ID) throws {
    guard !points.isEmpty else { return }
    var series: [MetricName: [MetricPoint]] = [:]
    for (name, point) in points { series[name, default: []].append(point) }

    let insert = try db.cachedStatement(
      sql: "INSERT INTO metric_chunk (series_id, last_sequence, points) VALUES (?, ?, ?)")
    for (name, points) in series {
      var (id, last) = try findOrAddSeries(db, run: run, name: name)
      for start in stride(from: 0, to: points.count, by: MetricChunk.capacity) {
        let chunk = points[start..<min(start + MetricChunk.capacity, points.count)]
        last += chunk.count
        try insert.execute(arguments: [id, last, MetricChunk.encode(chunk)])
      }
      try db.execute(sql: "UPDATE metric_series SET last_sequence = ? WHERE id = ?", arguments: [last, id])
    }
  }

  private func findOrAddSeries(_ db: Database, run: Run.ID, name: MetricName) throws -> (id: Int64, last: Int)
  {
    let found = try Row.fetchOne(
      db, sql: "SELECT id, last_sequence FROM metric_series WHERE run_id = ? AND name = ?",
      arguments: [run, name.rawValue])
    if let found { return (found["id"], found["last_sequence"]) }
    _ = try storedRun(db, run)  // a clear error rather than a failed foreign key
    try db.execute(
      sql: "INSERT INTO metric_series (run_id, name) VALUES (?, ?)", arguments: [run, name.rawValue])
    return (db.lastInsertedRowID, 0)
  }
}
