import Foundation
import TerminalUI

/// Numbers in a fixed number of decimals, so that they stand still while they change.
enum Figures {
  /// `1.623`, in six columns at most; `–` if it is not known.
  static func loss(_ value: Double?) -> String {
    guard let value else { return "–" }
    guard value.isFinite, abs(value) < 1000 else { return NumberText.short(value) }
    return String(format: abs(value) < 100 ? "%.3f" : "%.1f", value)
  }

  /// `1.87e-4`
  static func learningRate(_ value: Double?) -> String {
    guard let value else { return "–" }
    guard value.isFinite, value != 0 else { return NumberText.short(value) }
    let parts = String(format: "%.2e", value).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return NumberText.short(value) }
    return "\(parts[0])e\(exponent)"
  }

  /// Whole tokens a second: `1,204`.
  static func rate(_ value: Double?) -> String {
    guard let value, value.isFinite, abs(value) < 1e15 else { return "–" }
    return NumberText.count(Int(value.rounded()))
  }

  /// `812 MB`, `1.24 GB`, in powers of ten as the disk makers have them.
  static func bytes(_ value: Int?) -> String {
    guard let value else { return "–" }
    if value < 1_000_000_000 { return "\(NumberText.count(value / 1_000_000)) MB" }
    return String(format: "%.2f GB", Double(value) / 1e9)
  }

  /// ` 84/120`: the step is padded to the width of the total.
  static func steps(_ step: Int, of total: Int?) -> String {
    guard let total else { return "\(step)" }
    return padded("\(step)", "\(total)".count) + "/\(total)"
  }

  /// A small number as it was set: `0.9`.
  static func plain(_ value: Double) -> String { String(format: "%g", value) }

  /// How long ago something was, in one unit: `3 s`, `12 min`.
  static func age(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "–" }
    switch max(0, seconds) {
    case ..<60: return "\(Int(max(0, seconds))) s"
    case ..<3600: return "\(Int(seconds / 60)) min"
    case ..<86400: return "\(Int(seconds / 3600)) h"
    default: return "\(min(Int(seconds / 86400), 99999)) d"
    }
  }

  /// `12:04:11` in a time zone.
  static func clock(_ date: Date, _ zone: TimeZone) -> String {
    let seconds = date.timeIntervalSince1970 + Double(zone.secondsFromGMT(for: date))
    guard seconds.isFinite, abs(seconds) < 1e12 else { return "--:--:--" }
    let second = ((Int(seconds.rounded(.down)) % 86400) + 86400) % 86400
    return String(format: "%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60)
  }

  /// A text at the right of a number of columns.
  static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
