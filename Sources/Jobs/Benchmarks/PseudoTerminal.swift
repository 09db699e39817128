import CProcess
import Foundation

/// A program on a pseudo-terminal, which is measured from the terminal's other end. It is killed when nobody holds it
/// any more. Owned by one thread.
public final class PseudoTerminal {
  public let pid: Int32
  /// ``settings`` before the program had the terminal.
  public let initialSettings: UInt64
  private let master: Int32
  private var buffer = [CChar](repeating: 0, count: 1 << 16)
  private var hasEnded = false
  /// Bytes that the program wrote.
  public private(set) var byteCount = 0

  /// - Throws: `LaunchError`.
  public init(_ words: [String], columns: Int, rows: Int) throws {
    var bytes: [CChar] = []
    for word in words { bytes += word.utf8.map { CChar(bitPattern: $0) } + [0] }
    var master: Int32 = -1
    var settings: UInt64 = 0
    let pid = spawn_on_terminal(bytes, bytes.count, Int32(columns), Int32(rows), &master, &settings)
    guard pid > 0 else {
      throw LaunchError("\(words.first ?? "") was not started: \(String(cString: strerror(-pid)))")
    }
    self.pid = pid
    initialSettings = settings
    self.master = master
  }

  deinit {
    if !hasEnded {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
    close(master)
  }

  public func type(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = write(master, bytes, bytes.count)
  }

  public func send(signal: Int32) { kill(pid, signal) }

  /// Reads for a time, or until nobody has the terminal open.
  ///
  /// - Returns: what came; `nil` when the program is gone and nothing came.
  public func read(seconds: Double) -> [UInt8]? {
    let count = terminal_read(master, &buffer, buffer.count, Int32(max(0, seconds) * 1000))
    guard count >= 0 else { return nil }
    byteCount += count
    return buffer[..<count].map { UInt8(bitPattern: $0) }
  }

  /// Reads until a text was written.
  ///
  /// - Returns: whether it came in that time.
  public func wait(for text: String, seconds: Double) -> Bool {
    let wanted = Array(text.utf8)
    var seen: [UInt8] = []
    let end = DispatchTime.now() + seconds
    while DispatchTime.now() < end {
      guard let new = read(seconds: 0.05) else { return false }
      // What was looked through is let go, but for as much as the text may have begun in.
      seen = seen.suffix(wanted.count - 1) + new
      if seen.firstRange(of: wanted) != nil { return true }
    }
    return false
  }

  /// Reads all that comes until nothing has come for a time.
  public func drain(quietSeconds: Double, atMost seconds: Double) {
    let end = DispatchTime.now() + seconds
    while DispatchTime.now() < end {
      guard let new = read(seconds: quietSeconds), !new.isEmpty else { return }
    }
  }

  /// Equal for equal settings of the line.
  public var settings: UInt64 { terminal_settings_hash(master) }

  /// The processor time that the program has taken so far, in seconds.
  public var processorSeconds: Double? { ProcessFacts.processorSeconds(of: pid) }

  /// Waits for the program's end, reading what it writes.
  ///
  /// - Returns: the wait status, or `nil` if it did not end in that time.
  public func end(seconds: Double) -> Int32? {
    let end = DispatchTime.now() + seconds
    while DispatchTime.now() < end, read(seconds: 0.05) != nil {}
    var status: Int32 = 0
    while DispatchTime.now() < end {
      if waitpid(pid, &status, WNOHANG) == pid {
        hasEnded = true
        return status
      }
      usleep(1000)
    }
    return nil
  }

  /// Waits until the program has stopped itself.
  public func suspends(seconds: Double) -> Bool {
    let end = DispatchTime.now() + seconds
    var status: Int32 = 0
    while DispatchTime.now() < end {
      _ = read(seconds: 0.01)
      if waitpid(pid, &status, WNOHANG | WUNTRACED) == pid { return status & 0xFF == 0x7F }
    }
    return false
  }
}
