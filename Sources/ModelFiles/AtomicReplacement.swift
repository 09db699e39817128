import CFileSystem
import Foundation

/// Files and folders that appear under their name complete and on disk, or not at all.
///
/// The content is written under a temporary name beside the final one, synchronised, and renamed; then the
/// parent folder is synchronised. A crash leaves the earlier content, or the new one.
public enum AtomicReplacement {
  /// Replaces the file at `url` by what `body` writes.
  ///
  /// - Throws: `ModelFileError.inaccessible`, or what `body` throws; the earlier file is then untouched.
  public static func file(at url: URL, body: (FileHandle) throws -> Void) throws {
    let temporary = temporarySibling(of: url)
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw systemError(url) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      do {
        try body(handle)
        try handle.synchronize()
        try handle.close()
      } catch let error as CocoaError {
        throw ModelFileError.inaccessible(path: url.path, reason: reason(error))
      }
      guard rename(temporary.path, url.path) == 0 else { throw systemError(url) }
    } catch {
      unlink(temporary.path)
      throw error
    }
    try synchronize(url.deletingLastPathComponent())
  }

  /// Replaces the file at `url` by `content`.
  public static func file(at url: URL, content: Data) throws {
    try file(at: url) { try $0.write(contentsOf: content) }
  }

  /// Replaces the folder at `url` by one that `body` fills with files; folders inside it are not supported.
  ///
  /// - Throws: `ModelFileError.inaccessible`, or what `body` throws; the earlier folder is then untouched.
  public static func folder(at url: URL, body: (URL) throws -> Void) throws {
    let temporary = temporarySibling(of: url)
    guard mkdir(temporary.path, 0o755) == 0 else { throw systemError(url) }
    do {
      try body(temporary)
      for name in try FileManager.default.contentsOfDirectory(atPath: temporary.path) {
        try synchronize(temporary.appendingPathComponent(name))
      }
      try synchronize(temporary)
      try exchange(temporary, with: url)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw named(error, temporary: temporary, final: url)
    }
    try synchronize(url.deletingLastPathComponent())
    // After an exchange, the earlier folder has the temporary name.
    try? FileManager.default.removeItem(at: temporary)
  }

  /// Waits until a file's content, or a folder's entries, are on disk.
  public static func synchronize(_ url: URL) throws {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(url) }
    defer { close(descriptor) }
    // Some file systems cannot synchronise a folder, and say EINVAL; there is nothing more to do then.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw systemError(url) }
  }

  private static func exchange(_ temporary: URL, with url: URL) throws {
    // rename(2) replaces nothing but an empty folder.
    if rename(temporary.path, url.path) == 0 { return }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw systemError(url) }
    if exchange_paths(temporary.path, url.path) == 0 { return }
    guard errno == EINVAL || errno == ENOSYS || errno == ENOTSUP else { throw systemError(url) }
    // A file system that cannot exchange: for a moment there is no folder of the name, but never half of one.
    let earlier = temporarySibling(of: url)
    guard rename(url.path, earlier.path) == 0 else { throw systemError(url) }
    guard rename(temporary.path, url.path) == 0 else {
      let error = systemError(url)
      _ = rename(earlier.path, url.path)
      throw error
    }
    try? FileManager.default.removeItem(at: earlier)
  }

  private static func temporarySibling(of url: URL) -> URL {
    let unique = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    return url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).partial-\(unique)")
  }

  /// An error about a file under the temporary name, which nobody knows and which is gone, tells of the final one.
  private static func named(_ error: any Error, temporary: URL, final: URL) -> any Error {
    guard case ModelFileError.inaccessible(let path, let reason) = error, path.hasPrefix(temporary.path)
    else {
      return error
    }
    return ModelFileError.inaccessible(
      path: final.path + path.dropFirst(temporary.path.count), reason: reason)
  }

  private static func systemError(_ url: URL) -> ModelFileError {
    .inaccessible(path: url.path, reason: "cannot be written: \(String(cString: strerror(errno)))")
  }

  private static func reason(_ error: CocoaError) -> String {
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
      return "cannot be written: \(String(cString: strerror(Int32(cause.code))))"
    }
    return "cannot be written: \(error.localizedDescription)"
  }
}
