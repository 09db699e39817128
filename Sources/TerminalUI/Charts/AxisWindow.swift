/// The stretch of an x axis that is shown: all of the data, a part that stays where it is, or the newest part, which
/// moves on with the data.
public enum AxisWindow: Hashable, Sendable {
  case all
  case part(ClosedRange<Double>)
  case newest(width: Double)

  /// The part of the data that is shown; `nil` shows all of it, as when other data have nothing in the part.
  public func range(in data: ClosedRange<Double>) -> ClosedRange<Double>? {
    switch self {
    case .all: nil
    case .part(let range): range.overlaps(data) ? range : nil
    case .newest(let width): max(data.lowerBound, data.upperBound - width)...data.upperBound
    }
  }

  /// How many times larger than all of the data it is shown.
  public func magnification(in data: ClosedRange<Double>) -> Double {
    guard let range = range(in: data), range.upperBound > range.lowerBound else { return 1 }
    return Self.width(data) / Self.width(range)
  }

  /// Shows a part `factor` times as large, or a larger part for a factor below 1. What is at `centre`, or at the end of
  /// a window that follows the newest, stays in its place; the window never leaves the data.
  public mutating func zoom(by factor: Double, around centre: Double?, in data: ClosedRange<Double>) {
    let whole = Self.width(data)
    guard whole > 0, factor > 0 else { return }
    let shown = range(in: data) ?? data
    // Neighbouring numbers must stay apart, or there is no axis to draw.
    let smallest = max(whole * 1e-7, (abs(data.lowerBound).ulp + abs(data.upperBound).ulp) * 1e3)
    let width = max(smallest, Self.width(shown) / factor)
    if width >= whole {
      self = .all
    } else if let centre {
      let share = Self.width(shown) > 0 ? (centre - shown.lowerBound) / Self.width(shown) : 0.5
      place(from: centre - min(max(share, 0), 1) * width, width: width, in: data)
    } else if case .part = self {
      place(from: shown.lowerBound + (Self.width(shown) - width) / 2, width: width, in: data)
    } else {
      self = .newest(width: width)
    }
  }

  /// Moves by a share of what is shown. At the end of the data it follows the newest again.
  public mutating func pan(by share: Double, in data: ClosedRange<Double>) {
    guard let shown = range(in: data) else { return }
    place(from: shown.lowerBound + share * Self.width(shown), width: Self.width(shown), in: data)
  }

  /// Moves just so far that an x is seen.
  public mutating func show(_ x: Double, in data: ClosedRange<Double>) {
    guard let shown = range(in: data), !shown.contains(x) else { return }
    place(from: x < shown.lowerBound ? x : x - Self.width(shown), width: Self.width(shown), in: data)
  }

  /// Shows a stretch; one at the end of the data follows the newest.
  public mutating func show(_ stretch: ClosedRange<Double>, in data: ClosedRange<Double>) {
    let stretch = stretch.clamped(to: data)
    guard Self.width(stretch) > 0 else { return }
    let shown = range(in: data) ?? data
    zoom(by: Self.width(shown) / Self.width(stretch), around: nil, in: data)
    guard let now = range(in: data) else { return }
    place(from: stretch.lowerBound, width: Self.width(now), in: data)
  }

  private mutating func place(from start: Double, width: Double, in data: ClosedRange<Double>) {
    let start = max(start, data.lowerBound)
    self = start >= data.upperBound - width ? .newest(width: width) : .part(start...start + width)
  }

  private static func width(_ range: ClosedRange<Double>) -> Double { range.upperBound - range.lowerBound }
}
