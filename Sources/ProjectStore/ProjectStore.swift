import Dispatch
import Foundation
import GRDB

/// One project on disk: its SQLite file, and where its other files lie.
///
/// A project is a folder:
///
///     assay.toml      settings, written by people
///     assay.sqlite    everything Assay records (WAL)
///     runs/<id>/      checkpoints, adapters, log and lock of one run
///
/// Any number of processes may have the same project open: readers never wait for writers, and a writer waits
/// up to ``busyTimeout`` for another. A `ProjectStore` may be used from any thread; its methods block for the
/// length of their SQL.
public final class ProjectStore: Sendable {
  public static let settingsName = "assay.toml"
  public static let databaseName = "assay.sqlite"
  public static let runsFolderName = "runs"

  /// Seconds that a statement waits for another process's write before it fails with
  /// ``StoreError/locked(path:seconds:)``.
  public static let busyTimeout: TimeInterval = 10

  /// The project's folder.
  public let folder: URL

  /// Whether the project was opened by ``openReadOnly(projectFolder:)``.
  public let isReadOnly: Bool

  let pool: DatabasePool

  private init(folder: URL, isReadOnly: Bool, pool: DatabasePool) {
    self.folder = folder
    self.isReadOnly = isReadOnly
    self.pool = pool
  }

  // MARK: - Opening

  /// Whether the folder holds a project.
  public static func isProject(_ folder: URL) -> Bool {
    let files = FileManager.default
    return files.fileExists(atPath: folder.appendingPathComponent(settingsName).path)
      || files.fileExists(atPath: folder.appendingPathComponent(databaseName).path)
  }

  /// Opens a project for reading and writing, and brings its schema up to date.
  ///
  /// - Parameters:
  ///   - projectFolder: the folder that holds `assay.toml` or `assay.sqlite`.
  ///   - create: makes the folder, its settings file and its database where they are missing.
  ///   - settings: text of a new `assay.toml`; an existing one is left alone. By default it only names the
  ///     project after its folder.
  /// - Throws: ``StoreError``.
  public static func open(
    projectFolder: URL, create: Bool = false, settings: String? = nil
  ) throws -> ProjectStore {
    let folder = projectFolder.standardizedFileURL
    if create {
      try createFiles(in: folder, settings: settings)
    } else if !isProject(folder) {
      throw StoreError.notAProject(folder: folder.path)
    }

    let path = folder.appendingPathComponent(databaseName).path
    // SQLite would open a read-only file for reading only, and fail at the first write; say it now.
    for file in [folder.path, path] where FileManager.default.fileExists(atPath: file) {
      guard FileManager.default.isWritableFile(atPath: file) else { throw StoreError.readOnly(path: file) }
    }

    return try FolderLock.whileHolding(folder) {
      try StoreError.translating(path: path) {
        let pool = try DatabasePool(path: path, configuration: configuration(readOnly: false))
        try refuseNewerSchema(pool, path: path)
        try Schema.migrator.migrate(pool)
        return ProjectStore(folder: folder, isReadOnly: false, pool: pool)
      }
    }
  }

  /// Opens a project for reading, without touching its files' contents.
  ///
  /// - Throws: ``StoreError``; among them ``StoreError/olderDatabase(path:)``, because a schema of an earlier
  ///   version can only be brought up to date by a process that may write.
  public static func openReadOnly(projectFolder: URL) throws -> ProjectStore {
    let folder = projectFolder.standardizedFileURL
    let path = folder.appendingPathComponent(databaseName).path
    guard isProject(folder), FileManager.default.fileExists(atPath: path) else {
      throw StoreError.notAProject(folder: folder.path)
    }
    return try StoreError.translating(path: path) {
      let pool = try DatabasePool(path: path, configuration: configuration(readOnly: true))
      try refuseNewerSchema(pool, path: path)
      guard try pool.read(Schema.migrator.hasCompletedMigrations) else {
        throw StoreError.olderDatabase(path: path)
      }
      return ProjectStore(folder: folder, isReadOnly: true, pool: pool)
    }
  }

  /// Closes every connection. Later calls fail; a store that is merely released closes as well.
  public func close() throws {
    try StoreError.translating(path: databasePath) { try pool.close() }
  }

  private static func createFiles(in folder: URL, settings: String?) throws {
    let settingsFile = folder.appendingPathComponent(settingsName)
    do {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(runsFolderName), withIntermediateDirectories: true)
      if !FileManager.default.fileExists(atPath: settingsFile.path) {
        let text = settings ?? "[project]\nname = \(tomlString(folder.lastPathComponent))\n"
        try Data(text.utf8).write(to: settingsFile, options: .atomic)
      }
    } catch {
      throw StoreError(fileError: error, path: folder.path)
    }
  }

  private static func tomlString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func configuration(readOnly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.label = "assay.store"
    configuration.busyMode = .timeout(busyTimeout)
    configuration.foreignKeysEnabled = true
    // Two readers serve the screen and a command beside it; each costs a thread and a page cache.
    configuration.maximumReaderCount = 3
    configuration.qos = .utility
    configuration.prepareDatabase { db in
      // Readers go through long series once; pages that are kept for them would only take memory. In KiB.
      if db.configuration.readonly { try db.execute(sql: "PRAGMA cache_size = -256") }
    }
    return configuration
  }

  private static func refuseNewerSchema(_ pool: DatabasePool, path: String) throws {
    let unknown = try pool.read { db -> String? in
      guard try Schema.migrator.hasBeenSuperseded(db) else { return nil }
      let known = Set(Schema.migrator.migrations)
      return try Schema.migrator.appliedIdentifiers(db).subtracting(known).min() ?? "?"
    }
    if let unknown { throw StoreError.newerDatabase(path: path, migration: unknown) }
  }

  // MARK: - Paths

  var databasePath: String { folder.appendingPathComponent(Self.databaseName).path }

  /// The folder of a run's files. It need not exist.
  public func runFolder(_ run: Run.ID) -> URL {
    folder.appendingPathComponent(Self.runsFolderName).appendingPathComponent(run)
  }

  /// How a file is named in the database: relative to the project where it lies inside, so that a project can
  /// be moved, absolute elsewhere.
  public func storedPath(_ file: URL) -> String {
    let path = file.standardizedFileURL.path
    let prefix = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// The file that ``storedPath(_:)`` named.
  public func file(atStoredPath path: String) -> URL {
    path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path)
  }

  // MARK: - Access

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try StoreError.translating(path: databasePath) { try pool.read(body) }
  }

  /// One transaction: all of it is in the file afterwards, or nothing.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    guard !isReadOnly else { throw StoreError.readOnly(path: databasePath) }
    return try StoreError.translating(path: databasePath) { try pool.write(body) }
  }
}
