import CNcurses
import Dispatch
import Foundation

/// The terminal that the program runs on: shows grids, reads keys, and is left as it was found.
///
/// There is one, opened when the program becomes interactive. It belongs to the main actor; what it hears it tells
/// there, so the main queue has to run (`RunLoop.main.run()`). Nothing is polled.
///
/// It goes back to how it was on `close()`, at exit, on suspension, when the process is ended by a signal, and on a
/// crash, whose signal then takes its usual way.
@MainActor
public final class Terminal {
  /// The smallest terminal that screens are laid out for.
  public static let minimumSize = Size(width: 40, height: 12)

  public enum Event: Hashable, Sendable {
    case key(Key)
    /// Text that was pasted, in one piece.
    case paste(String)
    /// Only while the mouse is on.
    case mouse(MouseEvent)
    case resize(Size)
    /// ^C.
    case interrupt
    /// The process was asked to end, by SIGTERM or by losing its terminal (SIGHUP). Answer with `Terminal.die`
    /// within two seconds, or it ends without.
    case terminate(signal: Int32)
    /// Back from ^Z: everything has been painted again.
    case resumed
  }

  public enum OpenError: Error, Hashable, Sendable, CustomStringConvertible, LocalizedError {
    case notATerminal
    case unknownType(String)

    public var description: String {
      switch self {
      case .notATerminal: return "standard input and output are no terminal"
      case .unknownType(let name):
        return "the terminal type \"\(name)\" is unknown or cannot place text; check the TERM variable"
      }
    }
    public var errorDescription: String? { description }
  }

  public var theme: Theme {
    didSet { if theme != oldValue { forgetStyles() } }
  }
  public let tier: ColourTier
  /// Whether the locale shows more than ASCII.
  public let isUnicode: Bool
  public private(set) var size: Size
  /// Hears keys and changes, on the main actor.
  public var onEvent: (Event) -> Void = { _ in }
  /// Called once all that was waiting has been heard: the place to draw, so that no frame is drawn between two keys
  /// of one burst.
  public var onQuiet: () -> Void = {}

  private var shown: CellGrid?
  private var pairs: [ColourPair: Int32] = [:]
  private var resolved: [Style: ResolvedStyle] = [:]
  private var decoder = KeyDecoder()
  private var sources: [any DispatchSourceProtocol] = []
  private let signalQueue = DispatchQueue(label: "terminal.signals")

  private struct ColourPair: Hashable {
    var foreground: Int
    var background: Int
  }

  /// Opens the terminal. `tier` says how many colours to use; by default as many as it has, or none under `NO_COLOR`.
  /// Throws `OpenError`.
  public init(theme: Theme, tier: ColourTier? = nil) throws {
    guard isatty(0) == 1, isatty(1) == 1 else { throw OpenError.notATerminal }
    cn_use_locale()
    isUnicode = cn_locale_is_utf8()
    // ncurses takes over signals that have no handler yet; these are ours.
    for number in Terminal.handledSignals { signal(number, SIG_IGN) }
    guard cn_open(nil) else {
      for number in Terminal.handledSignals { signal(number, SIG_DFL) }
      throw OpenError.unknownType(ProcessInfo.processInfo.environment["TERM"] ?? "")
    }
    let capable = ColourTier(count: Int(cn_colour_count()), isDirect: cn_colour_is_direct())
    let noColour = !(ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    self.tier = tier.map { $0.limited(to: capable) } ?? (noColour ? .mono : capable)
    self.theme = theme
    size = Terminal.currentSize()
    listen()
  }

  /// The signs that the theme and the locale allow. Grids to present are made with these.
  public var glyphs: Glyphs { theme.glyphs(isUnicode: isUnicode) }

  /// Leaves the screen and stops listening.
  public func close() {
    for source in sources { source.cancel() }
    sources = []
    cn_leave()
  }

  // MARK: Output

  /// Shows a grid: what differs from what is there is written at once. Returns the bytes written, 0 if nothing
  /// differs.
  @discardableResult
  public func present(_ grid: CellGrid) -> Int {
    let grid = isLargeEnough ? grid : tooSmall()
    guard grid != shown else { return 0 }
    for y in 0..<min(grid.size.height, size.height) {
      if let shown, shown.size == grid.size, shown.row(y) == grid.row(y) { continue }
      put(row: y, of: grid)
    }
    shown = grid
    return max(0, Int(cn_present()))
  }

  private var isLargeEnough: Bool {
    size.width >= Terminal.minimumSize.width && size.height >= Terminal.minimumSize.height
  }

  private func tooSmall() -> CellGrid {
    var grid = CellGrid(size: size, glyphs: glyphs)
    let need = Terminal.minimumSize
    grid.put(
      "Too small: \(size.width)×\(size.height), needs \(need.width)×\(need.height)", x: 0, y: 0, .text,
      maximum: size.width)
    return grid
  }

  private func put(row y: Int, of grid: CellGrid) {
    for x in 0..<size.width {
      let cell = grid[x, y]
      guard !cell.isContinuation else { continue }
      let style = resolve(cell.style)
      let scalars = cell.character.unicodeScalars.map(\.value)
      let pair = pair(style)
      let attributes = Int32(style.attributes.rawValue)
      let isWide = grid[x + 1, y].isContinuation
      if let base = scalars.first, base >= 0x80, cn_wcwidth(base) != (isWide ? 2 : 1) {
        // The C library knows another width, or none; the rest of the row must not shear.
        for column in x...(isWide ? x + 1 : x) {
          cn_put(Int32(column), Int32(y), [0x3F], 1, attributes, pair)
        }
      } else {
        cn_put(Int32(x), Int32(y), scalars, Int32(scalars.count), attributes, pair)
      }
    }
  }

  private func resolve(_ style: Style) -> ResolvedStyle {
    if let known = resolved[style] { return known }
    let result = theme.resolve(style, tier)
    resolved[style] = result
    return result
  }

  private func pair(_ style: ResolvedStyle) -> Int32 {
    if style.foreground < 0, style.background < 0 { return 0 }
    let key = ColourPair(foreground: style.foreground, background: style.background)
    if let known = pairs[key] { return known }
    let pair = cn_pair(Int32(key.foreground), Int32(key.background))
    pairs[key] = pair
    return pair
  }

  private func forgetStyles() {
    resolved = [:]
    shown = nil
  }

  // MARK: Beside the screen

  public func ringBell() { write("\u{7}") }

  /// Sets the window's title; it is sanitised like all text.
  public func setTitle(_ title: String) {
    write("\u{1B}]2;\(DisplayText.truncated(title, to: 120))\u{1B}\\")
  }

  /// Asks the terminal to take a text into the clipboard (OSC 52), through ssh too. Not all do, and none says so;
  /// texts above 74,994 bytes are not sent, since terminals cut them.
  @discardableResult
  public func copy(_ text: String) -> Bool {
    let encoded = Data(text.utf8).base64EncodedString()
    guard encoded.utf8.count <= 99_992 else { return false }
    write("\u{1B}]52;c;\(encoded)\u{1B}\\")
    return true
  }

  /// Whether presses, drags and the wheel are heard of. With Shift held the terminal keeps them, so that text can still
  /// be selected. Returns whether it has a mouse to listen to.
  @discardableResult
  public func setMouse(_ isOn: Bool) -> Bool { cn_set_mouse(isOn) }

  private func write(_ sequence: String) {
    let bytes = sequence.utf8.map { CChar(bitPattern: $0) }
    _ = cn_write(bytes, bytes.count)
  }

  // MARK: Input and signals

  private nonisolated static let handledSignals = [SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT]

  private func listen() {
    let input = DispatchSource.makeReadSource(fileDescriptor: 0, queue: .main)
    input.setEventHandler { [weak self] in
      MainActor.assumeIsolated { self?.readInput() }
    }
    sources = [input]
    for number in Terminal.handledSignals {
      let source = DispatchSource.makeSignalSource(signal: number, queue: signalQueue)
      Terminal.handle(number, of: source, on: signalQueue) { [weak self] in self?.receive(signal: $0) }
      sources.append(source)
    }
    for source in sources { source.activate() }
  }

  /// Signals are heard on a queue of their own, so that a request to end is answered even if the main one is stuck.
  private nonisolated static func handle(
    _ number: Int32, of source: any DispatchSourceSignal, on queue: DispatchQueue,
    receive: @escaping @MainActor @Sendable (Int32) -> Void
  ) {
    source.setEventHandler {
      DispatchQueue.main.async { MainActor.assumeIsolated { receive(number) } }
      if number == SIGTERM || number == SIGHUP {
        queue.asyncAfter(deadline: .now() + 2) { Terminal.die(of: number) }
      }
    }
  }

  private func readInput() {
    var value: UInt32 = 0
    var events: [Event] = []
    while true {
      let kind = cn_read(&value)
      if kind == CN_NONE { break }
      events += decoder.events(isKey: kind == CN_KEY, value)
    }
    // The other end of the terminal is gone when it is readable and holds nothing.
    if events.isEmpty, Terminal.inputHasEnded() {
      sources.first?.cancel()
      receive(signal: SIGHUP)
      return
    }
    for event in events { onEvent(event) }
    if !events.isEmpty { onQuiet() }
  }

  private nonisolated static func inputHasEnded() -> Bool {
    var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) > 0 && Int32(input.revents) & Int32(POLLHUP | POLLERR) != 0
  }

  private func receive(signal number: Int32) {
    defer { onQuiet() }
    switch number {
    case SIGWINCH:
      takeSize()
    case SIGINT:
      onEvent(.interrupt)
    case SIGTSTP:
      cn_leave()
      cn_stop()
    case SIGCONT:
      cn_return()
      shown = nil
      takeSize()
      onEvent(.resumed)
    default:
      onEvent(.terminate(signal: number))
    }
  }

  /// Ends the process by a signal, with the terminal restored.
  public nonisolated static func die(of signal: Int32) -> Never {
    cn_die_of(signal)
    exit(128 + signal)
  }

  private func takeSize() {
    let now = Terminal.currentSize()
    guard now != size else { return }
    size = now
    shown = nil
    cn_resize(Int32(now.width), Int32(now.height))
    onEvent(.resize(now))
  }

  private static func currentSize() -> Size {
    var columns: Int32 = 0
    var rows: Int32 = 0
    guard cn_terminal_size(&columns, &rows) else { return Size(width: 80, height: 24) }
    return Size(width: Int(columns), height: Int(rows))
  }
}

extension ColourTier {
  /// The tier, or the terminal's if that shows less. A terminal of 256 can show what 16 can.
  func limited(to capable: ColourTier) -> ColourTier {
    let order = ColourTier.allCases
    let wanted = order.firstIndex(of: self) ?? 0
    let possible = order.firstIndex(of: capable) ?? 0
    return wanted < possible ? capable : self
  }
}
