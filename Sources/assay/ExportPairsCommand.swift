import ArgumentParser
import Foundation
import Jobs
import ProjectStore
import QAData

extension ExportCommand {
  struct Pairs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Question–answer pairs in the formats of other tools.",
      discussion: """
        alpaca and sharegpt are JSON arrays; with --output FOLDER (a name without an ending) there is dataset_info.json \
        beside them, for LLaMA-Factory. messages, prompt-completion and jsonl are JSON lines; mlx is a folder of \
        train, valid and test.jsonl; squad, synthetic-data-kit, csv and tsv are single files. `assay import` reads \
        all of them back as they were.

        Cells of csv and tsv hold the texts as they are, which is what programs read. For spreadsheets, which \
        calculate a cell that begins with =, +, - or @, use --for-spreadsheets: it puts an apostrophe before those.
        """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var target: Target
    @Option(
      help: ArgumentHelp("By default what the file's name says, or jsonl.", valueName: "format"))
    var format: PairExport.Format?
    @Option(
      name: .customLong("where"),
      help: "Which pairs, e.g. category=factual or source~cooling; may be repeated.")
    var filter: [String] = []
    @Flag(help: "Keep spreadsheets from calculating cells.") var forSpreadsheets = false

    struct Output: Encodable {
      var file: String
      var pairs: Int
      /// Of a folder with a file for each split.
      var byFile: [String: Int]?
    }

    private var chosen: PairExport.Format {
      format ?? target.output.flatMap(PairExport.Format.init(fileName:)) ?? .jsonl
    }

    func validate() throws {
      if chosen == .mlx, target.output == nil { throw ValidationError("--format mlx needs --output FOLDER") }
      if forSpreadsheets, chosen != .csv, chosen != .tsv {
        throw ValidationError("--for-spreadsheets is for csv and tsv")
      }
    }

    func run() async throws {
      let filter = try PairFilter(parsing: filter)
      let export = PairExport(store: try global.openStore(), filter: filter, forSpreadsheets: forSpreadsheets)
      if let folder {
        guard !FileManager.default.fileExists(atPath: folder.path) else {
          throw LaunchError("\(folder.path) exists already; nothing was written")
        }
        if let format = chosen.writer {
          try report(export.writeLLaMAFactory(format, folder: folder), nil)
        } else {
          let counts = try export.writeMLX(folder: folder)
          try report(counts.values.reduce(0, +), counts)
        }
      } else if let format = chosen.writer {
        try target.write(global) { try export.write(format, to: $0) }
      }
    }

    private var folder: URL? {
      guard let output = target.output else { return nil }
      let url = URL(fileURLWithPath: output)
      let canBeFolder = chosen == .alpaca || chosen == .sharegpt
      return chosen == .mlx || canBeFolder && url.pathExtension.isEmpty ? url : nil
    }

    private func report(_ count: Int, _ byFile: [String: Int]?) throws {
      let name = target.output ?? ""
      if global.json {
        writeLine(try jsonLine(Output(file: name, pairs: count, byFile: byFile)))
      } else {
        let parts = ["train", "valid", "test"].compactMap { part in byFile?[part].map { "\(part) \($0)" } }
        global.progress(
          "\(name): \(count) pairs\(parts.isEmpty ? "" : " — " + parts.joined(separator: ", "))")
        if byFile?["valid"] == 0 {
          global.progress("no pair is for validation, without which mlx-lm does not train")
        }
      }
    }
  }
}

extension PairExport.Format: ExpressibleByArgument {}
