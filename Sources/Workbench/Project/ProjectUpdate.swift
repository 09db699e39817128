import Foundation
import ProjectStore

/// What became known of the project since the last update. What is `nil` or not named is as it was.
struct ProjectUpdate: Sendable {
  /// All runs, newest first.
  var runs: [Run]?
  var pairs: PairCounts?
  /// All that is known of a run's measurements, where there is more of it.
  var histories: [Run.ID: RunHistory] = [:]
  /// The newest events of a run, newest first.
  var events: [Run.ID: [RunEvent]] = [:]
  /// The newest sample answers of a run.
  var answers: [Run.ID: [SampleAnswer]] = [:]
  /// What became of commands that were filed here.
  var outcomes: [FiledCommand] = []
  /// Why the store could not be read.
  var failure: String?

  var isEmpty: Bool {
    runs == nil && pairs == nil && histories.isEmpty && events.isEmpty && answers.isEmpty && outcomes.isEmpty
      && failure == nil
  }
}
