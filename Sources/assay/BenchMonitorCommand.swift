import ArgumentParser
import Foundation
import Jobs
import Workbench

extension BenchCommand {
  struct Monitor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The workbench on long runs and beside training: how fast, how true, at what cost.",
      discussion: """
        Long runs are read and drawn in this process; then the program itself is watched on a pseudo-terminal, with two \
        runs that train on all cores. Those need the model smollm2-135m in the cache (assay pull), or --model.
        """)

    @OptionGroup var global: GlobalOptions
    @Option(help: "Points of the long run.") var points = 1_000_000
    @Option(help: "Measurements of which the median is told.") var repeats = 5

    @Option(help: "The model of the runs that train meanwhile.") var model = Demo.model
    @Option(help: "Keys that are timed beside training.") var keys = 200
    @Option(help: ArgumentHelp("How long to do nothing, and to watch.", valueName: "seconds")) var watch =
      20.0
    @Flag(help: "Leave out what is measured on a pseudo-terminal.") var noTerminal = false

    func validate() throws {
      guard (1000...100_000_000).contains(points) else {
        throw ValidationError("--points: \(points) is not between 1000 and 100000000")
      }
      guard (1...100_000).contains(keys), (1...3600).contains(watch) else {
        throw ValidationError("--keys is not between 1 and 100000, or --watch not between 1 and 3600")
      }
      guard (1...1000).contains(repeats) else {
        throw ValidationError("--repeats: \(repeats) is not between 1 and 1000")
      }
    }

    func run() async throws {
      let launch = ProcessFacts.secondsSinceLaunch
      let benchmark = MonitorBenchmark(pointCount: points, repeats: repeats, launchSeconds: launch)
      var report = try benchmark.run { global.progress($0) }
      report.rows += try RunListBenchmark(repeats: repeats).run { global.progress($0) }
      if !noTerminal {
        let known = try? ModelCache().resolve(model)
        if known == nil {
          global.progress("\(model) is not there (assay pull \(model)): nothing trains meanwhile")
        }
        report.rows += try LiveScreenBenchmark(
          keyCount: keys, seconds: watch, model: known == nil ? nil : model
        ).run { global.progress($0) }
      }
      print(global.json ? try jsonLine(report) : report.lines.joined(separator: "\n"))
    }
  }
}
