import ArgumentParser
import FineTuning
import Foundation
import Jobs

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure this machine.",
    subcommands: [Train.self, Monitor.self, Embed.self])

  struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Training steps on fixed work: tokens/s, ms per step and its parts, share of the peak, memory.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var engine: EngineOptions
    @Option(name: .customLong("case"), help: "qa, packed-1x1024 or packed-4x512.")
    var work: TrainingBenchmark.Case = .qa
    @Option(help: "Steps to measure, after two warm-ups.")
    var steps = 10

    func validate() throws {
      guard (1...10_000).contains(steps) else {
        throw ValidationError("--steps: \(steps) is not between 1 and 10000")
      }
    }

    func run() async throws {
      let benchmark = TrainingBenchmark(
        case: work, precision: engine.precision, threads: engine.threads, steps: steps)
      let result = try benchmark.run(engine.open()) { global.progress($0) }
      if global.json {
        print(try jsonLine(result))
      } else {
        print(
          """
          case              \(result.case), \(result.tokensPerStep) tokens a step
          model             \(result.model), \(result.precision), \(result.threads) threads, \(result.instructionSet)
          tokens/s          \(number(result.tokensPerSecond, 1))
          ms per step       \(number(result.msPerStep, 1))
            matrix products \(number(result.matmulMs, 1))
            attention       \(number(result.attentionMs, 1))
            other           \(number(result.otherMs, 1))
          share of peak     \(number(100 * result.peakShare, 1)) % of \(number(result.peakFlopsPerSecond / 1e9, 0)) GFLOP/s
          first step        \(number(result.firstStepSeconds, 2)) s after launch (\(number(result.loadSeconds, 2)) s loading)
          peak memory       \(number(Double(result.peakRssBytes) / 1e6, 0)) MB
          """)
      }
    }

    private func number(_ x: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", x) }
  }
}
