import Foundation

/// What tells a file from another that takes its name.
struct FileIdentity: Hashable, Sendable {
  var device: UInt64
  var inode: UInt64
}

/// What the system says of a path, symbolic links followed.
struct FileFacts: Sendable {
  enum Kind: Sendable { case regular, folder, other }

  var identity: FileIdentity
  var kind: Kind
  var size: Int
  /// Seconds and nanoseconds.
  var modified: [Int]

  init(_ info: stat) {
    identity = FileIdentity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    kind =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .other
      }
    size = Int(info.st_size)
    modified = [Int(info.st_mtim.tv_sec), Int(info.st_mtim.tv_nsec)]
  }

  /// - Throws: ``LogFileError`` with the system's reason.
  init(path: String) throws {
    var info = stat()
    guard stat(path, &info) == 0 else { throw LogFileError(path: path, code: errno) }
    self.init(info)
  }

  static func isLink(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
  }
}

/// A file or folder that cannot be read.
public struct LogFileError: Error, Equatable, CustomStringConvertible {
  public var path: String
  public var reason: String

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  init(path: String, code: Int32) {
    self.init(path: path, reason: String(cString: strerror(code)))
  }

  public var description: String { "\(path): \(reason)" }
}

/// A file that is open for reading, and no longer than that: a thousand followed files take no descriptors.
struct RegularFile {
  let facts: FileFacts
  private let path: String
  private let handle: FileHandle

  /// - Throws: ``LogFileError``, also for what is no regular file: a pipe would be waited for, a device has no end.
  init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw LogFileError(path: path, code: errno) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    self.path = path
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw LogFileError(path: path, code: errno) }
    facts = FileFacts(info)
    guard facts.kind == .regular else { throw LogFileError(path: path, reason: "not a regular file") }
  }

  /// The bytes of a range, fewer where the file ends before.
  func bytes(from offset: Int, count: Int) throws -> [UInt8] {
    do {
      try handle.seek(toOffset: UInt64(offset))
      return [UInt8](try handle.read(upToCount: count) ?? Data())
    } catch {
      throw LogFileError(path: path, reason: "cannot be read (\(error.localizedDescription))")
    }
  }
}
