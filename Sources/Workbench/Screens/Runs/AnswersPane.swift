import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// What the current run's model answered last: question, expected, and base beside tuned.
  func drawAnswers(in grid: inout CellGrid, _ area: Rectangle) {
    guard !area.isEmpty else { return }
    let all = currentRun.flatMap { answers[$0.id] } ?? []
    var title = StyledText("Answers")
    if let first = all.first, let run = currentRun {
      title += StyledText(" · ", .dim) + StyledText("\(run.letter)", run.role, .bold)
      title += StyledText(" step \(first.step)", .dim)
    }
    let note =
      all.count > 1
      ? StyledText("\(runList.answerOffset + 1)/\(all.count)", .dim) : ""
    grid.pane(area, title: title, note: note, isFocused: runList.pane == .answers)
    let inside = area.insideBox.inset(left: 1, right: 1)
    guard !all.isEmpty else {
      grid.putWrapped(
        "No sample answers yet: a run answers a few questions of the eval split at its checkpoints.",
        in: inside, .dim)
      return
    }
    var top = 0
    for answer in all.dropFirst(runList.answerOffset) {
      guard top < inside.height else { break }
      top += draw(answer, in: &grid, inside.inset(top: top)) + 1
    }
  }

  /// Draws one answer and returns the rows used.
  private func draw(_ answer: SampleAnswer, in grid: inout CellGrid, _ area: Rectangle) -> Int {
    let role = currentRun?.role ?? .text
    var top = put("Q", answer.question, in: &grid, area, label: Style(.accent, .bold), text: .bold)
    top += put(
      "expected", answer.expected, in: &grid, area.inset(top: top), label: .dim, text: .text, maximum: 3)
    guard area.width >= 56 else {
      top += put(
        "base", answer.baseAnswer ?? "–", in: &grid, area.inset(top: top), label: .dim, text: .text,
        maximum: 3)
      top += put(
        "tuned", answer.answer, in: &grid, area.inset(top: top), label: Style(role, .bold), text: .text,
        maximum: 4)
      return top
    }
    let columns = area.inset(top: top).columns([.share(), .share()], gap: 3)
    grid.put(StyledText("base", .dim), in: columns[0].row(0))
    grid.put(StyledText("tuned", role, .bold), in: columns[1].row(0))
    let below = columns.map { column in
      let rest = column.inset(top: 1)
      return Rectangle(x: rest.x, y: rest.y, width: rest.width, height: min(rest.height, 5))
    }
    let base = grid.putWrapped(answer.baseAnswer ?? "–", in: below[0])
    let tuned = grid.putWrapped(answer.answer, in: below[1])
    return top + 1 + max(base, tuned)
  }

  /// A label and a wrapped text beside it, in at most so many rows.
  private func put(
    _ label: String, _ text: String, in grid: inout CellGrid, _ area: Rectangle, label labelStyle: Style,
    text style: Style, maximum: Int = 2
  ) -> Int {
    guard !area.isEmpty else { return 0 }
    grid.put(StyledText(label, labelStyle), in: area.row(0))
    let room = area.inset(left: 9)
    let place = Rectangle(x: room.x, y: room.y, width: room.width, height: min(maximum, room.height))
    return max(1, grid.putWrapped(text.isEmpty ? "(empty)" : text, in: place, style))
  }
}
