import ProjectStore
import TerminalUI
import TextPatterns

/// Which metrics the grid shows: those whose name a regular expression finds, without regard to case.
struct MetricFilter: Hashable, Sendable {
  /// As it was typed; empty lets all pass.
  private(set) var text = ""

  static let all = MetricFilter()

  private init() {}

  /// - Throws: `TextPattern.SyntaxError`.
  init(parsing text: String) throws(TextPattern.SyntaxError) {
    _ = try Self.pattern(text)
    self.text = text
  }

  var isEmpty: Bool { text.isEmpty }

  /// A name is short and typed at: a longer pattern is a mistake.
  private static func pattern(_ text: String) throws(TextPattern.SyntaxError) -> TextPattern {
    try TextPattern(text, ignoresCase: true, maximumLength: 300)
  }

  /// The names that pass, by Assay's name or as people call it.
  func passed(_ names: [MetricName]) -> [MetricName] {
    guard !text.isEmpty, let pattern = try? Self.pattern(text) else { return names }
    return names.filter {
      pattern.isFound(in: String($0.rawValue.prefix(200))) || pattern.isFound(in: $0.title)
    }
  }
}

/// The line in which a filter of metrics is typed, while the grid shows what passes already.
struct MetricFilterLine: Sendable {
  var field: TextField
  /// The filter that is on again after Esc.
  let before: MetricFilter
  /// What is wrong with the text; the grid shows what the last right text let pass.
  var problem: String?

  init(_ filter: MetricFilter) {
    field = TextField(filter.text)
    before = filter
  }
}

extension WorkbenchState {
  mutating func handleMetricFilter(_ key: Key, _ line: MetricFilterLine) {
    var line = line
    switch key {
    case .enter:
      overlay = line.problem == nil ? nil : .metricFilter(line)
    case .escape:
      overlay = nil
      options.metricFilter = line.before
    default:
      if line.field.handle(key) { take(&line) }
      overlay = .metricFilter(line)
    }
  }

  mutating func pasteIntoMetricFilter(_ text: String, _ line: MetricFilterLine) {
    var line = line
    line.field.insert(text)
    take(&line)
    overlay = .metricFilter(line)
  }

  private mutating func take(_ line: inout MetricFilterLine) {
    do throws(TextPattern.SyntaxError) {
      options.metricFilter = try MetricFilter(parsing: line.field.text)
      runList.metricOffset = 0
      line.problem = nil
    } catch {
      line.problem = "it \(error.problem)"
    }
  }

  /// Draws the line into the bottom row, and what is to be said of it into the one above.
  func drawMetricFilterLine(
    _ line: MetricFilterLine, in grid: inout CellGrid, _ row: Rectangle, hint: Rectangle
  ) {
    grid.fill(row)
    let count = StyledText("\(shownMetrics.count) of \(knownMetrics.count) metrics", .accent)
    grid.put(count, in: row, align: .right)
    grid.put(StyledText("/", .key, .bold), in: row)
    line.field.draw(in: &grid, row.inset(left: 1, right: count.width + 1), isFocused: true)
    if let problem = line.problem {
      grid.fill(hint)
      grid.put(StyledText("\(glyphs.arrowUp) ", .bad, .bold) + StyledText(problem, .bad), in: hint)
    } else if line.field.characters.isEmpty {
      grid.fill(hint)
      grid.put(
        StyledText("a part of a name, or a regular expression: loss|norm  ^eval  runtime$", .dim), in: hint)
    }
  }
}
