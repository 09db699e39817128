import Foundation
import ProjectStore

/// What happens when there is something to alert of: `[alerts]`.
public struct AlertSettings: Equatable, Sendable {
  /// Whether the screen rings the terminal's bell.
  public var bell = true
  /// What ``AlertHook`` runs; empty for nothing. Only the user's own file says it.
  public var command = ""

  public init() {}

  /// The user's own settings: `$XDG_CONFIG_HOME/assay/config.toml`, by default in `~/.config`.
  public static var userFile: URL {
    userFile(ProcessInfo.processInfo.environment)
  }

  static func userFile(_ environment: [String: String]) -> URL {
    UserHome.folder("XDG_CONFIG_HOME", orAtHome: ".config", environment).appendingPathComponent("config.toml")
  }

  /// Those of the user, and over them those of a project.
  ///
  /// - Parameter projectFolder: nil where there is no project.
  /// - Throws: ``SettingsFileError``. The user's file has `[alerts]` and nothing else.
  public static func read(projectFolder: URL?, userFile: URL = userFile) throws -> AlertSettings {
    var settings = ProjectSettings()
    try settings.read(userFile, sections: ["alerts"])
    if let projectFolder {
      try settings.read(projectFolder.appendingPathComponent(ProjectStore.settingsName))
    }
    return settings.alerts
  }
}
