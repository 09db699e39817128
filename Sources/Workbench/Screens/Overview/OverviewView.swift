/// How the Overview is looked at.
struct OverviewView: Equatable, Sendable {
  enum Pane: CaseIterable, Sendable {
    case curves, pairs, judges

    func moved(by step: Int) -> Pane {
      let all = Pane.allCases
      return all[((all.firstIndex(of: self) ?? 0) + step + all.count) % all.count]
    }
  }

  /// The one that is seen where there is room for one only.
  var pane = Pane.curves

  /// Runs shown when none is alive.
  static let newestRuns = 4
}
