import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// One figure of a run beside the losses, with its history.
  private struct Strip {
    var label: String
    var value: String
    var series: MetricName
  }

  private func strips(_ run: Run) -> [Strip] {
    [
      Strip(
        label: "learning rate", value: Figures.learningRate(run.learningRate), series: .learningRate),
      Strip(
        label: "gradient norm", value: run.gradientNorm.map(NumberText.short) ?? "–",
        series: .gradientNorm),
      Strip(label: "memory", value: Figures.bytes(run.residentBytes), series: .residentBytes),
      Strip(label: "tokens/s", value: Figures.rate(run.tokensPerSecond), series: .tokensPerSecond),
    ]
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
    grid.pane(
      area, title: title, note: note, footer: run.message.map { StyledText($0, run.state.role) } ?? "")
    let inside = area.insideBox.inset(left: 1, right: 1)
    for (line, strip) in strips(run).prefix(inside.height).enumerated() {
      let row = inside.row(line)
      grid.put(strip.label, x: row.x, y: row.y, .dim)
      let value = Rectangle(x: row.x + 14, y: row.y, width: 9, height: 1)
      grid.put(StyledText(strip.value), in: value, align: .right)
      let history = histories[run.id] ?? RunHistory()
      let points = history[strip.series].current(history.segments)
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

  /// The same figures in one line, where there is no room for strips.
  func stripLine(_ run: Run) -> StyledText {
    let parts: [(String, String)] = [
      ("lr", Figures.padded(Figures.learningRate(run.learningRate), 7)),
      ("grad", Figures.padded(run.gradientNorm.map(NumberText.short) ?? "–", 5)),
      ("mem", Figures.padded(Figures.bytes(run.residentBytes), 7)),
      ("tok/s", Figures.padded(Figures.rate(run.tokensPerSecond), 5)),
    ]
    var line = StyledText("\(run.letter)", run.role, .bold)
    if run.state != .running { line += StyledText(" \(run.state.rawValue)", run.state.role) }
    for (label, value) in parts { line += StyledText("  \(label) ", .dim) + StyledText(value) }
    return line
  }
}
