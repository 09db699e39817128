import Foundation
import TerminalUI

/// What a workbench takes from outside of its project: the clock, the user's own files. Tests bring theirs.
struct Surroundings: Sendable {
  var now: @Sendable () -> Date = { .now }
  var timeZone = TimeZone.current
  /// Where the user's themes and keys are.
  var configuration = UserFolder.configuration
  /// Told of everything that is waited for; nobody counts in earnest.
  var busy: BusyCounter?
}
