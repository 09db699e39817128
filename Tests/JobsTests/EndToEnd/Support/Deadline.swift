import Foundation

/// When a wait is given up: long after what it waits for, on a machine with nothing else to do, would have come.
struct Deadline {
  static let patience: Double = 60

  private let end: DispatchTime

  init(seconds: Double = patience) {
    end = .now() + seconds
  }

  /// Waits until one of the descriptors has something to read, or its other end is gone.
  ///
  /// - Returns: which of them; none when the time is over.
  func readable(_ descriptors: [Int32]) -> [Int32] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      let now = DispatchTime.now()
      let milliseconds = now < end ? (end.uptimeNanoseconds - now.uptimeNanoseconds) / 1_000_000 + 1 : 0
      let count = poll(&polled, nfds_t(polled.count), Int32(milliseconds))
      if count > 0 { return polled.filter { $0.revents != 0 }.map(\.fd) }
      guard count < 0, errno == EINTR else { return [] }
    }
  }
}

/// What a test waited for in vain, and what there was instead.
struct Impatience: Error, CustomStringConvertible {
  var awaited: String
  var seen: String

  var description: String { "waited in vain for \(awaited); there was:\n\(seen)" }
}
