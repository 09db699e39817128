import Foundation
import Jobs
import ProjectStore

extension GlobalOptions {
  var projectFolder: URL { URL(fileURLWithPath: project, isDirectory: true) }

  /// - Parameter create: makes a project where there is none.
  func openStore(create: Bool = false) throws -> ProjectStore {
    if create, !ProjectStore.isProject(projectFolder) {
      progress("new project in \(projectFolder.standardizedFileURL.path)")
    }
    return try ProjectStore.open(projectFolder: projectFolder, create: create)
  }

  func settings() throws -> ProjectSettings {
    try ProjectSettings(file: projectFolder.appendingPathComponent(ProjectStore.settingsName))
  }
}
