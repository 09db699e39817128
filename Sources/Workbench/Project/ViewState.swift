import Foundation
import ProjectStore
import TerminalUI

/// How the screens were looked at, as it is kept in a project from one session to the next.
///
/// Everything is a plain text, number or list: what another version wrote there and this one does not know leaves the
/// usual in its place.
struct ViewState: Codable, Equatable, Sendable {
  static let version = 1

  var version = Self.version
  var screen: String?
  var filter: String?
  var sort: String?
  var sortsDescending: Bool?
  var showsArchived: Bool?
  var marked: [String]?
  var showsDetails: Bool?
  var progress: String?
  /// Only if it is not the one of the project's settings.
  var smoothing: Double?
  var lossScale: String?
  var clipsOutliers: Bool?
  var showsAllMetrics: Bool?
  var metricFilter: String?
  /// Only if one was chosen by key.
  var theme: String?

  /// Marks beyond any use; a file may hold what it likes.
  private static let maximumMarks = 1000

  init(_ state: WorkbenchState, theme: String?) {
    screen = state.screen.rawValue
    var filter = state.runList.wish.filter
    // What is being typed may be dropped yet.
    if case .filter(let line) = state.overlay { filter = line.before }
    self.filter = filter.text
    sort = state.runList.wish.sort.column.rawValue
    sortsDescending = state.runList.wish.sort.isDescending
    showsArchived = state.runList.wish.showsArchived
    // Logs are numbered as they are found, so another time the numbers are others'.
    marked = state.isWatching ? nil : Array(state.runList.marked.sorted().prefix(Self.maximumMarks))
    showsDetails = state.runList.showsDetails
    progress = state.options.progress.rawValue
    smoothing = state.options.smoothing == state.usualSmoothing ? nil : state.options.smoothing
    lossScale = state.options.lossScale == .logarithmic ? "log" : "linear"
    clipsOutliers = state.options.clipsOutliers
    showsAllMetrics = state.options.showsAllMetrics
    metricFilter = state.options.metricFilter.text
    if case .metricFilter(let line) = state.overlay { metricFilter = line.before.text }
    self.theme = theme
  }

  /// Takes what can be read of each field.
  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    version = try values.decode(Int.self, forKey: .version)
    func value<Value: Decodable>(_ key: CodingKeys) -> Value? {
      (try? values.decodeIfPresent(Value.self, forKey: key)) ?? nil
    }
    screen = value(.screen)
    filter = value(.filter)
    sort = value(.sort)
    sortsDescending = value(.sortsDescending)
    showsArchived = value(.showsArchived)
    marked = value(.marked)
    showsDetails = value(.showsDetails)
    progress = value(.progress)
    smoothing = value(.smoothing)
    lossScale = value(.lossScale)
    clipsOutliers = value(.clipsOutliers)
    showsAllMetrics = value(.showsAllMetrics)
    metricFilter = value(.metricFilter)
    theme = value(.theme)
  }

  /// Lets the screens look so again, and says what of it is not understood any more.
  func apply(to state: inout WorkbenchState) -> String? {
    if let screen = screen.flatMap(WorkbenchState.Screen.init), state.screens.contains(screen) {
      state.screen = screen
    }
    if let column = sort.flatMap(RunSort.Column.init) {
      state.runList.wish.sort = RunSort(column, isDescending: sortsDescending)
    }
    state.runList.wish.showsArchived = showsArchived ?? false
    if !state.isWatching {
      state.runList.marked = Set((marked ?? []).filter { $0.count <= 64 }.prefix(Self.maximumMarks))
    }
    state.runList.showsDetails = showsDetails ?? true
    // The initialiser sees to the bounds.
    var options = smoothing.map { CurveOptions(smoothing: $0) } ?? state.options
    options.progress = progress.flatMap(CurveOptions.Progress.init) ?? options.progress
    options.lossScale = lossScale == "log" ? .logarithmic : .linear
    options.clipsOutliers = clipsOutliers ?? false
    options.showsAllMetrics = showsAllMetrics ?? false
    options.metricFilter = metricFilter.flatMap { try? MetricFilter(parsing: $0) } ?? .all
    state.options = options
    do {
      state.runList.wish.filter = try RunFilter(parsing: filter ?? "")
      return nil
    } catch {
      return "The filter of the last time is not understood, so it is off: \(error)"
    }
  }
}
