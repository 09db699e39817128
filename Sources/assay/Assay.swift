import ArgumentParser
import Foundation

@main
struct Assay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assay",
    abstract: "A terminal workbench for fine-tuning language models on question–answer data.",
    version: "0.1.0",
    subcommands: [
      DemoCommand.self, InitCommand.self, PullCommand.self, ImportCommand.self, TrainCommand.self,
      RunsCommand.self, WatchCommand.self, ExportCommand.self, KeysCommand.self,
      AskCommand.self, TokensCommand.self, BenchCommand.self, WorkbenchCommand.self, WorkerCommand.self,
    ], defaultSubcommand: WorkbenchCommand.self)

  /// Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.
  static func main() async {
    // A file that grows past a limit is an error of writing, like a full disk, and not the end of the program.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      if code == .success { exit(withError: error) }
      if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
      let usage = code == .validationFailure
      standardError(usage ? fullMessage(for: error) : "assay: " + oneLine(message(for: error)))
      Foundation.exit(usage ? 2 : 1)
    }
  }
}
