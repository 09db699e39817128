import Dispatch
import Foundation
import GRDB
import Synchronization

/// Tells when anybody, in any process, committed to a project's database. Never polls.
///
/// A commit in WAL mode writes to `assay.sqlite-wal`, so the watcher listens (inotify(7)) to the project's
/// folder, which reports writes to files in it by name, also to a WAL file that is made later or made anew.
/// What it hears is a hint: it then asks SQLite's `PRAGMA data_version`, which changes only with a commit, on
/// a connection of its own, so that checkpoints and rolled back writes wake nobody.
///
/// SQLite writes a commit's frames first and makes it visible (in shared memory, which inotify does not
/// report) just afterwards. A look at once may hence come too early, and a later one is owed: after the last
/// write heard of there is always a look ``settleTime`` later.
public final class ChangeWatcher: Sendable {
  /// How long after a write its commit is surely visible, unless its process was stopped in between.
  static let settleTime: DispatchTimeInterval = .milliseconds(250)

  private struct State {
    var source: (any DispatchSourceRead)?
    var connection: DatabaseQueue?
    var dataVersion: Int?
    /// Of the last write heard of.
    var lastWrite = DispatchTime(uptimeNanoseconds: 0)
    var lastLook = DispatchTime(uptimeNanoseconds: 0)
    /// When the next look is due; a block that comes for another time was overtaken by an earlier one.
    var nextLook: DispatchTime?
  }

  private let state: Mutex<State>
  private let queue: DispatchQueue
  private let interval: DispatchTimeInterval
  private let onChange: @Sendable () -> Void

  /// Watches until ``cancel()`` or the release of the watcher.
  ///
  /// - Parameters:
  ///   - minimumInterval: at most one call in this time; a change inside it is reported at its end.
  ///   - queue: a serial queue, where everything happens and `onChange` is called.
  /// - Throws: ``StoreError`` when the system has no watch left.
  public init(
    store: ProjectStore, minimumInterval: DispatchTimeInterval = .milliseconds(50), queue: DispatchQueue,
    onChange: @escaping @Sendable () -> Void
  ) throws {
    self.queue = queue
    self.interval = minimumInterval
    self.onChange = onChange

    let connection = try StoreError.translating(path: store.databasePath) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.label = "assay.watcher"
      configuration.busyMode = .timeout(1)
      return try DatabaseQueue(path: store.databasePath, configuration: configuration)
    }
    let descriptor = try Self.watchFolder(store.folder)
    var initial = State()
    initial.dataVersion = Self.dataVersion(connection)
    initial.connection = connection
    state = Mutex(initial)

    state.withLock { state in
      state.source = Self.makeSource(descriptor, queue) { [weak self] in self?.heardWrite() }
    }
  }

  deinit {
    cancel()
  }

  /// Ends the watch. `onChange` is not called afterwards, if this is called on the watcher's queue.
  public func cancel() {
    state.withLock { state in
      state.source?.cancel()
      state.source = nil
      state.connection = nil
    }
  }

  // MARK: - Listening

  private static func watchFolder(_ folder: URL) throws -> Int32 {
    let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw failure(folder, errno) }
    let events = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
    guard inotify_add_watch(descriptor, folder.path, events) >= 0 else {
      let code = errno
      _ = close(descriptor)
      throw failure(folder, code)
    }
    return descriptor
  }

  /// Owns the descriptor from now on.
  private static func makeSource(
    _ descriptor: Int32, _ queue: DispatchQueue, onWrite: @escaping @Sendable () -> Void
  ) -> sending any DispatchSourceRead {
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { if heardOfDatabase(descriptor) { onWrite() } }
    source.setCancelHandler { _ = close(descriptor) }
    source.activate()
    return source
  }

  private static func failure(_ folder: URL, _ code: Int32) -> StoreError {
    let reason = String(cString: strerror(code))
    return .failed(path: folder.path, detail: "its changes cannot be watched (\(reason))")
  }

  /// Reads all that inotify has to say; true where it is about the database or its WAL file.
  private static func heardOfDatabase(_ descriptor: Int32) -> Bool {
    // struct inotify_event: wd, mask, cookie, len (4 bytes each), then `len` bytes of name, padded with
    // zeros; in the machine's byte order, which is little-endian wherever Swift runs on Linux.
    let headerSize = 16
    var buffer = [UInt8](repeating: 0, count: 4096)
    var isConcerned = false
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return isConcerned }
      var start = 0
      while start + headerSize <= count {
        func field(_ index: Int) -> UInt32 {
          (0..<4).reduce(0) { $0 | UInt32(buffer[start + 4 * index + $1]) << (8 * $1) }
        }
        let nameEnd = min(start + headerSize + Int(field(3)), count)
        let name = buffer[(start + headerSize)..<nameEnd].prefix { $0 != 0 }
        let isOverflow = field(1) & UInt32(IN_Q_OVERFLOW) != 0
        if isOverflow || watchedNames.contains(where: { name.elementsEqual($0.utf8) }) { isConcerned = true }
        start = nameEnd
      }
    }
  }

  private static let watchedNames = [ProjectStore.databaseName, ProjectStore.databaseName + "-wal"]

  // MARK: - Looking

  private func heardWrite() {
    state.withLock { state in
      guard state.source != nil else { return }
      state.lastWrite = .now()
      scheduleLook(&state, at: max(.now(), state.lastLook + interval))
    }
  }

  private func scheduleLook(_ state: inout State, at time: DispatchTime) {
    if let next = state.nextLook, next <= time { return }
    state.nextLook = time
    queue.asyncAfter(deadline: time) { [weak self] in self?.look(dueAt: time) }
  }

  private func look(dueAt time: DispatchTime) {
    let isChanged = state.withLock { state in
      guard let connection = state.connection, state.nextLook == time else { return false }
      state.nextLook = nil
      let now = DispatchTime.now()
      state.lastLook = now
      // A look before the settling time does not count as the last one.
      let settled = state.lastWrite + Self.settleTime
      if now < settled { scheduleLook(&state, at: max(settled, now + interval)) }

      let version = Self.dataVersion(connection)
      defer { state.dataVersion = version }
      // Where SQLite does not answer, the reader had better look for itself.
      return version == nil || version != state.dataVersion
    }
    if isChanged { onChange() }
  }

  private static func dataVersion(_ connection: DatabaseQueue) -> Int? {
    try? connection.read { db in try Int.fetchOne(db, sql: "PRAGMA data_version") }
  }
}
