import Foundation

/// One line on stderr that is rewritten in place on a terminal; elsewhere a line for each tenth.
final class ProgressLine: @unchecked Sendable {
  // Guarded by `lock`: progress may come from any thread.
  private let lock = NSLock()
  private var last = ""
  private var lastTenth = -1
  private let enabled: Bool
  private let onTerminal = isatty(STDERR_FILENO) == 1

  init(enabled: Bool) { self.enabled = enabled }

  func show(_ what: String, done: Int, of total: Int) {
    guard enabled else { return }
    lock.withLock {
      let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
      let megabytes = String(format: "%.0f/%.0f MB", Double(done) / 1e6, Double(total) / 1e6)
      if onTerminal {
        let filled = Int(share * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        let line = "\(what) \(bar) \(megabytes)"
        guard line != last else { return }
        last = line
        standardError("\r\u{1B}[K\(line)", terminator: "")
      } else {
        let tenth = Int(share * 10)
        guard tenth != lastTenth || !last.hasPrefix(what) else { return }
        lastTenth = tenth
        last = what
        standardError("\(what) \(megabytes)")
      }
    }
  }

  func finish() {
    lock.withLock {
      if onTerminal, !last.isEmpty { standardError("\r\u{1B}[K", terminator: "") }
      last = ""
    }
  }
}
