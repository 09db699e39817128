import Foundation
import Synchronization

/// How a child process ended.
enum Ending: Equatable {
  case exit(Int32)
  case signal(Int32)

  /// Takes the child's leave; waits until it is gone.
  init(of pid: pid_t) {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    self = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}

struct SystemError: Error, CustomStringConvertible {
  var call: String
  var code: Int32

  init(_ call: String, _ code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// Starts programs in a session of their own, with no descriptor but the three standard ones.
enum Spawn {
  struct Program {
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    /// Kept for as long as the program: its end would be the program's, too.
    var workplace: Workplace
  }

  /// A descriptor becomes close-on-exec one call after it was made; nothing may be spawned in between, or another
  /// test's child would hold a pipe open whose end this one waits for.
  private static let gate = Mutex(())

  /// A child that reads nothing; its two outputs are returned. It is never further ahead of what was read from its
  /// stdout than a page of text, some twenty steps of a run: then it has to wait for the test.
  static func withPipes(_ program: Program) throws -> (pid: pid_t, output: Int32, errors: Int32) {
    try gate.withLock { _ in
      let output = try pipePair()
      let errors = try pipePair()
      _ = fcntl(output.write, setPipeSize, 4096)
      defer {
        close(output.write)
        close(errors.write)
      }
      let pid = try start(program) { actions in
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.write, 2)
      }
      return (pid, output.read, errors.read)
    }
  }

  /// F_SETPIPE_SZ of <fcntl.h>, which Glibc declares for GNU sources only.
  private static let setPipeSize: Int32 = 1031

  /// A child on a terminal, which becomes its controlling one: the first that a session's leader opens does.
  static func onTerminal(_ program: Program, device: String) throws -> pid_t {
    try gate.withLock { _ in
      try start(program) { actions in
        posix_spawn_file_actions_addopen(&actions, 0, device, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
      }
    }
  }

  private static func pipePair() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw SystemError("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// POSIX_SPAWN_SETSID of <spawn.h>, which Glibc declares for GNU sources only.
  private static let setSession: Int16 = 0x80

  private static func start(
    _ program: Program, _ redirect: (inout posix_spawn_file_actions_t) -> Void
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    var all = sigset_t()
    var none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, setSession | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    redirect(&actions)

    var arguments = ([program.executable] + program.arguments).map { strdup($0) } + [nil]
    var environment = program.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program.executable, &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw SystemError("posix_spawn \(program.executable)", code) }
    return pid
  }
}
