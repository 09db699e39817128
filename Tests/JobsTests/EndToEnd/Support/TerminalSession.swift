import Foundation

/// A program on a terminal of its own: a pseudo-terminal, whose other end is the test. The program is killed when
/// the test lets go of it.
actor TerminalSession {
  nonisolated let pid: pid_t
  /// The line's settings before the program had the terminal.
  nonisolated let initialSettings: String
  private nonisolated let executor = BlockingExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let program: Spawn.Program
  private let master: Int32
  private(set) var screen: ScreenEmulator
  private var ending: Ending?
  private var isOver = false

  init(_ program: Spawn.Program, width: Int, height: Int) throws {
    let (master, device) = try Self.openTerminal()
    self.master = master
    self.program = program
    try Self.setSize(master, width: width, height: height)
    // Not what every terminal begins with: a program that left the defaults behind would be noticed.
    var settings = try Self.settings(of: master)
    settings.c_iflag |= tcflag_t(IXANY)
    settings.c_lflag &= ~tcflag_t(ECHOK)
    guard tcsetattr(master, TCSANOW, &settings) == 0 else { throw SystemError("tcsetattr") }
    initialSettings = Self.text(try Self.settings(of: master))
    screen = ScreenEmulator(width: width, height: height)
    pid = try Spawn.onTerminal(program, device: device)
  }

  deinit {
    if ending == nil {
      kill(pid, SIGKILL)
      _ = Ending(of: pid)
    }
    close(master)
  }

  // MARK: - What the user does

  func type(_ keys: String) throws {
    let bytes = Array(keys.utf8)
    guard write(master, bytes, bytes.count) == bytes.count else { throw SystemError("write") }
  }

  /// Parts of a key, one write each.
  func type(pieces: String...) throws {
    for piece in pieces { try type(piece) }
  }

  /// A size that the program may not even see before the next one.
  func setSize(width: Int, height: Int) throws { try Self.setSize(master, width: width, height: height) }

  /// The kernel tells the program by SIGWINCH.
  func resize(width: Int, height: Int) throws {
    screen.resize(width: width, height: height)
    try Self.setSize(master, width: width, height: height)
  }

  nonisolated func send(signal: Int32) { kill(pid, signal) }

  // MARK: - What the user sees

  /// Reads what the program draws until the screen is as wanted.
  @discardableResult
  func wait(
    for what: String, until isThere: @Sendable (ScreenEmulator) -> Bool
  ) throws -> ScreenEmulator {
    let deadline = Deadline()
    // A frame in the making is not seen: the program says when it begins and ends.
    while screen.modes.contains(2026) || !isThere(screen) {
      guard !isOver, read(deadline) else { throw Impatience(awaited: what, seen: screen.text) }
    }
    return screen
  }

  @discardableResult
  func wait(for text: String) throws -> ScreenEmulator {
    try wait(for: "“\(text)”") { $0.text.contains(text) }
  }

  @discardableResult
  func wait(whileShown text: String) throws -> ScreenEmulator {
    try wait(for: "“\(text)” to go") { !$0.text.contains(text) }
  }

  /// Whether the program writes nothing for a while.
  func isSilent(seconds: Double) -> Bool { Deadline(seconds: seconds).readable([master]).isEmpty }

  /// Reads until the program has let go of the terminal, and waits for its end.
  func finish() throws -> Ending {
    let deadline = Deadline()
    while !isOver {
      guard read(deadline) else { throw Impatience(awaited: "the program's end", seen: screen.text) }
    }
    let ended = ending ?? Ending(of: pid)
    ending = ended
    return ended
  }

  /// Waits until the program has stopped itself, as ^Z asks.
  func waitUntilSuspended() throws {
    var status: Int32 = 0
    while waitpid(pid, &status, WUNTRACED) < 0 {
      guard errno == EINTR else { throw SystemError("waitpid") }
    }
    guard status & 0xFF == 0x7F else { throw Impatience(awaited: "a stop", seen: "wait status \(status)") }
    // What it wrote before is there already.
    while !Deadline(seconds: 0).readable([master]).isEmpty, read(Deadline()) {}
  }

  private func read(_ deadline: Deadline) -> Bool {
    guard !deadline.readable([master]).isEmpty else { return false }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Foundation.read(master, &buffer, buffer.count)
    if count > 0 { screen.feed(buffer[..<count]) }
    // EIO: nobody has the terminal open any more.
    if count <= 0, errno != EINTR { isOver = true }
    return true
  }

  // MARK: - Settings

  /// The settings of the line as text, for comparison.
  func settings() throws -> String { Self.text(try Self.settings(of: master)) }

  private static func text(_ now: termios) -> String {
    let keys = withUnsafeBytes(of: now.c_cc) { Array($0) }
    return "i \(now.c_iflag) o \(now.c_oflag) c \(now.c_cflag) l \(now.c_lflag) keys \(keys)"
  }

  /// Whether typed characters appear by themselves, and lines are edited before the program has them: not in a
  /// program that takes keys.
  func isCooked() throws -> Bool {
    let flags = try Self.settings(of: master).c_lflag
    return flags & tcflag_t(ECHO) != 0 && flags & tcflag_t(ICANON) != 0
  }

  /// On Linux the master answers for the terminal, also when nobody has it open.
  private static func settings(of master: Int32) throws -> termios {
    var settings = termios()
    guard tcgetattr(master, &settings) == 0 else { throw SystemError("tcgetattr") }
    return settings
  }

  /// What posix_openpt(3), unlockpt(3) and ptsname(3) do; Glibc declares them for other sources than Swift's.
  private static func openTerminal() throws -> (master: Int32, device: String) {
    let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard master >= 0 else { throw SystemError("open /dev/ptmx") }
    var value: Int32 = 0
    guard ioctl(master, unlock, &value) == 0, ioctl(master, number, &value) == 0 else {
      throw SystemError("ioctl /dev/ptmx")
    }
    return (master, "/dev/pts/\(value)")
  }

  private static func setSize(_ master: Int32, width: Int, height: Int) throws {
    var size = winsize(ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
    guard ioctl(master, UInt(TIOCSWINSZ), &size) == 0 else { throw SystemError("TIOCSWINSZ") }
  }
}
