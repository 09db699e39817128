/// What a log says of one step: a row of a table, an element of `log_history`, an event.
public struct LogEntry: Equatable, Sendable {
  /// Optimiser steps, iterations or whatever the log counts.
  public var step: Int
  /// Seconds since 1970, or since the start of training in logs that know only that; nil when the log has no times.
  public var time: Double?
  public var values: [LogValue]

  public init(step: Int, time: Double? = nil, values: [LogValue]) {
    self.step = step
    self.time = time
    self.values = values
  }
}

/// A number under the name that the log gives it.
public struct LogValue: Equatable, Sendable {
  public var name: String
  public var value: Double

  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
