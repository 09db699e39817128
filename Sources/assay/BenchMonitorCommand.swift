import ArgumentParser
import Foundation
import Jobs
import Workbench

extension BenchCommand {
  struct Monitor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The workbench on long runs: reading them, drawing them, and whether what it draws is true.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "Points of the long run.") var points = 1_000_000
    @Option(help: "Measurements of which the median is told.") var repeats = 5

    func validate() throws {
      guard (1000...100_000_000).contains(points) else {
        throw ValidationError("--points: \(points) is not between 1000 and 100000000")
      }
      guard (1...1000).contains(repeats) else {
        throw ValidationError("--repeats: \(repeats) is not between 1 and 1000")
      }
    }

    func run() async throws {
      let launch = ProcessFacts.secondsSinceLaunch
      let benchmark = MonitorBenchmark(pointCount: points, repeats: repeats, launchSeconds: launch)
      let report = try benchmark.run { global.progress($0) }
      print(global.json ? try jsonLine(report) : report.lines.joined(separator: "\n"))
    }
  }
}
