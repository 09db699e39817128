import ProjectStore
import TerminalUI

extension Run {
  /// A, B, C… by the order of creation: tells runs apart where colour does not.
  var letter: Character {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return alphabet[max(0, ordinal - 1) % alphabet.count]
  }

  /// The run's colour, the same on every screen for as long as it exists.
  var role: Role { .series(ordinal - 1) }

  /// `A conceptual-60` in the run's colour.
  var badge: StyledText { StyledText("\(letter) ", role, .bold) + StyledText(name, role) }

  /// How much of its steps a run has done, 0…1; `nil` if it does not know how many there will be.
  var share: Double? {
    totalSteps.flatMap { $0 > 0 ? min(1, Double(step) / Double($0)) : nil }
  }
}

extension RunState {
  var role: Role {
    switch self {
    case .queued, .stopped: .dim
    case .starting, .stopping, .paused: .warning
    case .running, .finished: .good
    case .followed: .accent
    case .failed, .crashed: .bad
    }
  }

  /// One column that says the state without colour.
  func glyph(isAscii: Bool) -> String {
    switch self {
    case .queued: isAscii ? "." : "◌"
    case .starting: isAscii ? "o" : "○"
    case .running: isAscii ? ">" : "▸"
    case .paused: isAscii ? "=" : "‖"
    case .stopping: isAscii ? "o" : "◐"
    case .finished: isAscii ? "v" : "✓"
    case .stopped: isAscii ? "#" : "■"
    case .failed: isAscii ? "x" : "✗"
    case .crashed: isAscii ? "!" : "✗"
    case .followed: isAscii ? "@" : "◉"
    }
  }
}

extension RunEvent.Kind {
  var role: Role {
    switch self {
    case .improved, .finished: .good
    case .overfitting, .warning, .earlyStop, .paused: .warning
    case .nan, .diverging, .failed: .bad
    case .checkpoint, .evaluated: .text
    default: .accent
    }
  }

  func glyph(isAscii: Bool) -> String {
    switch self {
    case .improved: isAscii ? "v" : "▼"
    case .overfitting, .diverging: isAscii ? "^" : "▲"
    case .nan, .failed: isAscii ? "x" : "✗"
    case .warning: "!"
    case .checkpoint: isAscii ? "+" : "◆"
    case .evaluated: isAscii ? "+" : "◇"
    case .finished, .earlyStop: isAscii ? "v" : "✓"
    case .stopped: isAscii ? "#" : "■"
    case .paused: isAscii ? "=" : "‖"
    default: isAscii ? "*" : "•"
    }
  }
}
