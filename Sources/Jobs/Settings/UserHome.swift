import Foundation

/// The user's own folder: `$HOME`, as shells and other programs have it, whatever the password file says.
enum UserHome {
  static func folder(_ environment: [String: String]) -> URL {
    environment["HOME"].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0, isDirectory: true) : nil }
      ?? FileManager.default.homeDirectoryForCurrentUser
  }
}
