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

  /// Where the output of a run's worker goes, and of the commands that it runs.
  public static func log(run: Run.ID, store: ProjectStore) -> URL {
    store.runFolder(run).appendingPathComponent("worker.log")
  }

  /// Starts `assay worker` for a run. The log, `worker.log` in the run's folder, is kept over restarts.
  @discardableResult
  public static func start(run: Run.ID, store: ProjectStore, executable: URL = ownExecutable) throws -> Int32
  {
    let result = spawn_worker(executable.path, run, store.folder.path, log(run: run, store: store).path)
    guard result > 0 else {
      throw RunError.worker(
        "the worker could not be started: \(String(cString: strerror(-result))) (\(executable.path))")
    }
    return result
  }
}
