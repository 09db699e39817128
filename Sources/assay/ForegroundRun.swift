import ArgumentParser
import Dispatch
import Foundation
import Jobs
import ProjectStore
import Synchronization

/// A worker in this process. ^C and SIGTERM finish the step and save; once more, and it ends at once.
struct ForegroundRun {
  var store: ProjectStore
  var run: Run.ID
  var json: Bool
  var quiet: Bool

  func work() async throws {
    // A reader of the events who goes away does not take the run along.
    signal(SIGPIPE, SIG_IGN)
    let (json, quiet) = (json, quiet)
    let worker = TrainingWorker(store: store, run: run) { event in
      if json {
        if let line = try? jsonLine(event) { writeLine(line) }
      } else if !quiet, let line = Self.text(event) {
        writeLine(line)
      }
    }
    let interruptions = Interruptions { count in
      standardError(
        count == 1 ? "assay: finishing the step and saving — once more stops at once" : "assay: stopping")
      worker.interrupt(count == 1 ? .stopAndSave : .stopNow)
    }
    defer { interruptions.cancel() }
    _ = try await worker.run()
    if interruptions.count > 0 { throw ExitCode(130) }
  }

  private static func text(_ event: WorkerEvent) -> String? {
    func loss(_ x: Double?) -> String { x.map { String(format: "%.3f", $0) } ?? "–" }
    switch event {
    case .started(let run, let name, let model, let total, let training, let evaluation, let from):
      return "run \(run) “\(visible(name))”: \(visible(model)), "
        + "\(training) pairs, \(evaluation) held out, \(total) steps"
        + (from > 0 ? ", from step \(from)" : "")
    case .step(let step, let train, let rate, let norm, let speed, _, _):
      return String(
        format: "step %4d · loss %.3f · lr %.2e · grad %.2f · %.0f tokens/s", step, train, rate, norm, speed)
    case .evaluation(let step, let eval, _, let improved):
      return String(format: "step %4d · eval %.3f%@", step, eval, improved ? " · best so far" : "")
    case .checkpoint(let step): return String(format: "step %4d · checkpoint", step)
    case .sample(_, let question, _, let base, let answer):
      return "  Q \(visible(question))\n  base  \(visible(base))\n  tuned \(visible(answer))"
    case .note(_, let step, let message): return String(format: "step %4d · ", step) + visible(message)
    case .summary(let s):
      return
        "\(s.state.rawValue) after \(s.step) steps · eval base \(loss(s.baseEvalLoss)) → best \(loss(s.bestEvalLoss)) · adapter \(s.adapterPath ?? "–")"
    }
  }
}

/// SIGINT, SIGTERM and SIGHUP, counted.
final class Interruptions: Sendable {
  private let seen = Atomic(0)
  private let sources = Mutex<[any DispatchSourceSignal]>([])

  init(_ onSignal: @escaping @Sendable (Int) -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      sources.withLock { sources in
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { [weak self] in
          guard let self else { return }
          onSignal(seen.add(1, ordering: .relaxed).newValue)
        }
        source.resume()
        sources.append(source)
      }
    }
  }

  var count: Int { seen.load(ordering: .relaxed) }

  func cancel() {
    sources.withLock { for source in $0 { source.cancel() } }
  }
}
