import ArgumentParser
import Foundation
import ProjectStore

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "New project: a folder with assay.toml and assay.sqlite.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("The new project's folder.", valueName: "dir"))
  var folder: String?

  struct Output: Encodable {
    var project: String
  }

  func run() async throws {
    let url = folder.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? global.projectFolder
    let existed = ProjectStore.isProject(url)
    let store = try ProjectStore.open(projectFolder: url, create: true)
    if global.json {
      print(try jsonLine(Output(project: store.folder.path)))
    } else {
      print(existed ? "\(store.folder.path) is a project already" : "new project in \(store.folder.path)")
    }
  }
}
