import Foundation

/// Where this program keeps what is the user's, by the XDG base directory specification.
enum UserHome {
  /// `assay` in the folder that a variable names, or in one at home. A relative path counts as none, and home is `$HOME`,
  /// as shells and other programs have it, whatever the password file says.
  static func folder(_ variable: String, orAtHome path: String, _ environment: [String: String]) -> URL {
    func stated(_ variable: String) -> URL? {
      environment[variable].flatMap {
        $0.hasPrefix("/") ? URL(fileURLWithPath: $0, isDirectory: true) : nil
      }
    }
    let folder =
      stated(variable)
      ?? (stated("HOME") ?? FileManager.default.homeDirectoryForCurrentUser).appendingPathComponent(
        path, isDirectory: true)
    return folder.appendingPathComponent("assay", isDirectory: true)
  }
}
