import Foundation
import Testing

@testable import ProjectStore

@Suite struct WorkerLockTests {
  @Test func oneWorkerAtATime() throws {
    let project = try TemporaryProject()
    let lock = project.store.workerLock(run: try project.run().id)
    #expect(!lock.isHeld && lock.holder == nil)
    #expect(!FileManager.default.fileExists(atPath: lock.file.path))

    let holder = try #require(try lock.acquire())
    #expect(lock.isHeld && lock.holder == getpid())
    #expect(try lock.acquire() == nil)
    // A look opens and closes the file, which would lose a POSIX record lock.
    #expect(lock.isHeld && lock.isHeld)

    holder.release()
    #expect(!lock.isHeld && lock.holder == nil)
    #expect(try lock.acquire() != nil)
  }

  @Test func theLockGoesWithItsHolder() throws {
    let project = try TemporaryProject()
    let lock = project.store.workerLock(run: try project.run().id)
    do {
      let holder = try lock.acquire()
      withExtendedLifetime(holder) { #expect(lock.isHeld) }
    }
    #expect(!lock.isHeld)
  }

  @Test func killedWorkersLeaveNoLock() throws {
    let project = try TemporaryProject()
    let lock = project.store.workerLock(run: try project.run().id)
    let worker = try processHolding(lock)
    defer { killHard(worker) }
    #expect(lock.isHeld)
    #expect(try lock.acquire() == nil)
    killHard(worker)
    #expect(!lock.isHeld)
    #expect(try lock.acquire() != nil)
  }

  @Test func programsStartedByAWorkerDoNotKeepItsLock() throws {
    let project = try TemporaryProject()
    let lock = project.store.workerLock(run: try project.run().id)
    let holder = try #require(try lock.acquire())
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sleep")
    child.arguments = ["600"]
    try child.run()
    defer { killHard(child) }
    holder.release()
    #expect(!lock.isHeld && child.isRunning)
  }

  @Test func aMissingFolderIsAnError() throws {
    let project = try TemporaryProject()
    let lock = project.store.workerLock(run: "r000")
    #expect(throws: StoreError.self) { try lock.acquire() }
    #expect(!lock.isHeld)
  }
}
