import Foundation
import ProjectStore

/// Something about a run that a person wants to know of at once.
public struct Alert: Equatable, Sendable, Identifiable {
  /// What kind of thing. The raw values are what a hook reads in `ASSAY_ALERT`.
  public enum Kind: String, CaseIterable, Sendable {
    case nan, diverging, overfitting, stalled, finished, failed, crashed
  }

  /// The same for the same alert, however often it is told.
  public struct ID: Hashable, Sendable {
    public var run: Run.ID
    public var kind: Kind
    public var step: Int
    public var time: Date
  }

  public var kind: Kind
  public var run: Run.ID
  public var step: Int
  /// When it happened, not when it was noticed.
  public var time: Date
  /// One line with the numbers of the rule that speaks.
  public var message: String

  public var id: ID { ID(run: run, kind: kind, step: step, time: time) }

  public init(kind: Kind, run: Run.ID, step: Int, time: Date, message: String) {
    self.kind = kind
    self.run = run
    self.step = step
    self.time = time
    self.message = message
  }

  /// `nil` for an event that is none to alert anybody of.
  public init?(_ event: RunEvent) {
    guard let kind = Kind(event.kind) else { return nil }
    self.init(kind: kind, run: event.run, step: event.step, time: event.time, message: event.message)
  }
}

extension Alert.Kind {
  /// What an event of this kind is as an alert.
  public init?(_ kind: RunEvent.Kind) {
    switch kind {
    case .nan: self = .nan
    case .diverging: self = .diverging
    case .overfitting: self = .overfitting
    case .finished: self = .finished
    case .failed: self = .failed
    default: return nil
    }
  }
}
