import Foundation

/// The proof that a worker lives: an open-file-description lock on `runs/<id>/worker.lock`.
///
/// The kernel drops such a lock when the last descriptor of its open file is closed, so kill -9 and a power
/// cut leave none behind; and unlike a POSIX record lock (`F_SETLK`) it is not lost when the same process
/// opens and closes the file once more. See fcntl(2), "Open file description locks". The file holds the
/// owner's process id as text; it is only meaningful while the lock is held, and the file is never deleted.
public struct WorkerLock: Sendable {
  public let file: URL

  public init(file: URL) {
    self.file = file
  }

  /// A held lock. It is let go with the last reference, by ``release()``, or with the process.
  public final class Holder: Sendable {
    let descriptor: FileHandle

    fileprivate init(descriptor: FileHandle) {
      self.descriptor = descriptor
    }

    /// Lets go at once. Write the run's last state first.
    public func release() {
      // Said, and not left to closing: a program that is just being started has a copy of the descriptor until it runs.
      var nothing = WorkerLock.region(F_UNLCK)
      if descriptor.fileDescriptor >= 0 { _ = fcntl(descriptor.fileDescriptor, WorkerLock.setLock, &nothing) }
      try? descriptor.close()
    }
  }

  /// Takes the lock for this process, or returns nil when a worker (in this process or another) has it.
  ///
  /// - Throws: ``StoreError`` when the file cannot be made or locked.
  public func acquire() throws -> Holder? {
    // Close-on-exec: a program started by the worker must not keep the lock alive after the worker.
    let number = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw failure(errno) }
    let handle = FileHandle(fileDescriptor: number, closeOnDealloc: true)

    var wholeFile = Self.region(F_WRLCK)
    guard fcntl(number, Self.setLock, &wholeFile) == 0 else {
      let code = errno
      if code == EAGAIN || code == EACCES { return nil }
      throw failure(code)
    }
    do {
      try handle.truncate(atOffset: 0)
      try handle.write(contentsOf: Data("\(getpid())\n".utf8))
    } catch {
      throw StoreError(fileError: error, path: file.path)
    }
    return Holder(descriptor: handle)
  }

  /// Whether a living worker holds the lock; looks without taking it.
  public var isHeld: Bool {
    let number = open(file.path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return false }
    defer { _ = close(number) }
    var wholeFile = Self.region(F_WRLCK)
    guard fcntl(number, Self.getLock, &wholeFile) == 0 else { return false }
    return wholeFile.l_type != Int16(F_UNLCK)
  }

  /// The process that holds the lock, or nil when nobody does.
  public var holder: Int32? {
    guard isHeld, let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// `F_OFD_GETLK` and `F_OFD_SETLK` of <fcntl.h>, which Glibc declares for GNU sources only. The same on
  /// every Linux architecture (asm-generic/fcntl.h).
  private static let getLock: Int32 = 36
  fileprivate static let setLock: Int32 = 37

  /// The whole file; `l_pid` has to be 0 for an open-file-description lock.
  fileprivate static func region(_ type: Int32) -> flock {
    flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
  }

  private func failure(_ code: Int32) -> StoreError {
    switch code {
    case EROFS, EACCES, EPERM: .readOnly(path: file.path)
    case ENOSPC, EDQUOT: .diskFull(path: file.path)
    default: .failed(path: file.path, detail: String(cString: strerror(code)))
    }
  }
}
