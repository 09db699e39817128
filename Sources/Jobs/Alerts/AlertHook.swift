import CProcess
import Dispatch
import Foundation
import ProjectStore
import Synchronization

/// The command of the settings that is run for each alert, by `/bin/sh -c`.
///
/// It learns of the alert by environment variables, never by its text, so a run's name cannot become a command. It has no
/// terminal, its output goes into a log, and it is ended after a while; at most a few run at once, others wait. Whatever
/// goes wrong with it is told once and harms nobody.
public final class AlertHook: Sendable {
  /// After so long a command and all that it started are killed.
  public static let timeLimit = DispatchTimeInterval.seconds(30)
  private static let runningLimit = 3
  private static let waitingLimit = 32

  private struct Call {
    var alert: Alert
    var runName: String
    var log: URL
  }

  private struct State {
    /// The process groups of commands that run, by the number of their start.
    var running: [Int: pid_t] = [:]
    var startCount = 0
    /// Those that were killed for the time they took.
    var late: Set<Int> = []
    var waiting: [Call] = []
    var isEnding = false
    var hasFailed = false
  }

  private let command: String
  private let folder: URL
  private let project: String
  private let timeLimit: DispatchTimeInterval
  private let onFailure: @Sendable (String) -> Void
  private let state = Mutex(State())
  /// Entered for each command that runs or waits.
  private let pending = DispatchGroup()
  private let queue = DispatchQueue(label: "assay.alert-hook")

  /// - Parameters:
  ///   - folder: where the command runs.
  ///   - project: what it reads in `ASSAY_PROJECT`.
  ///   - onFailure: told the first thing that goes wrong, on any queue.
  /// - Returns: nil for an empty command.
  public init?(
    command: String, folder: URL, project: String, timeLimit: DispatchTimeInterval = AlertHook.timeLimit,
    onFailure: @escaping @Sendable (String) -> Void
  ) {
    // A NUL would cut it.
    guard !command.allSatisfy(\.isWhitespace), !command.utf8.contains(0) else { return nil }
    self.command = command
    self.folder = folder
    self.project = project
    self.timeLimit = timeLimit
    self.onFailure = onFailure
  }

  /// Runs the command for an alert, soon; returns at once.
  ///
  /// - Parameter log: takes the command's output.
  public func run(_ alert: Alert, runName: String, log: URL) {
    pending.enter()
    queue.async { [self] in
      let isKept = state.withLock { state in
        guard !state.isEnding, state.waiting.count < Self.waitingLimit else { return false }
        state.waiting.append(Call(alert: alert, runName: runName, log: log))
        return true
      }
      if isKept {
        startNext()
      } else {
        fail("there were too many alerts at once")
        pending.leave()
      }
    }
  }

  /// Waits for commands that run or wait, for this long at most; then ends them.
  public func finish(within limit: DispatchTimeInterval = AlertHook.timeLimit) {
    if pending.wait(timeout: .now() + limit) == .success { return }
    state.withLock { state in
      state.isEnding = true
      for _ in state.waiting { pending.leave() }
      state.waiting = []
      for pid in state.running.values { kill(-pid, SIGKILL) }
    }
  }

  // MARK: - One command

  private func startNext() {
    dispatchPrecondition(condition: .onQueue(queue))
    let call = state.withLock { state -> Call? in
      guard state.running.count < Self.runningLimit, !state.waiting.isEmpty else { return nil }
      return state.waiting.removeFirst()
    }
    guard let call else { return }
    let pid = start(call)
    guard pid > 0 else {
      fail("it could not be started: \(String(cString: strerror(-pid)))")
      pending.leave()
      return startNext()
    }
    let number = state.withLock { state in
      state.startCount += 1
      state.running[state.startCount] = pid
      if state.isEnding { kill(-pid, SIGKILL) }
      return state.startCount
    }
    queue.asyncAfter(deadline: .now() + timeLimit) { [weak self] in self?.end(number) }
    DispatchQueue.global(qos: .utility).async { [self] in
      let (status, isLate) = reap(pid, number)
      if isLate {
        fail("it was ended, for it took longer than \(timeLimit.text)")
      } else if status & 0x7F != 0 {
        fail("it was ended by signal \(status & 0x7F)")
      } else if status != 0 {
        fail("exit code \(status >> 8 & 0xFF)")
      }
      queue.async { [self] in
        startNext()
        pending.leave()
      }
    }
  }

  /// Kills a command that still runs.
  private func end(_ number: Int) {
    state.withLock { state in
      guard let pid = state.running[number] else { return }
      state.late.insert(number)
      kill(-pid, SIGKILL)
    }
  }

  private func start(_ call: Call) -> pid_t {
    var variables: [CChar] = []
    for variable in environment(call) { variables += variable.utf8.map { CChar(bitPattern: $0) } + [0] }
    return spawn_shell(command, folder.path, call.log.path, variables, variables.count)
  }

  /// Waits until a command has ended, and only then lets its number go.
  private func reap(_ pid: pid_t, _ number: Int) -> (status: Int32, isLate: Bool) {
    var facts = siginfo_t()
    while waitid(P_PID, id_t(pid), &facts, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    return state.withLock { state in
      state.running[number] = nil
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      return (status, state.late.remove(number) != nil)
    }
  }

  private func environment(_ call: Call) -> [String] {
    let alert = call.alert
    var values = ProcessInfo.processInfo.environment
    values["ASSAY_ALERT"] = alert.kind.rawValue
    values["ASSAY_RUN"] = alert.run
    values["ASSAY_RUN_NAME"] = Self.plain(call.runName)
    values["ASSAY_STEP"] = "\(alert.step)"
    values["ASSAY_MESSAGE"] = Self.plain(alert.message)
    values["ASSAY_PROJECT"] = Self.plain(project)
    return values.map { "\($0.key)=\($0.value)" }
  }

  private static let longestValue = 4000

  /// A text in one line, without control characters: it may be sent on to a terminal.
  static func plain(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(longestValue) {
      switch scalar.properties.generalCategory {
      case .control where scalar == "\n" || scalar == "\t": result.append(" ")
      case .control, .lineSeparator, .paragraphSeparator: break
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private func fail(_ why: String) {
    let isFirst = state.withLock { state in
      defer { state.hasFailed = true }
      return !state.hasFailed
    }
    if isFirst { onFailure("the alert command failed: \(why)") }
  }
}

extension DispatchTimeInterval {
  fileprivate var text: String {
    switch self {
    case .seconds(let count): "\(count) s"
    case .milliseconds(let count): "\(count) ms"
    default: "\(self)"
    }
  }
}
