import TerminalUI

/// How curves over a run's progress are shown; the same on all screens.
struct CurveOptions: Hashable, Sendable {
  /// What stands on the x axis.
  enum Progress: String, CaseIterable, Sendable {
    case step, tokens, time

    /// The next one in the cycle.
    var next: Progress {
      let all = Progress.allCases
      return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }

    var axisLabel: String {
      switch self {
      case .step: "step"
      case .tokens: "tokens"
      case .time: "time trained"
      }
    }
  }

  var progress = Progress.step
  var lossScale = AxisScale.linear
  /// Weight of the past in the train loss's moving average; 0 shows the raw values only.
  private(set) var smoothing = 0.9
  /// An x that is looked at.
  var cursor: Double?
  /// The part of the x axis that is shown.
  var window = AxisWindow.all

  static let smoothings = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995]

  init(smoothing: Double = 0.9) {
    self.smoothing = smoothing.isFinite ? min(max(smoothing, 0), 0.999) : 0.9
  }

  /// To the next stronger or weaker smoothing of the list; it stops at the ends.
  mutating func smooth(more: Bool) {
    let next =
      more
      ? Self.smoothings.first { $0 > smoothing + 1e-9 } : Self.smoothings.last { $0 < smoothing - 1e-9 }
    smoothing = next ?? smoothing
  }

  /// `x step · 4× · EMA 0.9 · log y`, for a chart's title.
  ///
  /// - Parameter data: all of the x axis; `nil` without points.
  func summary(of data: ClosedRange<Double>?) -> String {
    var parts = ["x \(progress.axisLabel)"]
    if let data, window != .all { parts.append("\(NumberText.short(window.magnification(in: data)))×") }
    if smoothing > 0 { parts.append("EMA \(Figures.plain(smoothing))") }
    if lossScale == .logarithmic { parts.append("log y") }
    return parts.joined(separator: " · ")
  }
}
