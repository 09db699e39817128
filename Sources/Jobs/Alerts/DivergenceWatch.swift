/// Says when a train loss has left where it was and does not come back.
///
/// The moving average of the loss has a lowest value. The limit lies above that by the largest of: half of it, 0.5 nats,
/// 3.5 times the noise — how far single losses lie from the average — and 1.5 times the greatest rise that the average
/// came back from. Each loss above the limit counts one, each below it takes two away; at ``patience``, with the average
/// above the limit too, the run diverges.
///
/// So a spike, however high, counts one; noise has to lie beyond itself most of the time; a loss close to zero may grow
/// tenfold; swings that come and go are learnt; and while the loss warms up there is no lowest. It speaks once, and again
/// only after the average has come back.
public struct DivergenceWatch: Sendable {
  /// Losses that are looked at before there is a lowest.
  public static let warmUp = 10
  /// How many more losses have to lie above the limit than, counted twice, below it.
  public static let patience = 10

  private static let share = 0.5
  private static let leastMargin = 0.5
  private static let swings = 1.5
  private static let deviations = 3.5
  /// From the mean distance of a normal distribution to its standard deviation.
  private static let deviationPerDistance = 1.2533
  /// The part of a rise that may be left when it counts as one that came back.
  private static let rest = 0.25

  private var average = MovingAverage(weight: 0.9)
  private var distance = MovingAverage(weight: 0.97)
  private var count = 0
  private var lowest: (value: Double, step: Int)?
  /// Of the average, since the lowest or since it came back.
  private var peak = -Double.infinity
  private var greatestSwing = 0.0
  private var above = 0
  private var warned = false

  public init() {}

  /// Takes in a step's train loss. What is not finite is left to ``NotANumberWatch``.
  ///
  /// - Returns: the rule with its numbers, when it comes true.
  public mutating func add(step: Int, loss: Double) -> String? {
    guard loss.isFinite else { return nil }
    let limit = limit
    let isAbove = limit.map { loss > $0 } ?? false
    // What lies above the limit is no noise: it would raise the limit and hide itself.
    if let before = average.value, !isAbove { distance.add(abs(loss - before)) }
    average.add(loss)
    count += 1
    guard count >= Self.warmUp, let now = average.value else { return nil }
    if now < lowest?.value ?? .infinity { lowest = (now, step) }
    above = isAbove ? min(above + 1, Self.patience) : max(above - 2, 0)
    guard let lowest else { return nil }
    learnSwing(now, above: lowest.value)
    guard let limit, above >= Self.patience, now > limit, !warned else { return nil }
    warned = true
    return "train loss \(lossText(now)), lowest \(lossText(lowest.value)) at step \(lowest.step), "
      + "above \(lossText(limit)) for \(Self.patience) steps: diverging"
  }

  private var limit: Double? {
    guard let lowest, let distance = distance.value else { return nil }
    let noise = Self.deviations * Self.deviationPerDistance * distance
    return lowest.value
      + max(Self.share * abs(lowest.value), Self.leastMargin, noise, Self.swings * greatestSwing)
  }

  private mutating func learnSwing(_ now: Double, above lowest: Double) {
    peak = max(peak, now)
    guard now - lowest <= Self.rest * (peak - lowest) else { return }
    greatestSwing = max(greatestSwing, peak - lowest)
    peak = now
    warned = false
  }
}
