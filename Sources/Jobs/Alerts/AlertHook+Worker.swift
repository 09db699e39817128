import Foundation
import ProjectStore

extension AlertHook {
  /// The hook of a run's worker, by the settings of its project and its user. What is wrong with either is an event of
  /// the run, once, and stops nothing.
  convenience init?(store: ProjectStore, run: Run.ID) {
    let warn: @Sendable (String) -> Void = { problem in
      let step = (try? store.run(run).step) ?? 0
      // A store that takes nothing is told of by the training itself.
      _ = try? store.append(RunEvent(run: run, step: step, kind: .warning, message: problem))
    }
    do {
      let settings = try AlertSettings.read(projectFolder: store.folder)
      self.init(
        command: settings.command, folder: store.folder, project: store.folder.path, onFailure: warn)
    } catch {
      warn("no alert command: \(error)")
      return nil
    }
  }
}
