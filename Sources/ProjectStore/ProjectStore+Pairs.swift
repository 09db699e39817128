import GRDB

extension ProjectStore {
  /// Adds pairs in one transaction: either all of them are in afterwards, or none.
  ///
  /// A pair whose question and answer are known already is not added again. It gets the category, split and
  /// source of the new one where that has them, and keeps its own where it has not; the file it first came
  /// from stays.
  @discardableResult
  public func importPairs(_ pairs: [QAPair]) throws -> PairImport {
    var result = PairImport()
    try write { db in
      var seen: Set<QAPair.ID> = []
      let find = try db.cachedStatement(
        sql: "SELECT * FROM qa_pair WHERE content_hash = ? AND question = ? AND answer = ?")
      let insert = try db.cachedStatement(
        sql: """
          INSERT INTO qa_pair (content_hash, question, answer, category, split, source, imported_from, line)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """)
      for pair in pairs {
        let hash = pair.contentHash
        let row = try Row.fetchOne(find, arguments: [hash, pair.question, pair.answer])
        guard let known = row.map(QAPair.init) else {
          try insert.execute(arguments: [
            hash, pair.question, pair.answer, pair.category?.rawValue, pair.split?.rawValue, pair.source,
            pair.importedFrom, pair.line,
          ])
          seen.insert(db.lastInsertedRowID)
          result.inserted += 1
          continue
        }
        guard seen.insert(known.id).inserted else {
          result.repeated += 1
          continue
        }
        var merged = known
        merged.category = pair.category ?? known.category
        merged.split = pair.split ?? known.split
        merged.source = pair.source ?? known.source
        let isUpdate = merged != known
        // The same file, edited: the pair may stand on another line now.
        if pair.importedFrom == known.importedFrom { merged.line = pair.line }
        if merged != known { try update(db, merged) }
        if isUpdate { result.updated += 1 } else { result.unchanged += 1 }
      }
    }
    return result
  }

  /// The pairs that pass a filter, in the order of their first import.
  public func pairs(
    where filter: PairFilter = .all, limit: Int? = nil, offset: Int = 0
  ) throws -> [QAPair] {
    try read { db in
      let condition = filter.sql
      let rows = try Row.fetchCursor(
        db, sql: "SELECT * FROM qa_pair WHERE \(condition.text) ORDER BY id LIMIT ? OFFSET ?",
        arguments: condition.arguments + [limit ?? -1, offset])
      return try Array(rows.map(QAPair.init))
    }
  }

  /// How many pairs pass a filter.
  public func pairCount(where filter: PairFilter = .all) throws -> Int {
    try read { db in
      let condition = filter.sql
      return try Int.fetchOne(
        db, sql: "SELECT count(*) FROM qa_pair WHERE \(condition.text)", arguments: condition.arguments) ?? 0
    }
  }

  /// The pair with this id, if there is one.
  public func pair(_ id: QAPair.ID) throws -> QAPair? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM qa_pair WHERE id = ?", arguments: [id]).map(QAPair.init)
    }
  }

  /// The pairs by category and split, and by source and category; both of one moment.
  public func pairCounts() throws -> PairCounts {
    try read { db in
      var counts = PairCounts()
      let bySplit = try Row.fetchAll(
        db, sql: "SELECT category, split, count(*) AS n FROM qa_pair GROUP BY category, split")
      for row in bySplit {
        let cell = PairCounts.SplitCell(category: row.category, split: row.split)
        counts.byCategoryAndSplit[cell, default: 0] += row["n"] as Int
      }
      let bySource = try Row.fetchAll(
        db, sql: "SELECT source, category, count(*) AS n FROM qa_pair GROUP BY source, category")
      for row in bySource {
        let cell = PairCounts.SourceCell(source: row["source"], category: row.category)
        counts.bySourceAndCategory[cell, default: 0] += row["n"] as Int
      }
      return counts
    }
  }

  private func update(_ db: Database, _ pair: QAPair) throws {
    try db.execute(
      sql: "UPDATE qa_pair SET category = ?, split = ?, source = ?, line = ? WHERE id = ?",
      arguments: [pair.category?.rawValue, pair.split?.rawValue, pair.source, pair.line, pair.id])
  }
}
