import Foundation
import Jobs
import ProjectStore
import Synchronization
import TerminalUI
import Testing

@testable import Workbench

/// The workbench on a real project, driven by a script: keys go in, frames come out, and each step waits until
/// nothing is left to wait for.
///
///     try await Screen.script(on: project, Size(width: 80, height: 24)) { screen in
///       await screen.press("2", "space")
///       screen.expect("1 marked")
///     }
@MainActor
final class Screen {
  let display: RecordingDisplay
  let launcher: RecordingLauncher
  private let busy = BusyCounter()

  /// Opens the workbench, runs the script when all is read, and leaves it. Returns the exit code.
  @discardableResult
  static func script(
    on project: TemporaryProject, _ size: Size = Size(width: 80, height: 24),
    launcher: RecordingLauncher = RecordingLauncher(),
    configuration: URL? = nil, settings: String = "", _ script: (Screen) async throws -> Void
  ) async throws -> Int32 {
    let screen = Screen(size, launcher)
    try "[project]\nname = \"data-center\"\n\(settings)".write(
      to: project.folder.appendingPathComponent(ProjectStore.settingsName), atomically: true, encoding: .utf8)
    let workbench = try Workbench(
      projectFolder: project.folder, options: WorkbenchOptions(), launcher: launcher,
      surroundings: screen.surroundings(configuration ?? project.folder))
    return try await screen.perform(script, in: workbench)
  }

  /// The same on other tools' logs.
  @discardableResult
  static func script(
    watching paths: [String], _ size: Size = Size(width: 80, height: 24),
    _ script: (Screen) async throws -> Void
  ) async throws -> Int32 {
    let screen = Screen(size, RecordingLauncher())
    let workbench = try Workbench(
      watching: paths, options: WorkbenchOptions(),
      surroundings: screen.surroundings(URL(fileURLWithPath: "/nowhere")))
    return try await screen.perform(script, in: workbench)
  }

  private init(_ size: Size, _ launcher: RecordingLauncher) {
    display = RecordingDisplay(size: size)
    self.launcher = launcher
  }

  private func surroundings(_ configuration: URL) -> Surroundings {
    Surroundings(
      now: { TemporaryProject.now }, timeZone: .gmt, configuration: configuration, busy: busy)
  }

  private func perform(_ script: (Screen) async throws -> Void, in workbench: Workbench) async throws -> Int32
  {
    // What follows begins when the workbench listens.
    busy.begin()
    let end = Task { @MainActor in
      DispatchQueue.main.async { MainActor.assumeIsolated { self.busy.end() } }
      return await workbench.run(on: display)
    }
    let result: Result<Void, any Error>
    await busy.whenIdle()
    do {
      try await script(self)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    display.onEvent(.interrupt)
    let code = await end.value
    #expect(display.isClosed)
    try result.get()
    return code
  }

  // MARK: What the user does

  /// Presses keys by their names, as `Key` reads them, each when the one before has been answered.
  func press(_ names: String...) async {
    for name in names { await send(.key(Self.key(name))) }
  }

  /// Presses keys faster than frames are drawn.
  func burst(_ names: [String]) async {
    for name in names { display.onEvent(.key(Self.key(name))) }
    await busy.whenIdle()
  }

  func type(_ text: String) async {
    for character in text { display.onEvent(.key(.character(character))) }
    await busy.whenIdle()
  }

  func paste(_ text: String) async { await send(.paste(text)) }

  func resize(_ width: Int, _ height: Int) async {
    display.size = Size(width: width, height: height)
    await send(.resize(display.size))
  }

  /// Many sizes while nothing is drawn.
  func resizeStorm(_ sizes: [Size]) async {
    for size in sizes {
      display.size = size
      display.onEvent(.resize(size))
    }
    await busy.whenIdle()
  }

  func send(_ event: Terminal.Event) async {
    display.onEvent(event)
    await busy.whenIdle()
  }

  func mouse(_ kind: MouseEvent.Kind, _ point: Point) async {
    await send(.mouse(MouseEvent(kind, at: point)))
  }

  func click(_ point: Point) async {
    await mouse(.press(.left), point)
    await mouse(.release(.left), point)
  }

  /// Clicks on the first cell of a text, or so many beside it.
  func click(_ part: String, right: Int = 0, location: SourceLocation = #_sourceLocation) async throws {
    let point = try #require(place(of: part), "“\(part)” is not on the screen", sourceLocation: location)
    await click(Point(x: point.x + right, y: point.y))
  }

  func drag(from start: Point, to end: Point) async {
    await mouse(.press(.left), start)
    await mouse(.drag(.left), end)
    await mouse(.release(.left), end)
  }

  func whenIdle() async { await busy.whenIdle() }

  /// Waits for a frame that the workbench draws by itself, such as for what another process wrote.
  func wait(
    for what: String, seconds: Double = 20, location: SourceLocation = #_sourceLocation,
    until isThere: @escaping (CellGrid) -> Bool
  ) async throws {
    if isThere(display.frame) { return }
    let seen = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
      var open: CheckedContinuation<Bool, Never>? = continuation
      @MainActor func finish(_ result: Bool) {
        open?.resume(returning: result)
        open = nil
        display.onFrame = { _ in }
      }
      display.onFrame = { if isThere($0) { finish(true) } }
      // Only for a test that fails.
      DispatchQueue.main.asyncAfter(deadline: .now() + seconds) {
        MainActor.assumeIsolated { finish(false) }
      }
    }
    try #require(seen, "no \(what) in\n\(text)", sourceLocation: location)
    await busy.whenIdle()
  }

  private static func key(_ name: String) -> Key {
    guard let key = Key(name) else { preconditionFailure("no key \(name)") }
    return key
  }

  // MARK: What the user sees

  var text: String { display.frame.text }
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  func row(containing part: String) -> String? { lines.first { $0.contains(part) } }

  /// The place of the first cell of a text, if need be in one row or right of a column.
  func place(of part: String, row: Int? = nil, after column: Int = -1) -> Point? {
    let grid = display.frame
    let wanted = part.map { $0 }
    for y in row.map({ $0..<$0 + 1 }) ?? 0..<grid.size.height {
      let cells = (0..<grid.size.width).filter { !grid[$0, y].isContinuation }
      for start in cells.indices where cells[start] > column && start + wanted.count <= cells.count {
        if zip(wanted, cells[start...]).allSatisfy({ $0 == grid[$1, y].character }) {
          return Point(x: cells[start], y: y)
        }
      }
    }
    return nil
  }

  func expect(_ parts: String..., location: SourceLocation = #_sourceLocation) {
    for part in parts {
      #expect(text.contains(part), "“\(part)” is not on the screen:\n\(text)", sourceLocation: location)
    }
  }

  func expectNone(_ parts: String..., location: SourceLocation = #_sourceLocation) {
    for part in parts {
      #expect(!text.contains(part), "“\(part)” is on the screen:\n\(text)", sourceLocation: location)
    }
  }

  /// The style in which a text begins.
  func style(of part: String, location: SourceLocation = #_sourceLocation) throws -> Style {
    let start = try #require(place(of: part), "“\(part)” is not on the screen", sourceLocation: location)
    return display.frame[start.x, start.y].style
  }

  /// Whether any cell has a role's colour.
  func hasStyle(_ role: Role) -> Bool {
    let grid = display.frame
    return (0..<grid.size.height).contains { y in
      (0..<grid.size.width).contains { grid[$0, y].style.foreground == .role(role) }
    }
  }

  func expect(
    _ part: String, _ role: Role, _ attributes: TextAttributes = [],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let style = try style(of: part, location: location)
    #expect(style.foreground == .role(role), sourceLocation: location)
    #expect(style.attributes.isSuperset(of: attributes), sourceLocation: location)
  }

  /// Where the corners of boxes are: the layout.
  static func corners(_ grid: CellGrid) -> [Point: Character] {
    var corners: [Point: Character] = [:]
    for y in 0..<grid.size.height {
      for x in 0..<grid.size.width where "╭╮╰╯".contains(grid[x, y].character) {
        corners[Point(x: x, y: y)] = grid[x, y].character
      }
    }
    return corners
  }
}

/// Starts no process: it keeps what was asked for and answers at once.
final class RecordingLauncher: RunLaunching {
  private let asked = Mutex<(started: [RunRequest], resumed: [Run.ID])>(([], []))
  private let answer: Result<Run.ID, LaunchError>

  init(_ answer: Result<Run.ID, LaunchError> = .success("none")) { self.answer = answer }

  var started: [RunRequest] { asked.withLock(\.started) }
  var resumed: [Run.ID] { asked.withLock(\.resumed) }

  func start(_ request: RunRequest, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void) {
    asked.withLock { $0.started.append(request) }
    DispatchQueue.global().async { completion(self.answer) }
  }

  func resume(_ run: Run.ID, completion: @escaping @Sendable (Result<Run.ID, LaunchError>) -> Void) {
    asked.withLock { $0.resumed.append(run) }
    DispatchQueue.global().async { completion(self.answer) }
  }
}
