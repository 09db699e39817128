import CProcess
import Foundation
import ProjectStore

/// Starts a program that outlives this one: its own session, no terminal, output into a log file.
public enum WorkerProcess {
  /// The program that is running now.
  public static var ownExecutable: URL {
    URL(
      fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments[0])
  }

  /// Starts `assay worker` for a run. The log, `worker.log` in the run's folder, is kept over restarts.
  @discardableResult
  public static func start(run: Run.ID, store: ProjectStore, executable: URL = ownExecutable) throws -> Int32
  {
    let log = store.runFolder(run).appendingPathComponent("worker.log").path
    let result = spawn_worker(executable.path, run, store.folder.path, log)
    guard result > 0 else {
      throw RunError.worker(
        "the worker could not be started: \(String(cString: strerror(-result))) (\(executable.path))")
    }
    return result
  }
}
