import Foundation
import Synchronization

/// One line on stderr that is rewritten in place on a terminal; elsewhere a line for each tenth.
final class ProgressLine: Sendable {
  private struct Shown {
    var last = ""
    var tenth = -1
  }

  /// Progress may come from any thread.
  private let shown = Mutex(Shown())
  private let enabled: Bool
  private let onTerminal = isatty(STDERR_FILENO) == 1

  init(enabled: Bool) { self.enabled = enabled }

  /// Of a download, in bytes.
  func show(_ what: String, done: Int, of total: Int) {
    show(
      what, done, of: total, amount: String(format: "%.0f/%.0f MB", Double(done) / 1e6, Double(total) / 1e6))
  }

  /// Of things that are counted.
  func show(_ what: String, _ done: Int, of total: Int, _ unit: String) {
    show(what, done, of: total, amount: "\(done)/\(total) \(unit)")
  }

  private func show(_ what: String, _ done: Int, of total: Int, amount: String) {
    guard enabled else { return }
    shown.withLock { shown in
      let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
      if onTerminal {
        let filled = Int(share * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        let line = "\(what) \(bar) \(amount)"
        guard line != shown.last else { return }
        shown.last = line
        standardError("\r\u{1B}[K\(line)", terminator: "")
      } else {
        let tenth = Int(share * 10)
        guard tenth != shown.tenth || !shown.last.hasPrefix(what) else { return }
        shown.tenth = tenth
        shown.last = what
        standardError("\(what) \(amount)")
      }
    }
  }

  func finish() {
    shown.withLock { shown in
      if onTerminal, !shown.last.isEmpty { standardError("\r\u{1B}[K", terminator: "") }
      shown.last = ""
    }
  }
}
