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
    var slice = MetricSlice(points: [], lastSequence: sequence)
    slice.lastSequence = try readMetrics(run: run, series: series, afterSequence: sequence, limit: limit) {
      slice.points.append($0)
    }
    return slice
  }

  /// Hands over the points of a series after one already seen, one by one, in the order of their recording: a long
  /// series need not be in memory as points.
  ///
  /// - Parameters:
  ///   - sequence: the answer of the reading before; 0 for the beginning.
  ///   - limit: at most so many points, so that a long series can be read in bites.
  /// - Returns: the sequence number to read on from; what was asked for when there is nothing new.
  public func readMetrics(
    run: Run.ID, series: MetricName, afterSequence sequence: Int = 0, limit: Int? = nil,
    _ body: (MetricPoint) -> Void
  ) throws -> Int {
    try read { db in
      let series = try Row.fetchOne(
        db, sql: "SELECT id, last_sequence FROM metric_series WHERE run_id = ? AND name = ?",
        arguments: [run, series.rawValue])
      guard let series else { return sequence }
      let last: Int = series["last_sequence"]
      let seen = max(sequence, 0)
      guard last > seen else { return sequence }
      let end = seen + min(last - seen, max(limit ?? .max, 0))

      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT last_sequence, points FROM metric_chunk
            WHERE series_id = ? AND last_sequence > ? ORDER BY last_sequence
            """),
        arguments: [series["id"] as Int64, seen])
      var reached = seen
      while reached < end, let row = try rows.next() {
        let chunk: Data = row[1]
        let last: Int = row[0]
        // Of a damaged row, what is left counts as its end.
        let first = last - chunk.count / MetricChunk.pointSize + 1
        let next = min(end, last)
        MetricChunk.decode(
          chunk, max(reached + 1 - first, 0)..<max(reached + 1 - first, next + 1 - first, 0), body)
        reached = next
      }
      // Rows that are not there now never will be: a batch is written as a whole.
      return end
    }
  }

  /// Points here and there in a series after one already seen, its newest among them: enough to see where a long series
  /// goes before it is read. Each seek costs as much as a row.
  public func sampleMetrics(
    run: Run.ID, series: MetricName, afterSequence sequence: Int = 0, rowCount: Int
  ) throws -> [MetricPoint] {
    try read { db in
      let series = try Row.fetchOne(
        db, sql: "SELECT id, last_sequence FROM metric_series WHERE run_id = ? AND name = ?",
        arguments: [run, series.rawValue])
      var points: [MetricPoint] = []
      guard let series else { return points }
      let statement = try db.cachedStatement(
        sql: """
          SELECT last_sequence, points FROM metric_chunk
          WHERE series_id = ? AND last_sequence >= ? ORDER BY last_sequence LIMIT 1
          """)
      let last = Double(series["last_sequence"] as Int)
      var reached = max(sequence, 0)
      let start = Double(reached)
      for row in 1...max(rowCount, 1) {
        let wanted = Int(start + (last - start) * Double(row) / Double(max(rowCount, 1)))
        guard wanted > reached,
          let found = try Row.fetchOne(statement, arguments: [series["id"] as Int64, wanted])
        else { continue }
        let chunk: Data = found[1]
        MetricChunk.decode(chunk, 0..<chunk.count / MetricChunk.pointSize) { points.append($0) }
        reached = found[0]
      }
      return points
    }
  }

  /// The newest point of a series.
  public func newestMetric(run: Run.ID, series: MetricName) throws -> MetricPoint? {
    try read { db in
      let chunk = try Data.fetchOne(
        db,
        sql: """
          SELECT points FROM metric_chunk
          WHERE series_id = (SELECT id FROM metric_series WHERE run_id = ? AND name = ?)
          ORDER BY last_sequence DESC LIMIT 1
          """,
        arguments: [run, series.rawValue])
      var newest: MetricPoint?
      if let chunk { MetricChunk.decode(chunk, 0..<chunk.count / MetricChunk.pointSize) { newest = $0 } }
      return newest
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
