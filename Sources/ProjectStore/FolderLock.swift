import Foundation

/// Serialises the opening of one project among processes.
///
/// The change to WAL mode and the first migration need SQLite's exclusive lock, for which its busy handler
/// does not wait in every case. A `flock` on the folder itself needs no file and vanishes with its holder.
enum FolderLock {
  static func whileHolding<Value>(_ folder: URL, _ body: () throws -> Value) rethrows -> Value {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return try body() }
    defer {
      // A program that is just being started has a copy of the descriptor until it runs.
      _ = flock(descriptor, LOCK_UN)
      _ = close(descriptor)
    }
    // Some network file systems refuse to lock a folder; SQLite's own locks then do what they can.
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    return try body()
  }
}
