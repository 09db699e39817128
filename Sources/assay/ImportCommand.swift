import ArgumentParser
import Foundation
import Jobs

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Import question–answer pairs: JSON lines with question and answer.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("JSON lines files.", valueName: "path"))
  var paths: [String]

  struct Output: Encodable {
    struct Rejected: Encodable {
      var file: String
      var line: Int
      var problem: String
    }
    var inserted = 0
    var updated = 0
    var unchanged = 0
    var leftOut = 0
    /// The first of them.
    var rejected: [Rejected] = []
  }

  func run() async throws {
    let files = try paths.map { try PairFile(path: $0) }
    let store = try global.openStore(create: true)
    var output = Output()
    for file in files {
      let result = try store.importPairs(file.pairs)
      output.inserted += result.inserted
      output.updated += result.updated
      output.unchanged += result.unchanged + result.repeated
      output.rejected += file.rejected.map { .init(file: $0.file, line: $0.line, problem: $0.problem) }
      output.leftOut += file.rejectedCount
      global.progress(leftOutOf: file)
    }
    if global.json {
      print(try jsonLine(output))
    } else {
      print(
        "\(output.inserted) new, \(output.updated) updated, \(output.unchanged) unchanged, \(output.leftOut) lines left out"
      )
    }
  }
}
