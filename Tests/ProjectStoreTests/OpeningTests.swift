import Foundation
import GRDB
import Testing

@testable import ProjectStore

@Suite struct OpeningTests {
  @Test func aFolderWithoutSettingsIsNoProject() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let error = #expect(throws: StoreError.self) { try ProjectStore.open(projectFolder: folder) }
    #expect(error == .notAProject(folder: folder.path))
    #expect(error?.description.contains("assay init") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func creationMakesTheWholeFolderAndKeepsSettings() throws {
    let folder = try temporaryFolder().appendingPathComponent("say \"hi\"")
    defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    let settings = folder.appendingPathComponent("assay.toml")
    _ = try ProjectStore.open(projectFolder: folder, create: true)
    #expect(try String(contentsOf: settings, encoding: .utf8) == "[project]\nname = \"say \\\"hi\\\"\"\n")
    #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("runs").path))

    try Data("# mine\n".utf8).write(to: settings)
    _ = try ProjectStore.open(projectFolder: folder, create: true, settings: "# other\n")
    #expect(try String(contentsOf: settings, encoding: .utf8) == "# mine\n")
  }

  @Test func aProjectWithSettingsOnlyGetsItsDatabase() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data().write(to: folder.appendingPathComponent("assay.toml"))
    #expect(try ProjectStore.open(projectFolder: folder).runs().isEmpty)
  }

  @Test func theDatabaseIsSetUpForSeveralProcesses() throws {
    let project = try TemporaryProject()
    let (mode, numbers) = try project.store.onWriter { db in
      let names = ["synchronous", "foreign_keys", "busy_timeout"]
      return (
        try String.fetchOne(db, sql: "PRAGMA journal_mode"),
        try names.map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
      )
    }
    #expect(mode == "wal")
    #expect(numbers == [1, 1, 10_000])
  }

  @Test func manyMayOpenANewProjectAtOnce() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      do {
        let store = try ProjectStore.open(projectFolder: folder, create: true)
        try store.createRun(name: "run \(index)", recipeJSON: "{}", modelName: "m")
      } catch {
        Issue.record(error)
      }
    }
    let runs = try ProjectStore.open(projectFolder: folder).runs()
    #expect(Set(runs.map(\.name)).count == 8)
    #expect(runs.map(\.ordinal) == [8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test func aDatabaseOfANewerVersionIsRefusedAndUntouched() throws {
    let project = try TemporaryProject()
    try project.store.write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
    }
    let path = project.store.databasePath
    let expected = StoreError.newerDatabase(path: path, migration: "99 from the future")
    #expect(throws: expected) { try project.another() }
    #expect(throws: expected) { try ProjectStore.openReadOnly(projectFolder: project.folder) }
  }

  @Test func aReadOnlyStoreReadsAndRefusesToWrite() throws {
    let project = try TemporaryProject()
    let run = try project.run()
    let store = try ProjectStore.openReadOnly(projectFolder: project.folder)
    #expect(try store.runs() == [run])
    #expect(throws: StoreError.readOnly(path: store.databasePath)) {
      try store.updateRun(run.id) { $0.name = "other" }
    }
  }

  @Test func anEmptyDatabaseIsTooOldToBeReadOnly() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("assay.sqlite").path
    try DatabaseQueue(path: path).write { db in try db.execute(sql: "CREATE TABLE t (x)") }
    #expect(throws: StoreError.olderDatabase(path: path)) {
      try ProjectStore.openReadOnly(projectFolder: folder)
    }
  }

  @Test(arguments: [false, true])
  func aFileThatIsNoDatabaseIsNamed(readOnly: Bool) throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("assay.sqlite")
    let garbage = Data(repeating: 0x41, count: 8192)
    try garbage.write(to: file)
    let error = #expect(throws: StoreError.self) {
      _ =
        try readOnly
        ? ProjectStore.openReadOnly(projectFolder: folder) : ProjectStore.open(projectFolder: folder)
    }
    #expect(error == .corrupt(path: file.path, detail: "file is not a database"))
    #expect(try Data(contentsOf: file) == garbage)
  }

  /// Root may write anywhere, so this says something only for other users.
  @Test(.enabled(if: geteuid() != 0))
  func aReadOnlyFolderIsNamed() throws {
    let folder = try temporaryFolder()
    let files = FileManager.default
    defer {
      try? files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
      try? files.removeItem(at: folder)
    }
    try ProjectStore.open(projectFolder: folder, create: true).close()
    try files.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
    #expect(throws: StoreError.readOnly(path: folder.path)) { try ProjectStore.open(projectFolder: folder) }
    #expect(throws: StoreError.self) {
      try ProjectStore.open(projectFolder: folder.appendingPathComponent("new"), create: true)
    }
    #expect(try ProjectStore.openReadOnly(projectFolder: folder).runs().isEmpty)
  }

  @Test func aFullDiskRollsBackAndIsNamed() throws {
    let project = try TemporaryProject()
    try project.store.importPairs([QAPair(question: "What is a PDU?", answer: "A power distribution unit.")])
    try project.store.onWriter { db in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count")!
      try db.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
    }
    let many = (0..<2_000).map {
      QAPair(question: "Question \($0)?", answer: String(repeating: "x", count: 50))
    }
    #expect(throws: StoreError.diskFull(path: project.store.databasePath)) {
      try project.store.importPairs(many)
    }
    #expect(try project.store.pairs().map(\.question) == ["What is a PDU?"])
    try project.store.importPairs([QAPair(question: "And now?", answer: "There is room for little ones.")])
    #expect(try project.another().pairCount() == 2)
  }

  @Test func sqliteErrorsGetTheirWords() {
    func word(_ code: ResultCode) -> StoreError { StoreError(DatabaseError(resultCode: code), path: "p") }
    #expect(word(.SQLITE_BUSY) == .locked(path: "p", seconds: 10))
    #expect(word(.SQLITE_BUSY_SNAPSHOT) == .locked(path: "p", seconds: 10))
    #expect(word(.SQLITE_IOERR_WRITE) == .diskFull(path: "p"))
    #expect(word(.SQLITE_READONLY_DBMOVED) == .readOnly(path: "p"))
  }

  @Test func pathsInsideTheProjectAreStoredRelative() throws {
    let project = try TemporaryProject()
    let store = project.store
    let inside = store.runFolder("r7k2").appendingPathComponent("adapter")
    #expect(store.storedPath(inside) == "runs/r7k2/adapter")
    #expect(store.file(atStoredPath: "runs/r7k2/adapter").path == inside.path)
    #expect(store.storedPath(URL(fileURLWithPath: "/opt/adapter")) == "/opt/adapter")
    #expect(store.file(atStoredPath: "/opt/adapter").path == "/opt/adapter")
    // A folder beside the project, whose name begins with the project's.
    let beside = URL(fileURLWithPath: project.folder.path + "-2/a")
    #expect(store.storedPath(beside) == beside.path)
  }
}
