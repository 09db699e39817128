import TerminalUI

/// How curves over a run's progress are shown; the same on all screens.
public struct CurveOptions: Hashable, Sendable {
  /// What stands on the x axis.
  public enum Progress: String, CaseIterable, Sendable {
    case step, tokens, epoch, time, wall

    /// The next one in the cycle.
    var next: Progress {
      let all = Progress.allCases
      return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }

    var axisLabel: String { axisLabel(isShort: false) }

    /// - Parameter isShort: leaves a narrow axis room for its numbers.
    func axisLabel(isShort: Bool) -> String {
      switch self {
      case .step: "step"
      case .tokens: "tokens"
      case .epoch: "epoch"
      case .time: isShort ? "time" : "time trained"
      case .wall: "clock"
      }
    }
  }

  public var progress = Progress.step
  public var lossScale = AxisScale.linear
  /// Weight of the past in the train loss's moving average; 0 shows the raw values only.
  public private(set) var smoothing = 0.9
  /// An x that is looked at.
  var cursor: Double?
  /// An x that the cursor is compared to.
  var pin: Double?
  /// Leaves values that are far from the others out of the y axis; they are counted.
  public var clipsOutliers = false
  /// Shows all metrics as small charts in place of the losses alone.
  public var showsAllMetrics = false
  /// Of all metrics those that are shown.
  var metricFilter = MetricFilter.all
  /// The part of the x axis that is shown.
  var window = AxisWindow.all

  static let smoothings = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995]

  public init(smoothing: Double = 0.9) {
    self.smoothing = smoothing.isFinite ? min(max(smoothing, 0), 0.999) : 0.9
  }

  /// Forgets what is looked at on the x axis, when that is about to be another one.
  mutating func leaveAxis() {
    cursor = nil
    pin = nil
    window = .all
  }

  /// `rough ├──────●──┤ smooth`: the place among the smoothings.
  func smoothingSlider(_ glyphs: Glyphs) -> String {
    let stops = Self.smoothings
    let at = stops.lastIndex { $0 <= smoothing + 1e-9 } ?? 0
    let line = stops.indices.map {
      String(repeating: glyphs.horizontal, count: 2) + ($0 == at ? String(glyphs.marked) : "")
    }
    let end = glyphs.isAscii ? ("|", "|") : ("├", "┤")
    return "raw \(end.0)\(line.joined())\(glyphs.horizontal)\(glyphs.horizontal)\(end.1) smooth · "
      + (smoothing > 0 ? "EMA \(Figures.plain(smoothing))" : "no smoothing")
  }

  /// To the next stronger or weaker smoothing of the list; it stops at the ends.
  mutating func smooth(more: Bool) {
    let next =
      more
      ? Self.smoothings.first { $0 > smoothing + 1e-9 } : Self.smoothings.last { $0 < smoothing - 1e-9 }
    smoothing = next ?? smoothing
  }

  /// How much a summary says: what the axes show themselves is left out first.
  enum SummaryLength: CaseIterable { case full, withoutAxis, smoothingOnly }

  /// `x step · 4× · EMA 0.9 · log y`, for a chart's title.
  ///
  /// - Parameter data: all of the x axis; `nil` without points.
  func summary(of data: ClosedRange<Double>?, _ length: SummaryLength = .full) -> String {
    let smoothingPart = "EMA \(Figures.plain(smoothing))"
    if length == .smoothingOnly { return smoothing > 0 ? smoothingPart : "" }
    var parts = length == .full ? ["x \(progress.axisLabel)"] : []
    if let data, window != .all { parts.append("\(NumberText.short(window.magnification(in: data)))×") }
    if smoothing > 0 { parts.append(smoothingPart) }
    if lossScale == .logarithmic { parts.append("log y") }
    if clipsOutliers { parts.append(length == .full ? "outliers clipped" : "clip") }
    return parts.joined(separator: " · ")
  }
}
