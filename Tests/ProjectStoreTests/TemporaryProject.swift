import Foundation
import GRDB

@testable import ProjectStore

/// A project in a folder of its own, removed with the last reference.
final class TemporaryProject {
  let folder: URL
  let store: ProjectStore

  init() throws {
    folder = try temporaryFolder()
    store = try ProjectStore.open(projectFolder: folder, create: true)
  }

  deinit {
    try? store.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// The same project as another process has it: with connections of its own.
  func another() throws -> ProjectStore { try ProjectStore.open(projectFolder: folder) }

  func run(name: String = "factual-60") throws -> Run {
    try store.createRun(name: name, recipeJSON: #"{"lora_r":16}"#, modelName: "smollm2-135m", totalSteps: 40)
  }
}

extension ProjectStore {
  /// SQL of the test's own, outside of a transaction.
  func onWriter<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try pool.writeWithoutTransaction(body)
  }
}

func temporaryFolder() throws -> URL {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "assay-store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}

func point(_ step: Int, _ value: Double, segment: Int = 0) -> MetricPoint {
  MetricPoint(
    step: step, trainedTokens: step * 700, epoch: Double(step) / 8, wallTime: 1_700_000_000 + Double(step),
    value: value, segment: segment)
}

/// A process that holds a worker's lock, and nothing else: `sleep` with the locked file as its standard
/// input. The lock belongs to the open file, which the child shares; this process then lets go of its own
/// descriptor.
func processHolding(_ lock: WorkerLock) throws -> Process {
  guard let holder = try lock.acquire() else { throw CocoaError(.fileLocking) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/bin/sleep")
  process.arguments = ["600"]
  process.standardInput = holder.descriptor
  try process.run()
  try holder.descriptor.close()  // the child has its copy
  return process
}

func killHard(_ process: Process) {
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
}
