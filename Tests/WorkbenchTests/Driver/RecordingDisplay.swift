import TerminalUI

/// A display that keeps the frames it is given, those that differ from the one before.
@MainActor
final class RecordingDisplay: Display {
  var size: Size
  var theme = Theme.dark
  let tier = ColourTier.direct
  var onEvent: (Terminal.Event) -> Void = { _ in }
  /// Told of every frame that differs.
  var onFrame: (CellGrid) -> Void = { _ in }

  private(set) var frames: [CellGrid] = []
  /// When each of them was shown.
  private(set) var frameTimes: [ContinuousClock.Instant] = []
  /// Frames that were drawn, whether they differed or not.
  private(set) var drawnCount = 0
  private(set) var title = ""
  private(set) var bellCount = 0
  private(set) var copied: [String] = []
  var hasMouse = true
  private(set) var isMouseOn = false
  private(set) var isClosed = false
  private(set) var deadlySignal: Int32?

  init(size: Size) { self.size = size }

  var glyphs: Glyphs { theme.glyphs(isUnicode: true) }
  var frame: CellGrid { frames.last ?? CellGrid(size: size) }

  func present(_ grid: CellGrid) -> Int {
    drawnCount += 1
    guard grid != frames.last else { return 0 }
    frames.append(grid)
    frameTimes.append(.now)
    onFrame(grid)
    return 1
  }

  func setTitle(_ title: String) { self.title = title }
  func ringBell() { bellCount += 1 }

  func copy(_ text: String) -> Bool {
    copied.append(text)
    return true
  }

  func setMouse(_ isOn: Bool) -> Bool {
    if hasMouse { isMouseOn = isOn }
    return hasMouse
  }

  func close() { isClosed = true }

  func die(of signal: Int32) {
    deadlySignal = signal
    // The terminal's way ends the process; here the workbench is left as by ^C.
    onEvent(.interrupt)
  }
}
