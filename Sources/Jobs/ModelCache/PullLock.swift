import Foundation

/// A lock that ends with its process, so that a killed pull does not block the next.
struct PullLock {
  private let descriptor: Int32

  init(_ url: URL, whenBusy: () -> Void) throws {
    descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw ModelCacheError.inaccessible(
        path: url.path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    whenBusy()
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let reason = String(cString: strerror(errno))
        close(descriptor)
        throw ModelCacheError.inaccessible(path: url.path, reason: "cannot be locked: \(reason)")
      }
    }
  }

  func release() { close(descriptor) }
}
