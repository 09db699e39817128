import Foundation

/// Ticks and labels of an axis of calendar time, in seconds since 1970, at round times of a time zone.
struct ClockTicks {
  private static let steps: [Double] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
  ]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds east of Greenwich.
  let offset: Int

  /// The step that cuts a range into at most `wanted` pieces.
  static func step(_ seconds: Double, _ wanted: Int) -> Double {
    let raw = seconds / Double(wanted)
    if let step = steps.first(where: { $0 >= raw }) { return step }
    let weeks = (raw / 604800).rounded(.up)
    return weeks.isFinite ? weeks * 604800 : 604800
  }

  /// Times in a range that are multiples of a step, by the zone's clock.
  func ticks(_ range: ClosedRange<Double>, step: Double, maximum: Int) -> [Axis.Tick] {
    let shift = Double(offset)
    let first = ((range.lowerBound + shift) / step).rounded(.up)
    guard first.isFinite, abs(first * step) < 1e15 else { return [] }
    var ticks: [Axis.Tick] = []
    var index = first
    while index * step - shift <= range.upperBound, ticks.count < maximum {
      ticks.append(Axis.Tick(value: index * step - shift, label: label(index * step - shift, step: step)))
      index += 1
    }
    return ticks
  }

  /// The time of day, or the day where one begins.
  private func label(_ time: Double, step: Double) -> String {
    guard let parts = parts(time) else { return "–" }
    if parts.hour == 0, parts.minute == 0, parts.second == 0 { return day(parts) }
    return step < 60 ? clock(parts) : String(format: "%02d:%02d", parts.hour, parts.minute)
  }

  /// `25 Nov 14:03:07`
  func exact(_ time: Double) -> String {
    guard let parts = parts(time.rounded(.down)) else { return "–" }
    return day(parts) + " " + clock(parts)
  }

  private func day(_ parts: (day: Int, month: Int, hour: Int, minute: Int, second: Int)) -> String {
    "\(parts.day) \(Self.months[parts.month])"
  }

  private func clock(_ parts: (day: Int, month: Int, hour: Int, minute: Int, second: Int)) -> String {
    String(format: "%02d:%02d:%02d", parts.hour, parts.minute, parts.second)
  }

  private func parts(_ time: Double) -> (day: Int, month: Int, hour: Int, minute: Int, second: Int)? {
    guard time.isFinite, abs(time) < 1e12 else { return nil }
    var seconds = time_t(time) + offset
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil, Self.months.indices.contains(Int(parts.tm_mon)) else {
      return nil
    }
    return (
      Int(parts.tm_mday), Int(parts.tm_mon), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)
    )
  }
}
