import TerminalUI

/// Every action of the workbench by its name. The key table, the hints, the help and the palette are made of
/// these.
enum Action: String, CaseIterable, Sendable {
  case moveDown = "list.down"
  case moveUp = "list.up"
  case moveToFirst = "list.first"
  case moveToLast = "list.last"
  case pageDown = "list.page-down"
  case pageUp = "list.page-up"

  case newRun = "runs.new"
  case openRuns = "overview.open"
  case markRun = "runs.mark"
  case pauseRun = "runs.pause"
  case stopRun = "runs.stop"
  case resumeRun = "runs.resume"
  case checkpoint = "runs.checkpoint"
  case evaluate = "runs.evaluate"
  case learningRate = "runs.learning-rate"
  case toggleDetails = "runs.details"
  case filterRuns = "runs.filter"
  case nextMatch = "filter.next"
  case previousMatch = "filter.previous"
  case sortByNext = "runs.sort"
  case sortReversed = "runs.sort-reversed"
  case editTags = "runs.tags"
  case editNote = "runs.note"
  case pinRun = "runs.pin"
  case archiveRun = "runs.archive"
  case showArchived = "runs.show-archived"
  case deleteRun = "runs.delete"
  case undo = "runs.undo"
  case compareRuns = "runs.compare"

  case progressAxis = "chart.progress"
  case lossScale = "chart.scale"
  case smoothMore = "chart.smoother"
  case smoothLess = "chart.rougher"
  case cursorRight = "chart.cursor-right"
  case cursorLeft = "chart.cursor-left"
  case zoomIn = "chart.zoom-in"
  case zoomOut = "chart.zoom-out"
  case panLeft = "chart.pan-left"
  case panRight = "chart.pan-right"
  case showAll = "chart.show-all"
  case pinCursor = "chart.pin"
  case zoomToPin = "chart.zoom-to-pin"
  case clipOutliers = "chart.clip"
  case allMetrics = "chart.metrics"
  case exportChart = "chart.export"
  case copyValues = "chart.copy"

  case nextPane = "pane.next"
  case previousPane = "pane.previous"
  case showOverview = "screen.overview"
  case showRuns = "screen.runs"
  case alerts = "alerts"
  case help = "help"
  case palette = "palette"
  case nextTheme = "theme.next"
  case toggleMouse = "mouse"
  case leave = "back"
  case quit = "quit"
}

extension Action {
  var title: String {
    switch self {
    case .moveDown: "down"
    case .moveUp: "up"
    case .moveToFirst: "to the first"
    case .moveToLast: "to the last"
    case .pageDown: "a page down"
    case .pageUp: "a page up"
    case .newRun: "new run"
    case .openRuns: "open runs"
    case .markRun: "overlay"
    case .pauseRun: "pause"
    case .stopRun: "stop"
    case .resumeRun: "resume an ended run"
    case .checkpoint: "checkpoint now"
    case .evaluate: "evaluate now"
    case .learningRate: "set learning rate"
    case .toggleDetails: "details on or off"
    case .filterRuns: "filter"
    case .nextMatch: "next match"
    case .previousMatch: "previous match"
    case .sortByNext: "sort by the next column"
    case .sortReversed: "reverse the order"
    case .editTags: "tags"
    case .editNote: "note"
    case .pinRun: "pin on top"
    case .archiveRun: "archive"
    case .showArchived: "show or hide archived"
    case .deleteRun: "delete"
    case .undo: "undo an edit or a deletion"
    case .compareRuns: "compare recipes"
    case .progressAxis: "x axis"
    case .lossScale: "log or linear loss"
    case .smoothMore: "smoother"
    case .smoothLess: "less smooth"
    case .cursorRight: "cursor right"
    case .cursorLeft: "cursor left"
    case .zoomIn: "zoom in"
    case .zoomOut: "zoom out"
    case .panLeft: "earlier"
    case .panRight: "later"
    case .showAll: "whole curves"
    case .pinCursor: "pin the cursor, to compare"
    case .zoomToPin: "zoom to pin … cursor"
    case .clipOutliers: "clip outliers"
    case .allMetrics: "all metrics or losses"
    case .exportChart: "export curves"
    case .copyValues: "copy the values"
    case .nextPane: "next pane"
    case .previousPane: "previous pane"
    case .showOverview: "Overview"
    case .showRuns: "Runs"
    case .alerts: "alerts"
    case .help: "help"
    case .palette: "commands"
    case .nextTheme: "next theme"
    case .toggleMouse: "mouse on or off"
    case .leave: "back"
    case .quit: "quit"
    }
  }

  var keys: [Key] {
    switch self {
    case .moveDown: [.character("j"), .down]
    case .moveUp: [.character("k"), .up]
    case .moveToFirst: [.character("g"), .home]
    case .moveToLast: [.character("G"), .end]
    case .pageDown: [.pageDown, .control("d")]
    case .pageUp: [.pageUp, .control("u")]
    case .newRun: [.character("n")]
    case .openRuns: [.enter]
    case .markRun: [.character(" ")]
    case .pauseRun: [.character("p")]
    case .stopRun: [.character("s")]
    case .resumeRun: [.character("R")]
    case .checkpoint: [.character("c")]
    case .evaluate: [.character("e")]
    case .learningRate: [.character("L")]
    case .toggleDetails: [.character("f")]
    case .filterRuns: [.character("/")]
    case .nextMatch: [.character("n")]
    case .previousMatch: [.character("N")]
    case .sortByNext: [.character("o")]
    case .sortReversed: [.character("O")]
    case .editTags: [.character("T")]
    case .editNote: [.character("i")]
    case .pinRun: [.character("P")]
    case .archiveRun: [.character("a")]
    case .showArchived: [.character("A")]
    case .deleteRun: [.character("D")]
    case .undo: [.character("u")]
    case .compareRuns: [.character("d")]
    case .progressAxis: [.character("x")]
    case .lossScale: [.character("y")]
    case .smoothMore: [.character("+"), .character("=")]
    case .smoothLess: [.character("-")]
    case .cursorRight: [.right, .character("l")]
    case .cursorLeft: [.left, .character("h")]
    case .zoomIn: [.character("z")]
    case .zoomOut: [.character("Z")]
    case .panLeft: [.character("[")]
    case .panRight: [.character("]")]
    case .showAll: [.character("0")]
    case .pinCursor: [.character("v")]
    case .zoomToPin: [.character("b")]
    case .clipOutliers: [.character("C")]
    case .allMetrics: [.character("w")]
    case .exportChart: [.character("E")]
    case .copyValues: [.character("Y")]
    case .nextPane: [.tab]
    case .previousPane: [.backTab]
    case .showOverview: [.character("1")]
    case .showRuns: [.character("2")]
    case .alerts: [.character("!")]
    case .help: [.character("?")]
    case .palette: [.character(":")]
    case .nextTheme: [.character("t")]
    case .toggleMouse: [.character("m")]
    case .leave: [.escape]
    case .quit: [.character("q")]
    }
  }

  var section: String {
    switch self {
    case .moveDown, .moveUp, .moveToFirst, .moveToLast, .pageDown, .pageUp: Section.lists
    case .markRun, .pauseRun, .stopRun, .resumeRun, .checkpoint, .evaluate, .learningRate, .toggleDetails,
      .filterRuns, .sortByNext, .sortReversed, .editTags, .editNote, .pinRun, .archiveRun, .showArchived,
      .deleteRun, .undo, .compareRuns:
      Section.runs
    case .nextMatch, .previousMatch: Section.filter
    case .openRuns: Section.overview
    case .newRun, .progressAxis, .lossScale, .smoothMore, .smoothLess, .cursorRight, .cursorLeft, .zoomIn,
      .zoomOut, .panLeft, .panRight, .showAll, .pinCursor, .zoomToPin, .clipOutliers, .allMetrics,
      .exportChart,
      .copyValues:
      Section.curves
    case .nextPane, .previousPane, .showOverview, .showRuns, .alerts, .help, .palette, .nextTheme,
      .toggleMouse, .leave, .quit:
      KeyTable.everywhere
    }
  }

  /// Groups of actions; a screen says which of them count on it.
  enum Section {
    static let overview = "Overview"
    static let runs = "Runs"
    /// Counts while a filter is on.
    static let filter = "Filter"
    static let lists = "Lists"
    static let curves = "Curves"
  }

  var command: Command { Command(name: rawValue, title: title, keys: keys, section: section) }

  /// The one table behind dispatch, hints, help and palette.
  static let keyTable = KeyTable(allCases.map(\.command))
}
