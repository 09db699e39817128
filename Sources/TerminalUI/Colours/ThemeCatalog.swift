import Foundation

/// The themes that can be chosen: those that come with the program, and the user's own.
public struct ThemeCatalog: Sendable {
  /// Those of the program first; a user's theme of the same name takes the place of one.
  public let themes: [Theme]
  /// Files that are no themes, and why; they are left out.
  public let problems: [ThemeError]

  /// - Parameter folder: where the user's `.toml` files are; it need not exist.
  public init(folder: URL = Self.userFolder) {
    var themes = Theme.builtIn
    var problems: [ThemeError] = []
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    for name in names where name.hasSuffix(".toml") {
      do {
        let theme = try Theme(contentsOf: folder.appendingPathComponent(name))
        if let place = themes.firstIndex(where: { $0.name == theme.name }) {
          themes[place] = theme
        } else {
          themes.append(theme)
        }
      } catch let problem as ThemeError {
        problems.append(problem)
      } catch {
        problems.append(.unreadable(file: name, reason: error.localizedDescription))
      }
    }
    self.themes = themes
    self.problems = problems
  }

  /// `$XDG_CONFIG_HOME/assay/themes`, by default in `~/.config`.
  public static var userFolder: URL { folder(in: UserFolder.configuration) }

  /// The folder of themes among the user's files.
  public static func folder(in configuration: URL) -> URL {
    configuration.appendingPathComponent("themes", isDirectory: true)
  }

  public subscript(name: String) -> Theme? { themes.first { $0.name == name } }

  /// The theme that follows another, in turn.
  public func theme(after name: String) -> Theme {
    let place = themes.firstIndex { $0.name == name } ?? -1
    return themes[(place + 1) % themes.count]
  }
}
