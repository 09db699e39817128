import GRDB

/// The database schema, as the list of steps that led to it.
///
/// A released step is never edited: a change is a new step at the end. Conventions: dates and wall times are
/// seconds since 1970 as REAL; a REAL column that may hold a NaN says how (see ``StoredReal``); paths are as
/// ``ProjectStore/storedPath(_:)`` makes them.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 runs and pairs", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: runs)
      try db.execute(sql: metrics)
      try db.execute(sql: pairs)
      try db.execute(sql: runRecords)
    }
    migrator.registerMigration("2 labels of runs", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: runLabels)
      try db.execute(sql: runRevisions)
    }
    migrator.registerMigration("3 documents and chunks", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: documents)
    }
    return migrator
  }

  private static let runs = """
    CREATE TABLE run (
      ordinal INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at REAL NOT NULL,
      started_at REAL,
      finished_at REAL,
      recipe TEXT NOT NULL,             -- JSON, opaque here
      model_name TEXT NOT NULL,
      step INTEGER NOT NULL DEFAULT 0,
      total_steps INTEGER,
      train_loss REAL,
      eval_loss REAL,
      best_eval_loss REAL,
      best_step INTEGER,
      tokens_per_second REAL,
      trained_tokens INTEGER NOT NULL DEFAULT 0,
      learning_rate REAL,
      gradient_norm REAL,
      resident_bytes INTEGER,
      peak_resident_bytes INTEGER,
      adapter_path TEXT,
      first_step_seconds REAL,
      segment INTEGER NOT NULL DEFAULT 0,
      pid INTEGER,
      message TEXT
    );
    -- One row per resume: points of earlier segments after `resumed_step` are superseded.
    CREATE TABLE run_segment (
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      segment INTEGER NOT NULL,
      resumed_step INTEGER NOT NULL,
      started_at REAL NOT NULL,
      PRIMARY KEY (run_id, segment)
    ) WITHOUT ROWID;
    """

  /// Points are numbered 1, 2, 3… within a series, without holes, so that a reader can ask for what is new.
  /// They are kept in chunks (see ``MetricChunk``), each under the number of its last point.
  private static let metrics = """
    CREATE TABLE metric_series (
      id INTEGER PRIMARY KEY,
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      last_sequence INTEGER NOT NULL DEFAULT 0,
      UNIQUE (run_id, name)
    );
    CREATE TABLE metric_chunk (
      series_id INTEGER NOT NULL REFERENCES metric_series(id) ON DELETE CASCADE,
      last_sequence INTEGER NOT NULL,
      points BLOB NOT NULL,
      PRIMARY KEY (series_id, last_sequence)
    ) WITHOUT ROWID;
    """

  private static let pairs = """
    CREATE TABLE qa_pair (
      id INTEGER PRIMARY KEY,
      content_hash INTEGER NOT NULL,    -- of question and answer; finds exact duplicates, proves nothing
      question TEXT NOT NULL,
      answer TEXT NOT NULL,
      category TEXT,
      split TEXT,
      source TEXT,
      imported_from TEXT,
      line INTEGER
    );
    CREATE INDEX qa_pair_by_content ON qa_pair(content_hash);
    CREATE INDEX qa_pair_by_category ON qa_pair(category, split);
    CREATE INDEX qa_pair_by_source ON qa_pair(source, category);
    """

  private static let runRecords = """
    CREATE TABLE run_event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      time REAL NOT NULL,
      step INTEGER NOT NULL,
      kind TEXT NOT NULL,
      message TEXT NOT NULL,
      payload TEXT                      -- JSON, opaque here
    );
    CREATE INDEX run_event_by_run ON run_event(run_id, id);

    CREATE TABLE sample_answer (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      pair_id INTEGER REFERENCES qa_pair(id) ON DELETE SET NULL,
      question TEXT NOT NULL,
      expected TEXT NOT NULL,
      base_answer TEXT,
      answer TEXT NOT NULL
    );
    CREATE INDEX sample_answer_by_run ON sample_answer(run_id, step);
    CREATE INDEX sample_answer_by_pair ON sample_answer(pair_id);

    CREATE TABLE run_command (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      argument REAL,
      filed_at REAL NOT NULL,
      taken_at REAL,
      answered_at REAL,
      rejection TEXT                    -- why it was refused; NULL in an answered row: done
    );
    CREATE INDEX run_command_by_run ON run_command(run_id, id);

    CREATE TABLE checkpoint (
      run_id TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      path TEXT NOT NULL,
      eval_loss REAL,
      is_best INTEGER NOT NULL DEFAULT 0,
      is_last INTEGER NOT NULL DEFAULT 0,
      created_at REAL NOT NULL,
      PRIMARY KEY (run_id, step)
    ) WITHOUT ROWID;
    """

  /// What people say of runs. Workers leave these columns alone.
  private static let runLabels = """
    ALTER TABLE run ADD COLUMN tags TEXT NOT NULL DEFAULT '';    -- words, a space between them
    ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT '';
    ALTER TABLE run ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN is_archived INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN deleted_at REAL;                  -- until it is purged, it can come back
    """

  /// Every change of a run's row gives it a higher number than all others have, whoever makes it, so that a reader can
  /// ask for what has changed since.
  private static let runRevisions = """
    ALTER TABLE run ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX run_by_revision ON run(revision, deleted_at);
    CREATE TRIGGER run_inserted AFTER INSERT ON run BEGIN
      UPDATE run SET revision = (SELECT max(revision) + 1 FROM run) WHERE ordinal = NEW.ordinal;
    END;
    CREATE TRIGGER run_updated AFTER UPDATE ON run WHEN NEW.revision = OLD.revision BEGIN
      UPDATE run SET revision = (SELECT max(revision) + 1 FROM run) WHERE ordinal = NEW.ordinal;
    END;
    """

  /// The search table has its texts in `chunk`; the triggers keep it so (https://sqlite.org/fts5.html, external content).
  private static let documents = """
    CREATE TABLE document (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL,
      record INTEGER NOT NULL DEFAULT 0, -- in a file of many; 0 for the whole file
      title TEXT,
      format TEXT NOT NULL,
      content_hash INTEGER NOT NULL,
      text TEXT NOT NULL,
      imported_at REAL NOT NULL,
      UNIQUE (path, record)
    );
    CREATE TABLE chunk (
      id INTEGER PRIMARY KEY,
      document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      headings TEXT NOT NULL,           -- separated by U+001F
      start_byte INTEGER NOT NULL,      -- in the document's text
      end_byte INTEGER NOT NULL,
      token_count INTEGER NOT NULL,
      duplicate_of INTEGER REFERENCES chunk(id) ON DELETE SET NULL,
      content_hash INTEGER NOT NULL,
      text TEXT NOT NULL
    );
    CREATE INDEX chunk_by_document ON chunk(document_id, position);
    CREATE INDEX chunk_by_duplicate ON chunk(duplicate_of) WHERE duplicate_of IS NOT NULL;

    CREATE VIRTUAL TABLE chunk_search USING fts5(
      text, headings, content = 'chunk', content_rowid = 'id', tokenize = 'porter unicode61'
    );
    CREATE TRIGGER chunk_inserted AFTER INSERT ON chunk BEGIN
      INSERT INTO chunk_search (rowid, text, headings) VALUES (new.id, new.text, new.headings);
    END;
    CREATE TRIGGER chunk_deleted AFTER DELETE ON chunk BEGIN
      INSERT INTO chunk_search (chunk_search, rowid, text, headings) VALUES ('delete', old.id, old.text, old.headings);
    END;
    CREATE TRIGGER chunk_updated AFTER UPDATE OF text, headings ON chunk
    WHEN old.text <> new.text OR old.headings <> new.headings BEGIN
      INSERT INTO chunk_search (chunk_search, rowid, text, headings) VALUES ('delete', old.id, old.text, old.headings);
      INSERT INTO chunk_search (rowid, text, headings) VALUES (new.id, new.text, new.headings);
    END;
    """
}
