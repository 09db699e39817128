import Foundation

/// Where the user's own files of this program are.
public enum UserFolder {
  /// `$XDG_CONFIG_HOME/assay`, by default in `~/.config`.
  public static var configuration: URL {
    let named = ProcessInfo.processInfo.environment["XDG_CONFIG_HOME"]
    let folder =
      named.flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
      ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".config")
    return folder.appendingPathComponent("assay", isDirectory: true)
  }
}
