import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// The metrics beside the losses that have strips: those that every run here has, or, of a followed run, those that
  /// its log has.
  private func stripMetrics(_ run: Run) -> [MetricName] {
    let usual: [MetricName] = [.learningRate, .gradientNorm, .residentBytes, .tokensPerSecond]
    guard isWatching, let history = histories[run.id] else { return usual }
    let known = history.names.filter {
      history[$0].count > 1 && $0 != .trainLoss && $0 != .evalLoss && $0 != "epoch"
    }
    return usual.filter(known.contains) + known.filter { !usual.contains($0) }
  }

  /// The newest value of a metric, as its run tells it.
  private func newest(_ metric: MetricName, _ run: Run) -> Double? {
    switch metric {
    case .learningRate: run.learningRate
    case .gradientNorm: run.gradientNorm
    case .residentBytes: run.residentBytes.map(Double.init)
    case .tokensPerSecond: run.tokensPerSecond
    default: histories[run.id]?[metric].last?.value
    }
  }

  /// Learning rate, gradient norm, memory and speed of the current run, each with its course over the run.
  func drawStrips(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    guard let run = currentRun else { return grid.pane(area, title: "Run") }
    let title = run.badge + StyledText(" · ", .dim) + stateText(run)
    var note = StyledText(run.modelName, .dim)
    if run.state.isAlive || run.state == .followed, let age = newestPointAge(run) {
      note += StyledText(" · newest point \(age) ago", .dim)
    }
    let said = run.labels.note
    let footer = said.isEmpty ? run.message.map { StyledText($0, run.state.role) } ?? "" : StyledText(said)
    grid.pane(area, title: title, note: note, footer: footer)
    let inside = area.insideBox.inset(left: 1, right: 1)
    for (line, metric) in stripMetrics(run).prefix(inside.height).enumerated() {
      let row = inside.row(line)
      grid.put(metric.title, x: row.x, y: row.y, .dim, maximum: 14)
      let value = Rectangle(x: row.x + 14, y: row.y, width: 9, height: 1)
      grid.put(StyledText(metric.text(newest(metric, run))), in: value, align: .right)
      let history = histories[run.id] ?? RunHistory()
      let points = history[metric].current(history.segments)
      // From zero, so that a small change looks small; well above the highest, so that the rows stay apart and quiet.
      let all = points.xRange.map { points.columns(ColumnRequest(x: $0, count: 1)).buckets[0] }
      let highest = all.flatMap { $0.count > 0 ? $0.maximum : nil } ?? 0
      let range = 0...max(highest * 1.5, .leastNonzeroMagnitude)
      Sparkline(points, role: .chartAxis, range: range)
        .draw(in: &grid, row.inset(left: 25))
    }
  }

  private func newestPointAge(_ run: Run) -> String? {
    if let written = histories[run.id]?.writtenAt { return Figures.age(now.timeIntervalSince(written)) }
    return histories[run.id]?[.trainLoss].last.map { Figures.age(now.timeIntervalSince1970 - $0.wallTime) }
  }

  /// `A  84/120  point 1 s ago`: how far a run is, and how old its newest point.
  func placeLine(_ run: Run) -> StyledText {
    var line = StyledText("\(run.letter)", run.role, .bold)
    if run.state != .running { line += StyledText(" ") + stateText(run) }
    line += StyledText("  \(Figures.steps(run.step, of: run.totalSteps))")
    if run.state.isAlive || run.state == .followed, let age = newestPointAge(run) {
      line += StyledText("  point \(age) ago", .dim)
    }
    return line
  }

  /// The same figures in one line, where there is no room for strips.
  func stripLine(_ run: Run) -> StyledText {
    let parts: [(String, String)] = [
      ("lr", Figures.padded(Figures.learningRate(run.learningRate), 7)),
      ("grad", Figures.padded(run.gradientNorm.map(NumberText.short) ?? "–", 5)),
      ("mem", Figures.padded(Figures.bytes(run.residentBytes), 7)),
      ("tok/s", Figures.padded(Figures.rate(run.tokensPerSecond), 5)),
    ]
    var line = placeLine(run)
    for (label, value) in parts where !isWatching || !value.contains("–") {
      line += StyledText("  \(label) ", .dim) + StyledText(value)
    }
    return line
  }
}
