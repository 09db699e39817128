import ArgumentParser
import Foundation
import Jobs
import ModelFiles
import ProjectStore
import TerminalUI
import TrainingLogs
import Workbench

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Charts, their data and pairs as files that others read.",
    subcommands: [Chart.self, Metrics.self, Pairs.self])

  /// Where the result goes.
  struct Target: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("A new file; stdout without it.", valueName: "file"))
    var output: String?

    /// - Throws: when the file is there already, or cannot be written; then nothing is left behind.
    func write(_ global: GlobalOptions, _ body: ((String) throws -> Void) throws -> Void) throws {
      guard let output else { return try body { standardOutput($0) } }
      guard !FileManager.default.fileExists(atPath: output) else {
        throw LaunchError("\(output) exists already; nothing was written")
      }
      var count = 0
      try AtomicReplacement.file(at: URL(fileURLWithPath: output)) { file in
        try body { text in
          let data = Data(text.utf8)
          count += data.count
          try file.write(contentsOf: data)
        }
      }
      if global.json {
        writeLine(try jsonLine(["file": output, "bytes": String(count)]))
      } else {
        global.progress("\(output): \(count) bytes")
      }
    }
  }

  struct Chart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The curves of runs as an SVG file or plain text.",
      discussion: "Without a run the newest one is drawn; --from draws the runs of other tools' logs.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
      case svg, txt
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var target: Target
    @Argument(help: "Ids of runs.") var runs: [String] = []
    @Option(help: ArgumentHelp("Logs of other tools, in place of the project's runs.", valueName: "path"))
    var from: [String] = []
    @Option(help: "svg or txt; by default what the file's name says, or txt.") var format: Format?
    @Option(help: "step, tokens, epoch, time or wall.") var x = CurveOptions.Progress.step
    @Flag(help: "A logarithmic axis for losses.") var logY = false
    @Option(help: "Weight of the past in the train loss's average, 0 for none.") var smoothing = 0.9
    @Flag(help: "Leave outliers out of the y axis; they are counted.") var clip = false
    @Flag(help: "All metrics in place of the losses.") var allMetrics = false
    @Option(help: "Columns of plain text.") var width = 100
    @Option(help: "Rows of plain text, of each chart.") var height = 30
    @Flag(help: "Plain text of ASCII signs only.") var ascii = false

    func validate() throws {
      guard (0..<1).contains(smoothing) else {
        throw ValidationError("--smoothing: \(smoothing) is not in [0, 1)")
      }
      guard (20...1000).contains(width), (6...500).contains(height) else {
        throw ValidationError("--width is not between 20 and 1000, or --height not between 6 and 500")
      }
    }

    func run() async throws {
      var options = CurveOptions(smoothing: smoothing)
      options.progress = x
      options.lossScale = logY ? .logarithmic : .linear
      options.clipsOutliers = clip
      options.showsAllMetrics = allMetrics
      let curves =
        from.isEmpty
        ? try CurveExport(store: global.openStore(), runs: runs, options: options)
        : CurveExport(logs: try logs(), options: options)
      let isSVG = format == .svg || format == nil && target.output?.lowercased().hasSuffix(".svg") == true
      let text = try curves.text(
        isSVG ? .svg : .txt, size: Size(width: width, height: height), isAscii: ascii)
      try target.write(global) { try $0(text) }
    }

    private func logs() throws -> [FollowedRun] {
      var logs = FollowedLogs(paths: from)
      logs.discover()
      logs.read()
      if let problem = logs.problems.first { throw LaunchError("\(problem)") }
      return logs.runs
    }
  }

  struct Metrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "All measurements of runs as CSV or JSON lines.", discussion: "Without a run those of all.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var target: Target
    @Argument(help: "Ids of runs.") var runs: [String] = []
    @Option(help: "csv or jsonl; by default what the file's name says, or csv.") var format:
      MetricTable.Format?

    func run() async throws {
      let store = try global.openStore()
      let chosen = runs.isEmpty ? try store.runs().reversed() : try runs.map { try store.run($0) }
      let isLines = target.output?.lowercased().hasSuffix(".jsonl") == true
      let table = MetricTable(format ?? (isLines ? .jsonl : .csv))
      try target.write(global) { try table.write(chosen, of: store, to: $0) }
    }
  }
}

extension CurveOptions.Progress: ExpressibleByArgument {}
extension MetricTable.Format: ExpressibleByArgument {}
