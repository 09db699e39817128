import Foundation

/// How values are laid along an axis.
public enum AxisScale: String, Sendable {
  case linear, logarithmic
}

/// What an axis measures, which decides where its ticks stand and how they read.
public enum AxisMeasure: Hashable, Sendable {
  /// Ticks at 1, 2 or 5 times a power of ten, SI suffixes.
  case number
  /// Seconds, shown as seconds, minutes, hours or days; ticks at 1, 2, 5, 10, 15, 30 of them.
  case duration
  /// Seconds since 1970, shown as times of day and days by the clock of a time zone, `offset` seconds east of Greenwich.
  case clock(offset: Int)
}

/// A range of values with its ticks, along `length` pixels.
struct Axis {
  struct Tick: Hashable {
    var value: Double
    var label: String
  }

  let scale: AxisScale
  let range: ClosedRange<Double>
  let ticks: [Tick]

  /// An axis over exactly `range`.
  init(
    _ range: ClosedRange<Double>, scale: AxisScale = .linear, measure: AxisMeasure = .number,
    maximumTicks: Int,
    minimumDecimals: Int = 0
  ) {
    self.scale = scale
    self.range = range
    let wanted = max(2, maximumTicks)
    if scale == .logarithmic {
      ticks = Axis.logarithmicTicks(range, maximum: wanted)
    } else if case .clock(let offset) = measure {
      let step = ClockTicks.step(range.upperBound - range.lowerBound, wanted)
      ticks = ClockTicks(offset: offset).ticks(range, step: step, maximum: wanted * 2)
    } else {
      let step = measure == .duration ? Axis.durationStep(range, wanted) : Axis.step(range, wanted)
      let values = Axis.multiples(of: step, in: range, maximum: wanted * 2)
      let format = TickFormat(step: step, values: values, minimumDecimals: minimumDecimals)
      ticks = values.map { value in
        Tick(value: value, label: measure == .duration ? Axis.duration(value, step) : format.label(value))
      }
    }
  }

  /// An axis that holds all of `data`, its ends at rounded values so that they move seldom while data grows.
  static func around(
    _ data: ClosedRange<Double>, scale: AxisScale = .linear, measure: AxisMeasure = .number,
    maximumTicks: Int,
    minimumDecimals: Int = 0, roundsStart: Bool = true
  ) -> Axis {
    var range = widened(data, scale)
    if scale == .logarithmic {
      range = roundedDown(range.lowerBound)...roundedUp(range.upperBound)
    } else {
      let wanted = max(2, maximumTicks)
      let step = step(range, wanted, measure) / (roundsStart ? 4 : 2)
      let low = (range.lowerBound / step).rounded(.down) * step
      let high = (range.upperBound / step).rounded(.up) * step
      if low.isFinite, high.isFinite, low < high { range = (roundsStart ? low : range.lowerBound)...high }
    }
    return Axis(
      range, scale: scale, measure: measure, maximumTicks: maximumTicks, minimumDecimals: minimumDecimals)
  }

  /// 0 at the start of the range, 1 at its end.
  func fraction(_ value: Double) -> Double {
    let low = range.lowerBound
    let high = range.upperBound
    if scale == .logarithmic {
      guard value > 0 else { return -.infinity }
      let span = log10(high) - log10(low)
      return span > 0 ? (log10(value) - log10(low)) / span : 0.5
    }
    let span = high / 2 - low / 2
    return span > 0 ? (value / 2 - low / 2) / span : 0.5
  }

  // MARK: Ranges

  /// A range with room in it, for values that are all equal or nearly so.
  private static func widened(_ range: ClosedRange<Double>, _ scale: AxisScale) -> ClosedRange<Double> {
    let limit = Double.greatestFiniteMagnitude / 4
    let low = min(max(range.lowerBound, -limit), limit)
    let high = min(max(range.upperBound, -limit), limit)
    let size = max(abs(low), abs(high))
    if scale == .logarithmic {
      let positive = max(low, .leastNormalMagnitude)
      return high > positive * 1.001 ? positive...high : positive / 2...max(high, positive) * 2
    }
    if high - low > size * 1e-9, high - low > .leastNormalMagnitude * 1e6 { return low...high }
    let margin = size > 1e-300 ? size / 10 : 1
    return low - margin...high + margin
  }

  private static func roundedDown(_ value: Double) -> Double {
    let decade = pow(10, log10(value).rounded(.down))
    guard decade > 0 else { return value }
    return [5, 2, 1].map { $0 * decade }.first { $0 <= value * 1.000001 } ?? decade
  }

  private static func roundedUp(_ value: Double) -> Double {
    let decade = pow(10, log10(value).rounded(.down))
    guard decade > 0 else { return value }
    let rounded = [1, 2, 5, 10].map { $0 * decade }.first { $0 >= value * 0.999999 } ?? value
    return rounded.isFinite ? rounded : value
  }

  // MARK: Ticks

  private static func step(
    _ range: ClosedRange<Double>, _ wanted: Int, _ measure: AxisMeasure
  ) -> Double {
    switch measure {
    case .number: step(range, wanted)
    case .duration: durationStep(range, wanted)
    case .clock: ClockTicks.step(range.upperBound - range.lowerBound, wanted)
    }
  }

  /// The smallest of 1, 2, 5 × 10ⁿ that cuts the range into at most `wanted` pieces.
  private static func step(_ range: ClosedRange<Double>, _ wanted: Int) -> Double {
    let raw = (range.upperBound / 2 - range.lowerBound / 2) / Double(wanted) * 2
    guard raw.isFinite, raw > .leastNormalMagnitude else { return 1 }
    let decade = pow(10, log10(raw).rounded(.down))
    return [1, 2, 5, 10].map { $0 * decade }.first { $0 >= raw * 0.999999 } ?? decade * 10
  }

  private static func durationStep(_ range: ClosedRange<Double>, _ wanted: Int) -> Double {
    let raw = (range.upperBound / 2 - range.lowerBound / 2) / Double(wanted) * 2
    let steps: [Double] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    ]
    if raw <= 0.5 { return step(range, wanted) }
    return steps.first { $0 >= raw } ?? step(0...(raw / 86400 * Double(wanted)), wanted) * 86400
  }

  private static func multiples(of step: Double, in range: ClosedRange<Double>, maximum: Int) -> [Double] {
    let first = (range.lowerBound / step - 1e-6).rounded(.up)
    let last = (range.upperBound / step + 1e-6).rounded(.down)
    guard first.isFinite, last.isFinite, last >= first else { return [] }
    let count = Int(min(last - first, Double(maximum)))
    return (0...count).map { (first + Double($0)) * step }.map { $0 == 0 ? 0 : $0 }
  }

  private static func logarithmicTicks(_ range: ClosedRange<Double>, maximum: Int) -> [Tick] {
    let low = log10(range.lowerBound)
    let high = log10(range.upperBound)
    guard low.isFinite, high.isFinite else { return [] }
    let first = Int((low - 1e-9).rounded(.up))
    let last = Int((high + 1e-9).rounded(.down))
    var values: [Double] = []
    if last - first >= 1 {
      let every = max(1, Int((Double(last - first) / Double(maximum)).rounded(.up)))
      let multiples: [Double] = (last - first + 1) * 3 <= maximum + 1 && every == 1 ? [1, 2, 5] : [1]
      for exponent in (first - 1)...last where multiples.count > 1 || (exponent - first) % every == 0 {
        values += multiples.map { $0 * pow(10, Double(exponent)) }
      }
    } else {
      let small: [Double] = [1, 1.5, 2, 3, 5, 7]
      for exponent in (first - 1)...(last + 1) { values += small.map { $0 * pow(10, Double(exponent)) } }
    }
    let inside = values.filter { $0 >= range.lowerBound * 0.999999 && $0 <= range.upperBound * 1.000001 }
    if inside.count < 2 {
      let step = step(range, maximum)
      let linear = multiples(of: step, in: range, maximum: maximum * 2)
      let format = TickFormat(step: step, values: linear, minimumDecimals: 0)
      return linear.map { Tick(value: $0, label: format.label($0)) }
    }
    return inside.map { Tick(value: $0, label: label($0)) }
  }

  /// A power of ten times 1…9, which needs no more digits than its own.
  private static func label(_ value: Double) -> String {
    if value < 0.99e-3 || value >= 0.99e6 { return NumberText.scientific(value, digits: 1) }
    if value >= 0.99e4 { return NumberText.trimmed(String(format: "%.1f", value / 1000)) + "k" }
    return NumberText.trimmed(String(format: "%.4f", value))
  }

  private static func duration(_ value: Double, _ step: Double) -> String {
    let (unit, name): (Double, String)
    switch step {
    case 86400...: (unit, name) = (86400, "d")
    case 3600...: (unit, name) = (3600, "h")
    case 60...: (unit, name) = (60, "min")
    default: (unit, name) = (1, "s")
    }
    return NumberText.trimmed(String(format: "%.3f", value / unit)) + " " + name
  }
}

/// One format for all ticks of an axis: the same suffix and as many decimals as their step needs.
struct TickFormat {
  private let divisor: Double
  private let suffix: String
  private let decimals: Int
  private let isScientific: Bool

  init(step: Double, values: [Double], minimumDecimals: Int) {
    let size = values.map(abs).max() ?? 0
    isScientific = size > 0 && (size < 1e-3 || size >= 1e15)
    (divisor, suffix) = NumberText.si(size)
    let digits = Int((-(log10(step / divisor) + 1e-6)).rounded(.up).clamped(to: 0...12))
    decimals = size < 10 && divisor == 1 ? max(digits, minimumDecimals) : digits
  }

  func label(_ value: Double) -> String {
    if value == 0, isScientific || !suffix.isEmpty { return "0" }
    if isScientific { return NumberText.scientific(value, digits: 3) }
    return String(format: "%.\(decimals)f", value / divisor) + suffix
  }
}

extension Comparable {
  func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
