/// What an application draws on and hears from: the terminal, or something that takes its place, such as a recording of
/// the frames in tests.
@MainActor
public protocol Display: AnyObject {
  var size: Size { get }
  /// The signs that grids to present are made with.
  var glyphs: Glyphs { get }
  var tier: ColourTier { get }
  var theme: Theme { get set }
  /// Hears keys and changes, on the main actor.
  var onEvent: (Terminal.Event) -> Void { get set }

  /// Shows a grid and returns the bytes written, 0 if nothing differs from what is there.
  @discardableResult
  func present(_ grid: CellGrid) -> Int
  func setTitle(_ title: String)
  func ringBell()
  /// Asks for a text to be taken into the clipboard; `false` if it is too long.
  @discardableResult
  func copy(_ text: String) -> Bool
  /// Whether the mouse is heard of; returns whether there is one.
  @discardableResult
  func setMouse(_ isOn: Bool) -> Bool
  /// Leaves the screen and stops listening.
  func close()
  /// Ends the process by a signal that asked for it.
  func die(of signal: Int32)
}

extension Terminal: Display {
  public func die(of signal: Int32) {
    close()
    Terminal.die(of: signal)
  }
}
