import TerminalUI

/// Where the panes of the Runs screen are: a pure function of the size, so that keys know it as well as
/// drawings.
///
/// Wide: the list above, curves and strips at the left under it, events and answers at the right. At 80
/// columns the right column folds under the left, where events and answers take turns. Smaller: one pane at a
/// time.
struct RunsLayout: Equatable {
  private(set) var list: Rectangle
  private(set) var curves: Rectangle
  private(set) var strips: Rectangle
  private(set) var events: Rectangle
  private(set) var answers: Rectangle

  static let stripRows = 4
  private static let none = Rectangle(x: 0, y: 0, width: 0, height: 0)

  init(size: Size, view: RunsView, runCount: Int, hasAnswers: Bool = true, hasStrips: Bool = true) {
    let body = Rectangle(size).inset(top: 1, bottom: 1)
    list = Self.none
    curves = Self.none
    strips = Self.none
    events = Self.none
    answers = Self.none
    if size.width < 80 || size.height < 20 {
      switch view.pane {
      case .list: list = body
      case .curves: curves = body
      case .events: events = body
      case .answers: answers = body
      }
      return
    }
    // Two borders, the header, and the runs, as long as the curves keep most of the room; half of it without details.
    let listHeight = min(max(runCount, 2) + 3, max(6, body.height / (view.showsDetails ? 4 : 2)))
    let parts = body.rows([.fixed(listHeight), .share()])
    list = parts[0]
    let isWide = size.width >= 110
    guard isWide else {
      let lower = parts[1].rows([
        .share(1, minimum: 8), .fixed(view.showsDetails ? Self.lowHeight(parts[1]) : 0),
      ])
      curves = lower[0]
      if view.showsDetails {
        if view.pane == .answers { answers = lower[1] } else { events = lower[1] }
      }
      return
    }
    let columns =
      view.showsDetails
      ? parts[1].columns([.share(1.7), .share(1, minimum: 42, maximum: 78)]) : [parts[1]]
    let hasStrips = hasStrips && view.showsDetails
    let left = columns[0].rows([.share(1, minimum: 8), .fixed(hasStrips ? Self.stripRows + 2 : 0)])
    curves = left[0]
    if hasStrips, columns[0].height >= 18 { strips = left[1] } else { curves = columns[0] }
    if columns.count > 1 {
      let right = columns[1].rows([.share(1), hasAnswers ? .share(1) : .fixed(0)])
      events = right[0]
      answers = right[1]
    }
  }

  private static func lowHeight(_ area: Rectangle) -> Int { max(5, min(8, area.height / 3)) }
}
