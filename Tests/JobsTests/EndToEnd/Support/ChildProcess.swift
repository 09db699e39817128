import Foundation

/// A program that a test has started, with what it writes. It is killed when the test lets go of it.
actor ChildProcess {
  struct Result {
    var ending: Ending
    var output: String
    var errors: String

    /// The lines on stdout.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  nonisolated let pid: pid_t
  private nonisolated let executor = BlockingExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let program: Spawn.Program
  private let outputEnd: Int32
  private let errorsEnd: Int32
  private var open: [Int32]
  private var output = Data()
  private var errors = Data()
  /// Bytes of `output` that ``line(_:where:)`` has gone past.
  private var readUpTo = 0
  private var ending: Ending?

  init(_ program: Spawn.Program) throws {
    (pid, outputEnd, errorsEnd) = try Spawn.withPipes(program)
    open = [outputEnd, errorsEnd]
    self.program = program
  }

  deinit {
    if ending == nil {
      kill(pid, SIGKILL)
      _ = Ending(of: pid)
    }
    for descriptor in open { close(descriptor) }
  }

  nonisolated func send(signal: Int32) { kill(pid, signal) }

  /// Reads stdout up to the next line that passes, and returns it.
  func line(_ what: String, where passes: @Sendable (String) -> Bool) throws -> String {
    let deadline = Deadline()
    while true {
      while let end = output[readUpTo...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: output[readUpTo..<end], as: UTF8.self)
        readUpTo = end + 1
        if passes(line) { return line }
      }
      guard !open.isEmpty, read(deadline) else { throw impatience(what) }
    }
  }

  /// Reads all that it still writes, and waits for its end.
  func finish() throws -> Result {
    let deadline = Deadline()
    while !open.isEmpty {
      guard read(deadline) else {
        throw impatience("the end of `\(program.arguments.joined(separator: " "))`")
      }
    }
    let ended = ending ?? Ending(of: pid)
    ending = ended
    return Result(
      ending: ended, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }

  private func read(_ deadline: Deadline) -> Bool {
    let ready = deadline.readable(open)
    var buffer = [UInt8](repeating: 0, count: 4096)
    for descriptor in ready {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count > 0 {
        if descriptor == outputEnd { output += buffer[..<count] } else { errors += buffer[..<count] }
      } else if count == 0 {
        close(descriptor)
        open.removeAll { $0 == descriptor }
      }
    }
    return !ready.isEmpty
  }

  private func impatience(_ what: String) -> Impatience {
    Impatience(
      awaited: what, seen: String(decoding: output + errors, as: UTF8.self))
  }
}
