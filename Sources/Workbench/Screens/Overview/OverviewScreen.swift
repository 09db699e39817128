import ProjectStore
import TerminalUI

/// The pictures of the project together: loss curves, the split of the pairs, the judges' scores.
extension WorkbenchState {
  var overviewLayout: OverviewLayout {
    OverviewLayout(bodyArea, pane: overview.pane, pairRows: runs.isEmpty ? nil : pairRows)
  }

  func drawOverview(in grid: inout CellGrid) {
    let layout = overviewLayout
    let isSingle = layout.isSingle
    let training = aliveRuns.first { $0.state == .running } ?? shownRuns.first
    drawLossChart(
      in: &grid, layout.curves, isFocused: !isSingle && overview.pane == .curves,
      footer: training.map(placeLine) ?? "")
    drawPairs(in: &grid, layout.pairs, isFocused: !isSingle && overview.pane == .pairs)
    drawProgress(in: &grid, layout.progress)
    drawJudges(in: &grid, layout.judges, isFocused: !isSingle && overview.pane == .judges)
  }

  /// How far the shown runs are, where there is room beside the pairs.
  private func drawProgress(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    grid.pane(area, title: aliveRuns.isEmpty ? "Newest runs" : "Active runs")
    let inside = area.insideBox.inset(left: 1, right: 1)
    var rest = inside
    for run in shownRuns where rest.height >= 2 {
      let state = stateText(run)
      grid.put(run.badge, x: rest.x, y: rest.y, maximum: max(0, rest.width - state.width - 2))
      grid.put(state, in: rest.row(0), align: .right)
      let steps = Figures.steps(run.step, of: run.totalSteps)
      let barWidth = max(0, rest.width - steps.count - 13)
      grid.put(progressBar(run, width: barWidth), x: rest.x, y: rest.y + 1)
      grid.put(steps, x: rest.x + barWidth + 1, y: rest.y + 1)
      grid.put(timeLeftText(run), in: rest.row(1), align: .right)
      rest = rest.inset(top: rest.height >= 3 * shownRuns.count - 1 ? 3 : 2)
    }
  }

  private func drawJudges(in grid: inout CellGrid, _ area: Rectangle, isFocused: Bool) {
    guard !area.isEmpty else { return }
    let tested = pairs.count(split: .test)
    let note = tested > 0 ? StyledText("test split, n = \(NumberText.count(tested))", .dim) : ""
    grid.pane(area, title: "Judge scores", note: note, isFocused: isFocused)
    let inside = area.insideBox.inset(left: 1, right: 1)
    let text = """
      No judge scores yet. Here each judge's scores will stand as histograms, the base model beside every tuned run, \
      with the difference of their means and its confidence interval.
      """
    let used = grid.putWrapped(text, in: inside, .dim)
    let how =
      tested > 0
      ? "They judge the answers to the \(NumberText.count(tested)) pairs of the test split."
      : "They judge the answers to pairs of the test split, and there are none yet."
    grid.putWrapped(
      "\(how) `assay judge` will fill this panel.", in: inside.inset(top: used), .dim)
  }
}

struct OverviewLayout: Equatable {
  private(set) var curves: Rectangle
  private(set) var pairs: Rectangle
  private(set) var judges: Rectangle
  /// Empty unless the pairs leave room.
  private(set) var progress: Rectangle
  /// Whether there is room for one pane only.
  private(set) var isSingle = false

  /// `pairRows` are the rows that the pairs' panel can fill; `nil` gives it all there are.
  init(_ area: Rectangle, pane: OverviewView.Pane, pairRows: Int?) {
    let none = Rectangle(x: area.x, y: area.y, width: 0, height: 0)
    progress = none
    if area.width < 80 || area.height < 18 {
      isSingle = true
      curves = pane == .curves ? area : none
      pairs = pane == .pairs ? area : none
      judges = pane == .judges ? area : none
    } else if area.width >= 110 {
      let rows = area.rows([.share(), .fixed(area.height >= 40 ? 9 : 6)])
      let columns = rows[0].columns([.share(1.8), .share(1, minimum: 42, maximum: 70)])
      curves = columns[0]
      judges = rows[1]
      if let pairRows, columns[1].height - pairRows - 2 >= 5 {
        let right = columns[1].rows([.fixed(pairRows + 2), .share()])
        pairs = right[0]
        progress = right[1]
      } else {
        pairs = columns[1]
      }
    } else {
      let rows = area.rows([.share(1.4), .share(1, minimum: 9, maximum: 16)])
      let columns = rows[1].columns([.share(1.5), .share(1)])
      curves = rows[0]
      pairs = columns[0]
      judges = columns[1]
    }
  }
}
