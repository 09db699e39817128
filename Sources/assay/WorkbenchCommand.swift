import ArgumentParser
import Foundation
import ProjectStore
import TerminalUI
import Workbench

/// How the workbench looks, and how it is opened.
struct WorkbenchFlags: ParsableArguments {
  @Option(help: "A theme: \(ThemeCatalog().themes.map(\.name).joined(separator: ", ")).") var theme: String?
  @Option(help: "never, 8, 16, 256 or direct; by default what the terminal can, and never under NO_COLOR.")
  var color: ColourTier?
  @Flag(help: "Draw with ASCII signs only.") var ascii = false

  @MainActor
  func open(_ folder: URL) async throws {
    try await run(Workbench(projectFolder: folder, options: options))
  }

  /// Shows the runs that other tools' logs tell of.
  @MainActor
  func watch(_ paths: [String]) async throws {
    try await run(Workbench(watching: paths, options: options))
  }

  private var options: WorkbenchOptions {
    WorkbenchOptions(themeName: theme, colours: color, usesAscii: ascii)
  }

  @MainActor
  private func run(_ workbench: Workbench) async throws {
    let code = try await workbench.run()
    if code != 0 { throw ExitCode(code) }
  }
}

extension ColourTier: ExpressibleByArgument {}

/// `assay` alone: the workbench on the project here.
struct WorkbenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workbench", abstract: "Open the workbench on the project here (the default).")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var flags: WorkbenchFlags

  func run() async throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !global.plain, !global.json else {
      // The same facts as lines.
      return try RunsCommand.List.show(global)
    }
    let folder = global.projectFolder
    if !ProjectStore.isProject(folder) {
      let question = "There is no project in \(folder.standardizedFileURL.path). Make one here? [y/N] "
      standardOutput(question)
      guard readLine()?.lowercased().hasPrefix("y") == true else {
        standardError(
          "assay: no project — `assay init` makes one here, `assay demo` shows one, --project DIR opens another"
        )
        throw ExitCode(1)
      }
      _ = try ProjectStore.open(projectFolder: folder, create: true)
    }
    try await flags.open(folder)
  }
}
