import Foundation
import ProjectStore
import TerminalUI
import TrainingLogs

/// The curves of runs as the Runs screen shows them, for a file: made without a screen.
public struct CurveExport: Sendable {
  private let state: WorkbenchState

  /// The curves of runs of a project, read to their end.
  ///
  /// - Parameter runs: the newest run if there are none.
  /// - Throws: `StoreError`, also for a run that is not there.
  public init(store: ProjectStore, runs: [Run.ID], options: CurveOptions) throws {
    var state = Self.emptyState(options)
    for run in runs { _ = try store.run(run) }
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(store, wanted: Set(runs)))
    while bookmark.isUnfinished { state.apply(try bookmark.read(store, wanted: Set(runs))) }
    state.runList.marked = Set(runs)
    state.settle()
    self.state = state
  }

  /// The curves of all runs that the logs under some paths tell of.
  public init(logs: [FollowedRun], options: CurveOptions) {
    var state = Self.emptyState(options)
    state.isWatching = true
    var runs = FollowedRuns()
    state.apply(runs.update(logs))
    state.runList.marked = Set(state.runs.map(\.id))
    state.settle()
    self.state = state
  }

  private static func emptyState(_ options: CurveOptions) -> WorkbenchState {
    var state = WorkbenchState(projectName: "", size: Size(width: 120, height: 40), now: .now)
    state.timeZone = .current
    state.screen = .runs
    state.options = options
    return state
  }

  /// - Parameter size: of a plain drawing, in cells.
  /// - Throws: a sentence when there are no curves, or too long ones for a table.
  public func text(_ format: ChartFile, size: Size = Size(width: 100, height: 30), isAscii: Bool = false)
    throws -> String
  {
    var state = state
    if isAscii { state.glyphs = .ascii }
    return try state.exported(format, size: size)
  }
}
