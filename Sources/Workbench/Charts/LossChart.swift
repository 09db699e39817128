import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// Train and eval loss of the shown runs: the train loss raw and dim behind its average, the eval loss
  /// dotted.
  func lossChart(width: Int, emptyText: String) -> LineChart {
    let known = shownRuns.compactMap { run in curves[run.id].map { (run, $0) } }
    // Older runs first, so that the newest is drawn on top.
    let series = known.reversed().flatMap { run, curves in Self.series(run, curves) }
    var chart = LineChart(series: series, xLabel: options.progress.axisLabel)
    chart.xRange = progressRange.flatMap { options.window.range(in: $0) }
    chart.xReach = known.compactMap { $1.reach }
    chart.xMeasure = options.progress == .time ? .duration : .number
    chart.yScale = options.lossScale
    chart.cursor = options.cursor
    chart.repeatsLetters = isMono
    chart.emptyText = emptyText
    chart.legend = known.prefix(Self.legendLimit).map {
      legendEntry($0, $1, isShort: width < 90)
    }
    if known.count > Self.legendLimit {
      let rest = known.count - Self.legendLimit
      chart.legend.append(LegendEntry(role: .dim, title: "and \(rest) more"))
    }
    return chart
  }

  /// The x axis of all shown runs, to where it will reach when all points are read; `nil` without points.
  var progressRange: ClosedRange<Double>? {
    let known = shownRuns.compactMap { curves[$0.id] }
    let ranges = known.flatMap { ($0.train + $0.eval + $0.preview).compactMap(\.points.xRange) }
    let reach = known.compactMap(\.reach).filter(\.isFinite)
    guard let low = (ranges.map(\.lowerBound) + reach).min(),
      let high = (ranges.map(\.upperBound) + reach).max()
    else { return nil }
    return low...high
  }

  private static let legendLimit = 6

  private static func series(_ run: Run, _ curves: RunCurves) -> [ChartSeries] {
    let isSmoothed = !curves.smoothedTrain.isEmpty
    let raw = ChartSeries(
      name: "\(run.name) train", letter: isSmoothed ? nil : run.letter, role: run.role,
      segments: curves.train, emphasis: isSmoothed ? .background : .normal)
    let smoothed = ChartSeries(
      name: "\(run.name) train, smoothed", letter: run.letter, role: run.role,
      segments: curves.smoothedTrain, marksNonFinite: false)
    var eval = ChartSeries(
      name: "\(run.name) eval", role: run.role, segments: curves.eval, line: .dotted, marksPoints: true)
    // The first evaluation after a resume is not where it happened.
    eval.marksSegments = false
    var preview = ChartSeries(
      name: "\(run.name) train, not read yet", role: run.role, segments: curves.preview,
      emphasis: .background,
      marksNonFinite: false)
    preview.marksSegments = false
    let train = curves.preview.isEmpty ? [raw] : [preview, raw]
    return isSmoothed ? train + [smoothed, eval] : train + [eval]
  }

  /// Name, and under it the train and eval loss: the newest, or those at the cursor.
  private func legendEntry(_ run: Run, _ curves: RunCurves, isShort: Bool) -> LegendEntry {
    let train: Double?
    let eval: Double?
    if let cursor = options.cursor {
      let smoothed = curves.smoothedTrain.isEmpty ? curves.train : curves.smoothedTrain
      train = Self.nearest(smoothed, cursor)
      eval = Self.nearest(curves.eval, cursor)
    } else {
      train = curves.latestTrain ?? run.trainLoss
      eval = run.evalLoss
    }
    var losses =
      StyledText("\(glyphs.horizontal) ", run.role)
      + StyledText(Figures.padded(Figures.loss(train), 5))
      + StyledText("  \(glyphs.dottedHorizontal) ", run.role)
      + StyledText(Figures.padded(Figures.loss(eval), 5))
    if !isShort, options.cursor == nil, let best = run.bestEvalLoss {
      losses += StyledText(" best ", .dim) + StyledText(Figures.loss(best))
    }
    if isOverfitting(run) { losses += StyledText(" \(glyphs.arrowUp)\(isShort ? "" : " rising")", .warning) }
    return LegendEntry(letter: run.letter, role: run.role, title: run.name, details: [losses])
  }

  private static func nearest(_ segments: [ChartSegment], _ x: Double) -> Double? {
    segments.filter { !$0.isSuperseded }.compactMap { $0.points.nearest(to: x) }
      .min { abs($0.x - x) < abs($1.x - x) }?.y
  }

  /// Draws the chart in a box, its title saying what is seen.
  func drawLossChart(
    in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool, footer: StyledText = ""
  ) {
    guard !area.isEmpty else { return }
    var facts = ChartFacts()
    let chart = lossChart(width: area.width, emptyText: emptyCurvesText)
    grid.clipped(to: area.insideBox) { facts = chart.draw(in: &$0, area.insideBox) }
    var note = facts.note(grid.glyphs)
    for text in [coarseText, loadingText].compactMap(\.self) {
      note = note.isEmpty ? text : note + StyledText(" · ", .dim) + text
    }
    let title = StyledText("Loss") + StyledText(" · \(options.summary(of: progressRange))", .dim)
    grid.pane(area, title: title, note: note, footer: footer, isFocused: isFocused)
  }

  private var emptyCurvesText: String {
    if !isLoaded { return "Loading …" }
    if runs.isEmpty { return isWatching ? emptyWatchText : "No runs yet — press n for a new run" }
    let shown = shownRuns
    if shown.contains(where: { histories[$0.id] == nil }) { return "Loading …" }
    guard shown.count == 1, let run = shown.first else { return "No points yet" }
    if isWatching { return "\(run.name) has no loss in its log\(run.message.map { ": \($0)" } ?? "")" }
    switch run.state {
    case .queued: return "\(run.name) waits for its worker"
    case .starting: return "\(run.name) is starting: it reads the model and the pairs"
    case .failed: return "\(run.name) failed before its first step\(run.message.map { ": \($0)" } ?? "")"
    default: return "\(run.name) has no points yet"
    }
  }

  /// `in 64s, not smoothed`, of a run too long to keep each point.
  private var coarseText: StyledText? {
    let grain = shownRuns.compactMap { histories[$0.id]?[.trainLoss].values.grain }.max() ?? 1
    return grain > 1 ? StyledText("in \(NumberText.count(grain))s, not smoothed", .warning) : nil
  }

  /// `loading 43 %`, while the points of the shown runs are being read.
  private var loadingText: StyledText? {
    let parts = shownRuns.compactMap { histories[$0.id] }.filter { !$0.isComplete }
    guard !parts.isEmpty else { return nil }
    let share = parts.reduce(0) { $0 + $1.loadedShare } / Double(parts.count)
    return StyledText("loading \(Int(share * 100)) %", .accent)
  }
}

extension CellGrid {
  /// A box with a title; the one that has the focus stands out.
  mutating func pane(
    _ area: Rectangle, title: StyledText, note: StyledText = "", footer: StyledText = "",
    isFocused: Bool = false
  ) {
    box(area, title: title, note: note, footer: footer, border: Style(isFocused ? .accent : .border))
  }
}
