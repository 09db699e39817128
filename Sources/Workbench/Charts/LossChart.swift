import Foundation
import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// Train and eval loss of the shown runs: the train loss raw and dim behind its average, the eval loss
  /// dotted.
  func lossChart(width: Int, emptyText: String) -> LineChart {
    let known = shownRuns.compactMap { run in curves[run.id].map { (run, $0) } }
    // Older runs first, so that the newest is drawn on top.
    let series = known.reversed().flatMap { run, curves in Self.series(run, curves) }
    var chart = progressChart(series)
    chart.xReach = known.compactMap { $1.reach }
    chart.yScale = options.lossScale
    chart.emptyText = emptyText
    annotate(&chart, known)
    chart.legend = known.prefix(Self.legendLimit).map {
      legendEntry($0, $1, isShort: width < 90)
    }
    if known.count > Self.legendLimit {
      let rest = known.count - Self.legendLimit
      chart.legend.append(LegendEntry(role: .dim, title: "and \(rest) more"))
    }
    return chart
  }

  /// A chart over the progress of the shown runs: all charts of a screen share the x axis and what is looked at on it.
  func progressChart(_ series: [ChartSeries]) -> LineChart {
    var chart = LineChart(series: series, xLabel: options.progress.axisLabel(isShort: size.width < 60))
    chart.xRange = progressRange.flatMap { options.window.range(in: $0) }
    chart.xMeasure = xMeasure
    chart.cursor = options.cursor
    chart.pin = options.pin
    chart.clipsOutliers = options.clipsOutliers
    chart.repeatsLetters = isMono
    return chart
  }

  private var xMeasure: AxisMeasure {
    switch options.progress {
    case .step, .tokens, .epoch: .number
    case .time: .duration
    case .wall: .clock(offset: timeZone.secondsFromGMT(for: now))
    }
  }

  /// The x axis of all shown runs, to where it will reach when all points are read; `nil` without points.
  var progressRange: ClosedRange<Double>? {
    let known = shownRuns.compactMap { curves[$0.id] }
    let ranges = known.flatMap { curves in
      let losses = curves.train + curves.eval + curves.preview
      return (losses.isEmpty ? curves.main : losses).compactMap(\.points.xRange)
    }
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
    if let cursor = options.cursor { return legendEntry(run, curves, at: cursor) }
    var losses =
      StyledText("\(glyphs.horizontal) ", run.role)
      + StyledText(Figures.padded(Figures.loss(curves.latestTrain ?? run.trainLoss), 5))
      + StyledText("  \(glyphs.dottedHorizontal) ", run.role)
      + StyledText(Figures.padded(Figures.loss(run.evalLoss), 5))
    if !isShort, let best = run.bestEvalLoss {
      losses += StyledText(" best ", .dim) + StyledText(Figures.loss(best))
    }
    if isOverfitting(run) { losses += StyledText(" \(glyphs.arrowUp)\(isShort ? "" : " rising")", .warning) }
    return LegendEntry(letter: run.letter, role: run.role, title: run.name, details: [losses])
  }

  /// The same at the cursor, where they were measured, and under it how they differ from those at the pin.
  private func legendEntry(_ run: Run, _ curves: RunCurves, at cursor: Double) -> LegendEntry {
    let losses = [
      (glyphs.horizontal, curves.smoothedTrain.isEmpty ? curves.train : curves.smoothedTrain),
      (glyphs.dottedHorizontal, curves.eval),
    ]
    let readings = losses.map { Reading($1, at: cursor) }
    var values = StyledText()
    for (loss, reading) in zip(losses, readings) {
      values += StyledText(values.isEmpty ? "\(loss.0) " : "  \(loss.0) ", run.role)
      values += StyledText(Figures.padded(Figures.loss(reading?.point.y), 5))
      if let reading, !reading.isExact { values += StyledText(" @\(placeText(reading.point.x))", .dim) }
    }
    var details = [values]
    if let pin = options.pin {
      let differences = zip(losses, readings).map { loss, reading in
        Reading(loss.1, at: pin).flatMap { pinned in reading.map { $0.point.y - pinned.point.y } }
      }
      let texts = differences.map { $0.map { ($0 < 0 ? "−" : "+") + Figures.loss(abs($0)) } ?? "–" }
      details.append(StyledText("Δ \(texts[0])  \(texts[1])", .accent))
    }
    return LegendEntry(letter: run.letter, role: run.role, title: run.name, details: details)
  }

  /// A place on the x axis, in few columns.
  func placeText(_ x: Double) -> String {
    switch options.progress {
    case .step, .tokens: x == x.rounded() && abs(x) < 1e9 ? NumberText.count(Int(x)) : NumberText.short(x)
    case .epoch: NumberText.short(x)
    case .time: NumberText.duration(seconds: x)
    case .wall: Figures.clock(Date(timeIntervalSince1970: x), timeZone)
    }
  }

  /// Marks the best evaluation of every run, and on the axis what happened to the current one.
  private func annotate(_ chart: inout LineChart, _ known: [(Run, RunCurves)]) {
    for (run, curves) in known {
      guard let step = run.bestStep, let history = histories[run.id],
        let index = history[.evalLoss].lastIndex(ofStep: step, history.segments)
      else { continue }
      // The evaluation's own place: by the clock it is behind its step's.
      let best = history[.evalLoss][index]
      chart.marks.append(
        ChartMark(ChartPoint(x: curves.axis.x(of: best), y: best.value), glyph: glyphs.best, role: run.role))
    }
    let chosen = screen == .runs ? currentRun?.id : known.first?.0.id
    guard let (run, curves) = known.first(where: { $0.0.id == chosen }) else { return }
    for kind in RunEvent.Kind.onTheAxis {
      for event in events[run.id] ?? [] where event.kind == kind {
        guard let x = curves.axis.x(ofStep: event.step),
          let glyph = kind.glyph(isAscii: glyphs.isAscii).first
        else { continue }
        chart.events.append(ChartEvent(x: x, glyph: glyph, role: kind == .checkpoint ? run.role : kind.role))
      }
    }
  }

  /// Draws the chart in a box, its title saying what is seen.
  func drawLossChart(
    in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool, footer: StyledText = ""
  ) {
    guard !area.isEmpty else { return }
    if options.showsAllMetrics, screen == .runs {
      return drawMetricGrid(in: &grid, area, isFocused: isFocused, footer: footer)
    }
    var facts = ChartFacts()
    let chart = lossChart(width: area.width, emptyText: emptyCurvesText)
    grid.clipped(to: area.insideBox) { facts = chart.draw(in: &$0, area.insideBox) }
    var note = facts.note(grid.glyphs)
    for text in [coarseText, loadingText].compactMap(\.self) {
      note = note.isEmpty ? text : note + StyledText(" · ", .dim) + text
    }
    let title = lossTitle(beside: note.width, width: area.width - 4)
    grid.pane(area, title: title, note: note, footer: footer, isFocused: isFocused)
  }

  /// `Loss · x step · EMA 0.9`, shorter where what could not be drawn would have no room beside it.
  private func lossTitle(beside noteWidth: Int, width: Int) -> StyledText {
    let titles = CurveOptions.SummaryLength.allCases.map { length in
      let summary = options.summary(of: progressRange, length)
      return StyledText("Loss") + StyledText(summary.isEmpty ? "" : " · \(summary)", .dim)
    }
    let fitting = titles.first { $0.width + (noteWidth > 0 ? noteWidth + 3 : 0) <= width }
    return fitting ?? titles[titles.count - 1]
  }

  /// Where the chart under a place has its plot, found by drawing it.
  func chartGeometry(at point: Point) -> ChartGeometry? {
    let area = chartsArea.insideBox
    guard area.contains(point) else { return nil }
    var grid = CellGrid(size: size, glyphs: glyphs)
    guard options.showsAllMetrics, screen == .runs else {
      return lossChart(width: chartsArea.width, emptyText: "").draw(in: &grid, area).geometry
    }
    let metrics = shownMetrics
    let found = metricGridLayout(chartsArea).places.first { $0.area.inset(top: 1).contains(point) }
    guard let (index, place) = found, metrics.indices.contains(index) else { return nil }
    var chart = metricChart(metrics[index])
    chart.minimumLabelWidth = 6
    return chart.draw(in: &grid, place.inset(top: 1)).geometry
  }

  /// The pane of the charts.
  var chartsArea: Rectangle {
    switch screen {
    case .overview: overviewLayout.curves
    case .runs: runsLayout.curves
    }
  }

  var emptyCurvesText: String {
    if !isLoaded { return "Loading …" }
    if runs.isEmpty { return isWatching ? emptyWatchText : noRunsText }
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
  var loadingText: StyledText? {
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

/// What was measured nearest to a cursor. It is told at its own place: nothing is interpolated, and nothing told beyond
/// the ends of a curve.
struct Reading: Equatable {
  var point: ChartPoint
  /// Whether it was measured right there.
  var isExact: Bool

  init?(_ segments: [ChartSegment], at x: Double) {
    let current = segments.filter { !$0.isSuperseded }
    let ranges = current.compactMap(\.points.xRange)
    guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max(),
      (low...high).contains(x),
      let nearest = current.compactMap({ $0.points.nearest(to: x) }).min(by: { abs($0.x - x) < abs($1.x - x) }
      )
    else { return nil }
    point = nearest
    isExact = abs(nearest.x - x) <= max(abs(x), high - low) * 1e-9
  }
}

extension RunEvent.Kind {
  /// What is marked on the x axis, the most telling last, on top of the others.
  fileprivate static let onTheAxis: [RunEvent.Kind] = [.checkpoint, .overfitting, .learningRate, .earlyStop]
}
