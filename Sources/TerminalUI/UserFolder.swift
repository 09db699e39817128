import Foundation

/// Where the user's own files of this program are.
public enum UserFolder {
  /// `$XDG_CONFIG_HOME/assay`, by default in `~/.config`.
  public static var configuration: URL { folder("XDG_CONFIG_HOME", orAtHome: ".config") }
  /// `$XDG_STATE_HOME/assay`, by default in `~/.local/state`.
  public static var state: URL { folder("XDG_STATE_HOME", orAtHome: ".local/state") }

  /// As the XDG Base Directory Specification has it: a path that is not absolute is ignored.
  private static func folder(_ variable: String, orAtHome path: String) -> URL {
    let environment = ProcessInfo.processInfo.environment
    func stated(_ variable: String) -> URL? {
      environment[variable].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
    }
    // $HOME before the password file, as shells and other programs have it.
    let folder =
      stated(variable)
      ?? (stated("HOME") ?? FileManager.default.homeDirectoryForCurrentUser).appendingPathComponent(path)
    return folder.appendingPathComponent("assay", isDirectory: true)
  }
}
