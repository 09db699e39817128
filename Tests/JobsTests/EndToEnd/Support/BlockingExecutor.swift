import Dispatch

/// Where an actor that waits in system calls runs: on a queue of its own, so that a test that waits for a child
/// process takes no thread from the tests beside it.
final class BlockingExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "assay.test.blocking")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
