import Foundation

/// An order of runs. Pinned ones are on top in any, and what is not known or no number is last.
public struct RunSort: Equatable, Sendable {
  /// As they stand in the list, left to right.
  public enum Column: String, CaseIterable, Sendable {
    case created, state, name, progress, step, train, eval, best, speed, ended, model

    /// Whether people look for the highest first.
    public var beginsDescending: Bool {
      switch self {
      case .created, .progress, .step, .speed, .ended: true
      case .state, .name, .train, .eval, .best, .model: false
      }
    }
  }

  public var column: Column
  public var isDescending: Bool

  /// Newest first.
  public static let newest = RunSort(.created)

  /// - Parameter isDescending: by default as the column is mostly looked at: the lowest loss, the highest speed first.
  public init(_ column: Column, isDescending: Bool? = nil) {
    self.column = column
    self.isDescending = isDescending ?? column.beginsDescending
  }

  /// The runs in this order; those that are alike, newest first.
  public func sorted(_ runs: [Run]) -> [Run] {
    switch column {
    case .name: order(runs, by: runs.map { Optional($0.name.lowercased()) })
    case .model: order(runs, by: runs.map { Optional($0.modelName.lowercased()) })
    default: order(runs, by: runs.map { number($0).flatMap { $0.isNaN ? nil : $0 } })
    }
  }

  private func number(_ run: Run) -> Double? {
    switch column {
    case .created: Double(run.ordinal)
    case .state: Double(Self.states.firstIndex(of: run.state) ?? Self.states.count)
    case .progress: run.totalSteps.flatMap { $0 > 0 ? Double(run.step) / Double($0) : nil }
    case .step: Double(run.step)
    case .train: run.trainLoss
    case .eval: run.evalLoss
    case .best: run.bestEvalLoss
    case .speed: run.tokensPerSecond
    // What is not over ends latest.
    case .ended: run.finishedAt?.timeIntervalSince1970 ?? .infinity
    case .name, .model: nil
    }
  }

  /// The liveliest first.
  private static let states: [RunState] = [
    .running, .starting, .stopping, .paused, .followed, .queued, .crashed, .failed, .stopped, .finished,
  ]

  private func order<Key: Comparable>(_ runs: [Run], by keys: [Key?]) -> [Run] {
    // Runs are large; they are moved once.
    let isPinned = runs.map(\.labels.isPinned)
    let ordinals = runs.map(\.ordinal)
    return runs.indices.sorted { left, right in
      if isPinned[left] != isPinned[right] { return isPinned[left] }
      switch (keys[left], keys[right]) {
      case (let x?, let y?) where x != y: return (x < y) != isDescending
      case (_?, nil): return true
      case (nil, _?): return false
      default: return ordinals[left] > ordinals[right]
      }
    }.map { runs[$0] }
  }
}
