import Foundation
import GRDB

extension ProjectStore {
  // MARK: - Writing

  /// Whether a document with exactly this text is stored under its path and record.
  public func hasDocument(_ document: StoredDocument, text: String) throws -> Bool {
    try read { db in
      try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM document WHERE path = ? AND record = ? AND content_hash = ? AND text = ?)
          """, arguments: [document.path, document.record, document.contentHash, text]) ?? false
    }
  }

  /// Stores a document with its chunks, in place of what was under its path and record. Chunks whose text was there
  /// before keep their ids.
  ///
  /// - Parameter chunks: in their order; their `document` and `id` are not looked at.
  @discardableResult
  public func importDocument(
    _ document: StoredDocument, text: String, chunks: [StoredChunk]
  ) throws -> DocumentImport {
    try write { db in
      let known = try Row.fetchOne(
        db, sql: "SELECT * FROM document WHERE path = ? AND record = ?",
        arguments: [document.path, document.record])
      var result: DocumentImport
      if let known {
        let id: Int64 = known["id"]
        let isSame = known["content_hash"] == document.contentHash && known["text"] == text
        result = DocumentImport(outcome: isSame ? .unchanged : .updated, document: id)
        try db.execute(
          sql:
            "UPDATE document SET title = ?, format = ?, content_hash = ?, text = ?, imported_at = ? WHERE id = ?",
          arguments: [
            document.title, document.format, document.contentHash, text,
            document.importedAt.timeIntervalSince1970, id,
          ])
      } else {
        try db.execute(
          sql: """
            INSERT INTO document (path, record, title, format, content_hash, text, imported_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            document.path, document.record, document.title, document.format, document.contentHash, text,
            document.importedAt.timeIntervalSince1970,
          ])
        result = DocumentImport(outcome: .added, document: db.lastInsertedRowID)
      }
      try replaceChunks(db, of: result.document, by: chunks, &result)
      return result
    }
  }

  private func replaceChunks(
    _ db: Database, of document: StoredDocument.ID, by chunks: [StoredChunk], _ result: inout DocumentImport
  ) throws {
    var known: [Int64: [(id: Int64, text: String)]] = [:]
    for row in try Row.fetchAll(
      db, sql: "SELECT id, content_hash, text FROM chunk WHERE document_id = ? ORDER BY position",
      arguments: [document])
    {
      known[row["content_hash"], default: []].append((row["id"], row["text"]))
    }
    // Out of the way of the new positions.
    try db.execute(
      sql: "UPDATE chunk SET position = -1 - position WHERE document_id = ?", arguments: [document])
    let update = try db.cachedStatement(
      sql: """
        UPDATE chunk SET position = ?, headings = ?, start_byte = ?, end_byte = ?, token_count = ?, duplicate_of = ?
        WHERE id = ?
        """)
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO chunk
          (document_id, position, headings, start_byte, end_byte, token_count, duplicate_of, content_hash, text)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for (position, chunk) in chunks.enumerated() {
      let hash = ContentHash.of(chunk.text)
      if let index = known[hash]?.firstIndex(where: { $0.text == chunk.text }),
        let found = known[hash]?.remove(at: index)
      {
        try update.execute(arguments: [
          position, chunk.storedHeadings, chunk.range.lowerBound, chunk.range.upperBound, chunk.tokenCount,
          chunk.duplicateOf, found.id,
        ])
        result.chunksKept += 1
      } else {
        try insert.execute(arguments: [
          document, position, chunk.storedHeadings, chunk.range.lowerBound, chunk.range.upperBound,
          chunk.tokenCount, chunk.duplicateOf, hash, chunk.text,
        ])
        result.chunksAdded += 1
      }
    }
    try db.execute(sql: "DELETE FROM chunk WHERE document_id = ? AND position < 0", arguments: [document])
    result.chunksRemoved = db.changesCount
  }

  /// Removes the records of a file that are beyond those it has now.
  ///
  /// - Returns: how many documents went.
  @discardableResult
  public func removeDocuments(path: String, exceptRecords records: Set<Int>) throws -> Int {
    try write { db in
      let known = try Row.fetchAll(
        db, sql: "SELECT id, record FROM document WHERE path = ?", arguments: [path])
      let gone = known.filter { !records.contains($0["record"]) }
      for row in gone {
        let id: Int64 = row["id"]
        try db.execute(sql: "DELETE FROM document WHERE id = ?", arguments: [id])
      }
      return gone.count
    }
  }

  /// Says of which earlier chunk each of some chunks is a near duplicate; all others are none.
  public func setDuplicates(_ originals: [StoredChunk.ID: StoredChunk.ID]) throws {
    try write { db in
      let known = try Row.fetchAll(
        db, sql: "SELECT id, duplicate_of FROM chunk WHERE duplicate_of IS NOT NULL")
      let update = try db.cachedStatement(sql: "UPDATE chunk SET duplicate_of = ? WHERE id = ?")
      for row in known {
        let id: StoredChunk.ID = row["id"]
        if originals[id] == nil { try update.execute(arguments: [nil, id]) }
      }
      let before = Dictionary(
        uniqueKeysWithValues: known.map { ($0["id"] as StoredChunk.ID, $0["duplicate_of"] as StoredChunk.ID) }
      )
      for (id, original) in originals where before[id] != original {
        try update.execute(arguments: [original, id])
      }
    }
  }

  // MARK: - Reading

  /// Hands over the texts of all chunks, in the order of their making, one by one.
  public func eachChunkText(_ body: (StoredChunk.ID, String) throws -> Void) throws {
    try read { db in
      let rows = try Row.fetchCursor(db, sql: "SELECT id, text FROM chunk ORDER BY id")
      while let row = try rows.next() { try body(row["id"], row["text"]) }
    }
  }

  /// All documents, by path and record.
  public func documents() throws -> [StoredDocument] {
    try read { db in
      try Row.fetchAll(
        db,
        sql:
          "SELECT id, path, record, title, format, content_hash, imported_at FROM document ORDER BY path, record"
      ).map(StoredDocument.init)
    }
  }

  /// The text that a document's chunks have their ranges in.
  public func documentText(_ id: StoredDocument.ID) throws -> String? {
    try read { db in try String.fetchOne(db, sql: "SELECT text FROM document WHERE id = ?", arguments: [id]) }
  }

  /// The chunks of a document in their order, or those of all documents.
  public func chunks(of document: StoredDocument.ID? = nil) throws -> [StoredChunk] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM chunk\(document == nil ? "" : " WHERE document_id = ?") ORDER BY document_id, position
          """, arguments: document.map { [$0] } ?? []
      ).map(StoredChunk.init)
    }
  }

  public func chunk(_ id: StoredChunk.ID) throws -> StoredChunk? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM chunk WHERE id = ?", arguments: [id]).map(StoredChunk.init)
    }
  }

  /// How many chunks there are.
  public func chunkCount() throws -> Int {
    try read { db in try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM chunk") ?? 0 }
  }

  /// The chunks that have the words of a text, the best first: BM25 as SQLite's FTS5 computes it (k₁ 1.2, b 0.75), over
  /// text and headings, with English endings cut off (Porter).
  ///
  /// - Returns: with scores that grow with relevance. Empty for a text without words.
  public func searchChunks(_ text: String, limit: Int) throws -> [(chunk: StoredChunk.ID, score: Double)] {
    let query = Self.searchQuery(text)
    guard !query.isEmpty else { return [] }
    return try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT rowid, bm25(chunk_search, 1.0, 0.5) AS score FROM chunk_search
          WHERE chunk_search MATCH ? ORDER BY score LIMIT ?
          """, arguments: [query, limit]
      ).map { ($0["rowid"], -($0["score"] as Double)) }
    }
  }

  /// Any of the words, each quoted, so that nothing in a text is an operator. Of a very long text the first few hundred.
  static func searchQuery(_ text: String) -> String {
    var seen: Set<Substring> = []
    let words = text.split { !$0.isLetter && !$0.isNumber }.filter {
      $0.count <= 64 && seen.insert($0).inserted
    }
    return words.prefix(200).map { "\"\($0)\"" }.joined(separator: " OR ")
  }
}
