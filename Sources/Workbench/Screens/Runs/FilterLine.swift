import ProjectStore
import TerminalUI

/// The line in which a filter is typed, while the list shows what passes already.
struct FilterLine: Sendable {
  var field: TextField
  /// The filter that is on again after Esc.
  let before: RunFilter
  /// What is wrong with the text; the list shows what the last right text let pass.
  var problem: RunFilter.ParseError?

  init(_ filter: RunFilter) {
    field = TextField(filter.text)
    before = filter
  }
}

extension WorkbenchState {
  mutating func handleFilter(_ key: Key, _ line: FilterLine) {
    var line = line
    switch key {
    case .enter:
      take(&line, isDone: true)
      guard line.problem == nil else {
        overlay = .filter(line)
        return
      }
      overlay = nil
      runList.selected = currentRun?.id ?? runList.selected
    case .escape:
      overlay = nil
      runList.wish.filter = line.before
    case .up: move(.moveUp)
    case .down: move(.moveDown)
    case .pageUp: move(.pageUp)
    case .pageDown: move(.pageDown)
    default:
      if line.field.handle(key) { take(&line) }
      overlay = .filter(line)
    }
  }

  mutating func pasteIntoFilter(_ text: String, _ line: FilterLine) {
    var line = line
    line.field.insert(text)
    take(&line)
    overlay = .filter(line)
  }

  /// Lets the list follow the text, if it is right.
  ///
  /// - Parameter isDone: a last word that may yet become `eval<1.5` is not waited for.
  private mutating func take(_ line: inout FilterLine, isDone: Bool = false) {
    do throws(RunFilter.ParseError) {
      let filter = try RunFilter(parsing: line.field.text)
      if let slip = unknownField(of: filter) { throw slip }
      line.problem = nil
      let before = runList.wish.filter
      runList.wish.filter = filter
      settleListing()
      if !isDone, listing.runs.isEmpty, filter.endsInFieldName {
        runList.wish.filter = before
        settleListing()
      }
    } catch {
      line.problem = error
    }
  }

  /// Draws the line into the bottom row, and what is to be said of it into the one above.
  func drawFilterLine(_ line: FilterLine, in grid: inout CellGrid, _ row: Rectangle, hint: Rectangle) {
    grid.fill(row)
    let count = countText
    grid.put(StyledText(count, .accent), in: row, align: .right)
    grid.put(StyledText("/", .key, .bold), in: row)
    line.field.draw(
      in: &grid, row.inset(left: 1, right: DisplayText.width(count) + 1), isFocused: true,
      highlight: line.problem?.range)
    if let problem = line.problem {
      grid.fill(hint)
      grid.put(
        StyledText("\(glyphs.arrowUp) ", .bad, .bold) + StyledText(problem.problem, .bad), in: hint)
    } else if line.field.characters.isEmpty {
      grid.fill(hint)
      grid.put(StyledText("eval<1.5 state:running tag:x lora_r:16 age<2h /regex/ -not", .dim), in: hint)
    }
  }

  /// `12 of 2,000`
  var countText: String {
    let shown = NumberText.count(listing.runs.count)
    return runList.wish.filter.isEmpty ? shown : "\(shown) of \(NumberText.count(listing.total))"
  }
}
