/// Says when a series ceases to be finite: once, until it is finite again.
public struct NotANumberWatch: Sendable {
  private var isBroken = false

  public init() {}

  /// - Returns: what the value is, if it is not finite and the one before was.
  public mutating func add(_ value: Double) -> String? {
    defer { isBroken = !value.isFinite }
    guard !value.isFinite, !isBroken else { return nil }
    return value.isNaN ? "NaN" : value > 0 ? "∞" : "−∞"
  }
}
