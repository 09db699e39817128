import ProjectStore
import TerminalUI

/// Where the charts of a grid are: as many columns as keep them readable, and the rows that are scrolled to.
struct MetricGridLayout: Equatable {
  private static let smallest = Size(width: 34, height: 7)

  let columns: Int
  /// Rows that are seen, of how many there are.
  let rows: Int
  let rowCount: Int
  /// The first row seen.
  let offset: Int
  private let area: Rectangle

  init(_ area: Rectangle, count: Int, offset: Int) {
    self.area = area
    columns = max(1, min(area.width / Self.smallest.width, count))
    rowCount = (count + columns - 1) / columns
    rows = max(1, min(area.height / Self.smallest.height, rowCount))
    self.offset = max(0, min(offset, rowCount - rows))
  }

  /// The charts that are seen, by their index, each with its place.
  var places: [(index: Int, area: Rectangle)] {
    let bands = area.rows(Array(repeating: .share(), count: rows))
    return bands.enumerated().flatMap { row, band in
      band.columns(Array(repeating: .share(), count: columns)).enumerated().map { column, place in
        ((offset + row) * columns + column, place.inset(right: column + 1 < columns ? 1 : 0))
      }
    }
  }
}

extension WorkbenchState {
  /// The metrics of the shown runs that have a curve: losses first, then what every training has, then the others.
  var shownMetrics: [MetricName] { options.metricFilter.passed(knownMetrics) }

  /// The same without the filter.
  var knownMetrics: [MetricName] {
    let shown: [RunHistory] = shownRuns.compactMap { self.histories[$0.id] }
    let names = Set(shown.flatMap { history in history.names.filter { history[$0].count > 1 } })
    let first: [MetricName] = [.trainLoss, .evalLoss]
    let usual: [MetricName] = [.learningRate, .gradientNorm, .tokensPerSecond, .residentBytes]
    // Those are on the x axis.
    let others = names.subtracting(first).subtracting(usual).subtracting(["epoch"]).sorted {
      $0.rawValue < $1.rawValue
    }
    let losses = others.filter { $0.rawValue.lowercased().contains("loss") }
    let rest = others.filter { !losses.contains($0) }
    let ordered: [MetricName] = first + losses + usual + rest
    return ordered.filter(names.contains)
  }

  func metricGridLayout(_ area: Rectangle) -> MetricGridLayout {
    MetricGridLayout(area.insideBox, count: shownMetrics.count, offset: runList.metricOffset)
  }

  /// All metrics of the shown runs as small charts with one x axis and one cursor.
  func drawMetricGrid(in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool, footer: StyledText = "") {
    guard !area.isEmpty else { return }
    let metrics = shownMetrics
    let layout = metricGridLayout(area)
    var note = StyledText()
    if layout.rowCount > layout.rows {
      let last = min(metrics.count, (layout.offset + layout.rows) * layout.columns)
      note = StyledText("\(layout.offset * layout.columns + 1)–\(last) of \(metrics.count)", .dim)
    }
    var title = StyledText("Metrics") + StyledText(" · \(options.summary(of: progressRange))", .dim)
    if !options.metricFilter.isEmpty { title += StyledText(" · /\(options.metricFilter.text)", .accent) }
    grid.pane(area, title: title, note: note, footer: footer, isFocused: isFocused)
    guard !metrics.isEmpty else {
      let text =
        options.metricFilter.isEmpty
        ? emptyCurvesText
        : "No metric matches “\(options.metricFilter.text)” — \(keyName(.filterRuns)) changes it, \(keyName(.leave)) drops it"
      _ = grid.putWrapped(text, in: area.insideBox.inset(left: 1, right: 1), .dim)
      return
    }
    for (index, place) in layout.places where metrics.indices.contains(index) {
      drawMetric(metrics[index], in: &grid, place)
    }
  }

  /// One metric: its name and the values of every run above its curves.
  private func drawMetric(_ metric: MetricName, in grid: inout CellGrid, _ area: Rectangle) {
    guard area.height > 1 else { return }
    var chart = metricChart(metric)
    chart.minimumLabelWidth = 6
    var facts = ChartFacts()
    grid.clipped(to: area) { facts = chart.draw(in: &$0, area.inset(top: 1)) }

    var head = StyledText(metric.title, .text, .bold)
    for run in shownRuns {
      guard let curves = curves[run.id] else { continue }
      let segments = segments(metric, run, curves)
      guard !segments.isEmpty else { continue }
      head += StyledText("  \(run.letter) ", run.role, .bold) + value(metric, run, segments)
    }
    let note = facts.note(grid.glyphs)
    if !note.isEmpty { head += StyledText("  ") + note }
    grid.put(head, in: area.row(0))
  }

  /// The curves of one metric of all shown runs.
  func metricChart(_ metric: MetricName) -> LineChart {
    let known = shownRuns.compactMap { run in curves[run.id].map { (run: run, curves: $0) } }
    let series = known.reversed().flatMap { run, curves -> [ChartSeries] in
      let smoothed = metric == .trainLoss ? curves.smoothedTrain : []
      var raw = ChartSeries(
        name: run.name, letter: smoothed.isEmpty ? run.letter : nil, role: run.role,
        segments: segments(metric, run, curves), emphasis: smoothed.isEmpty ? .normal : .background,
        marksPoints: metric == .evalLoss)
      raw.marksSegments = metric != .evalLoss
      guard !smoothed.isEmpty else { return [raw] }
      return [
        raw,
        ChartSeries(
          name: run.name, letter: run.letter, role: run.role, segments: smoothed, marksNonFinite: false),
      ]
    }
    var chart = progressChart(series)
    chart.xRange = chart.xRange ?? progressRange
    if metric == .trainLoss || metric == .evalLoss { chart.yScale = options.lossScale }
    chart.emptyText = "no points on this axis"
    return chart
  }

  private func segments(_ metric: MetricName, _ run: Run, _ curves: RunCurves) -> [ChartSegment] {
    histories[run.id].map { curves.axis.segments($0[metric]) } ?? []
  }

  /// The value at the cursor, or the newest.
  private func value(_ metric: MetricName, _ run: Run, _ segments: [ChartSegment]) -> StyledText {
    guard let cursor = options.cursor else {
      return StyledText(metric.text(histories[run.id]?[metric].last?.value))
    }
    let reading = Reading(segments, at: cursor)
    let text = StyledText(metric.text(reading?.point.y))
    guard let reading, !reading.isExact else { return text }
    return text + StyledText(" @\(placeText(reading.point.x))", .dim)
  }
}

extension MetricName {
  /// As people of the field call it; the log's own name for what Assay does not know.
  var title: String {
    switch self {
    case .trainLoss: "train loss"
    case .evalLoss: "eval loss"
    case .learningRate: "learning rate"
    case .gradientNorm: "gradient norm"
    case .tokensPerSecond: "tokens/s"
    case .residentBytes: "memory"
    default:
      rawValue.hasPrefix("eval_loss/") ? "eval loss · \(rawValue.dropFirst("eval_loss/".count))" : rawValue
    }
  }

  /// A value of it, with its unit.
  func text(_ value: Double?) -> String {
    guard let value else { return "–" }
    switch self {
    case .trainLoss, .evalLoss: return Figures.loss(value)
    case _ where rawValue.hasPrefix("eval_loss/"): return Figures.loss(value)
    case .learningRate: return Figures.learningRate(value)
    case .tokensPerSecond: return Figures.rate(value)
    case .residentBytes where value.isFinite && abs(value) < 1e18: return Figures.bytes(Int(value))
    default: return NumberText.short(value)
    }
  }
}
