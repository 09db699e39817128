import Foundation

/// The name of a series of measurements of a run. Others than those below are welcome: a chart draws any.
public struct MetricName: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringLiteral {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  public init(stringLiteral value: String) {
    rawValue = value
  }

  /// Mean loss per answer token of the step's batch, in nats.
  public static let trainLoss: MetricName = "train_loss"
  /// Mean loss per answer token of the eval split, in nats.
  public static let evalLoss: MetricName = "eval_loss"
  /// The same of the pairs of one category.
  public static func evalLoss(category: String) -> MetricName {
    MetricName(rawValue: "eval_loss/\(category)")
  }
  public static let learningRate: MetricName = "learning_rate"
  /// Euclidean norm of the gradient before clipping.
  public static let gradientNorm: MetricName = "gradient_norm"
  public static let tokensPerSecond: MetricName = "tokens_per_second"
  public static let residentBytes: MetricName = "resident_bytes"
}

/// One measurement. Any value survives the store: NaN and infinities too.
public struct MetricPoint: Equatable, Sendable {
  /// Optimiser steps done when it was measured.
  public var step: Int
  /// Tokens trained on by then, without padding; ``unknownTokens`` in logs that do not count them.
  public var trainedTokens: Int
  /// Passes over the training set by then.
  public var epoch: Double
  /// Seconds since 1970.
  public var wallTime: Double
  public var value: Double
  /// The ``Run/segment`` that measured it; ``Swift/Array/supersede(step:segment:)`` tells what a resume did
  /// again.
  public var segment: Int

  /// In place of a number of tokens that is not known.
  public static let unknownTokens = Int.min

  public init(
    step: Int, trainedTokens: Int, epoch: Double, wallTime: Double, value: Double, segment: Int = 0
  ) {
    self.step = step
    self.trainedTokens = trainedTokens
    self.epoch = epoch
    self.wallTime = wallTime
    self.value = value
    self.segment = segment
  }
}

/// A series as a list of series shows it.
public struct MetricSeries: Equatable, Sendable {
  public let name: MetricName
  /// Points in it, which is also the sequence number of the newest.
  public let count: Int
}

/// Consecutive points of one series.
public struct MetricSlice: Equatable, Sendable {
  /// In the order of their recording.
  public var points: [MetricPoint]
  /// The sequence number of the last point, to read on from; what was asked for when there is nothing new.
  public var lastSequence: Int
}
