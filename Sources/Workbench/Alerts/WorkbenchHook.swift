import Foundation
import Jobs
import ProjectStore

/// The command of the settings, run for the alerts that no worker sees. Where several workbenches are open on a project
/// one of them runs it.
@MainActor
final class WorkbenchHook {
  private let hook: AlertHook
  private let store: ProjectStore?
  private var turn: WorkerLock.Holder?

  /// How long the end of the workbench waits for commands that run.
  private static let patience = DispatchTimeInterval.seconds(2)

  /// - Parameters:
  ///   - store: nil where only logs are watched.
  ///   - project: what the command reads in `ASSAY_PROJECT`.
  /// - Returns: nil without a command.
  init?(
    _ settings: AlertSettings, store: ProjectStore?, project: String,
    onFailure: @escaping @Sendable (String) -> Void
  ) {
    let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    guard
      let hook = AlertHook(
        command: settings.command, folder: store?.folder ?? here, project: project, onFailure: onFailure)
    else { return nil }
    self.hook = hook
    self.store = store
  }

  func run(_ alert: Alert, runName: String) {
    guard let store else {
      hook.run(alert, runName: runName, log: URL(fileURLWithPath: "/dev/null"))
      return
    }
    // The lock of a workbench that is gone is free again.
    if turn == nil {
      turn = try? WorkerLock(file: store.folder.appendingPathComponent("alerts.lock")).acquire()
    }
    guard turn != nil else { return }
    hook.run(alert, runName: runName, log: WorkerProcess.log(run: alert.run, store: store))
  }

  func finish() {
    hook.finish(within: Self.patience)
    turn?.release()
  }
}
