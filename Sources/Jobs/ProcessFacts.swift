import Foundation

/// What the system knows of this process.
public enum ProcessFacts {
  /// Seconds since the process was started, its loading included; to 10 ms.
  public static var secondsSinceLaunch: Double {
    guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
      let uptime = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8),
      let name = stat.lastIndex(of: ")"),
      let up = uptime.split(separator: " ").first.flatMap({ Double($0) })
    else { return ProcessInfo.processInfo.systemUptime }
    // Field 22 is the start in clock ticks after boot; fields 1 and 2 are left of the last parenthesis.
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    guard fields.count > 19, let ticks = Double(fields[19]) else { return 0 }
    return up - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// The most memory that this process has had in RAM.
  public static var peakResidentBytes: Int { status("VmHWM:") }
  public static var residentBytes: Int { status("VmRSS:") }

  /// The processor time that a process has taken so far, in seconds; `nil` if there is none.
  public static func processorSeconds(of pid: Int32) -> Double? {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = stat.lastIndex(of: ")")
    else { return nil }
    // Fields 14 and 15 are the ticks in user and in kernel mode.
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let kernel = Double(fields[12]) else {
      return nil
    }
    return (user + kernel) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func status(_ key: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
      return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
    return 0
  }
}
