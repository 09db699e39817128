import TerminalUI

/// How the workbench looks, as the command line and the settings say it.
public struct WorkbenchOptions: Sendable {
  /// The name of a theme; `nil` takes the project's.
  public var themeName: String?
  /// How many colours to use; `nil` takes as many as the terminal has, or none under `NO_COLOR`.
  public var colours: ColourTier?
  /// Draws with ASCII signs only.
  public var usesAscii: Bool

  public init(themeName: String? = nil, colours: ColourTier? = nil, usesAscii: Bool = false) {
    self.themeName = themeName
    self.colours = colours
    self.usesAscii = usesAscii
  }
}

/// Why the workbench does not open.
public enum WorkbenchError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownTheme(String, known: [String])

  public var description: String {
    switch self {
    case .unknownTheme(let name, let known):
      "There is no theme “\(name)”; there are \(known.joined(separator: ", "))."
    }
  }
}
