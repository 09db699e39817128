import Foundation
import Testing

@testable import Jobs

@Suite("Divergence: a train loss that leaves and does not come back")
struct DivergenceTests {
  /// A source of normal noise, the same for the same seed.
  private struct Noise {
    var state: UInt64
    /// Of each value, how much of the one before is in it.
    var memory = 0.0
    private var last = 0.0

    init(seed: Int, memory: Double = 0) {
      state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
      self.memory = memory
    }

    private mutating func uniform() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (Double(state >> 11) + 0.5) / Double(1 << 53)
    }

    mutating func next() -> Double {
      let normal = (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
      last = memory * last + (1 - memory * memory).squareRoot() * normal
      return last
    }
  }

  private struct Told: Equatable {
    var step: Int
    var message: String
  }

  private func alerts(_ losses: some Sequence<Double>) -> [Told] {
    var watch = DivergenceWatch()
    return losses.enumerated().compactMap { step, loss in
      watch.add(step: step, loss: loss).map { Told(step: step, message: $0) }
    }
  }

  private func curve(
    _ count: Int, seed: Int, noise: Double, memory: Double = 0, _ mean: (Double) -> Double
  ) -> [Double] {
    var source = Noise(seed: seed, memory: memory)
    return (0..<count).map { mean(Double($0)) + noise * source.next() }
  }

  @Test("Noise, also with memory, is no divergence", arguments: 1...12)
  func noise(_ seed: Int) {
    #expect(alerts(curve(3000, seed: seed, noise: 0.2) { 1 + 2 * exp(-$0 / 100) }).isEmpty)
    #expect(alerts(curve(3000, seed: seed, noise: 1) { _ in 2 }).isEmpty, "batches of one pair")
    #expect(alerts(curve(3000, seed: seed, noise: 0.1, memory: 0.9) { _ in 1.5 }).isEmpty)
    #expect(alerts(curve(3000, seed: seed, noise: 80) { 500 + 500 * exp(-$0 / 50) }).isEmpty)
  }

  @Test("A rise in the warm-up is no divergence", arguments: 1...6)
  func warmUp(_ seed: Int) {
    // Up from 2.5 to about 4 around step 8, then down.
    let losses = curve(300, seed: seed, noise: 0.15) { step in
      let bump = 1.5 * exp(-(step - 8) * (step - 8) / 25)
      return 1.3 + 1.2 * exp(-step / 80) + bump
    }
    #expect(alerts(losses).isEmpty)
  }

  @Test("Spikes are no divergence, however high")
  func spikes() {
    var losses = curve(400, seed: 3, noise: 0.1) { _ in 1 }
    for step in [100, 101, 160, 161, 162, 300] { losses[step] = 50 }
    losses[200] = 1e30
    #expect(alerts(losses).isEmpty)
  }

  @Test("Close to zero and below it the margin is absolute", arguments: 1...6)
  func nearZero(_ seed: Int) {
    #expect(alerts(curve(1000, seed: seed, noise: 0.02) { _ in 0.01 }).isEmpty)
    let tenfold = Array(repeating: 0.01, count: 50) + Array(repeating: 0.1, count: 100)
    #expect(alerts(tenfold).isEmpty)
    #expect(alerts(curve(1000, seed: seed, noise: 0.3) { -3 + 2 * exp(-$0 / 100) }).isEmpty)
    // From −3 to 0 is.
    let away = curve(400, seed: seed, noise: 0.3) { -3 + max(0, $0 - 200) / 30 }
    #expect(alerts(away).count == 1)
  }

  @Test("A rise that goes on is told once, soon, whatever the noise", arguments: 1...12)
  func rising(_ seed: Int) throws {
    for (noise, rate, soon) in [
      (0.1, 0.1, 25), (0.4, 0.1, 50), (0.4, 0.02, 130), (0.1, 1.0, 15), (0.8, 1.0, 20),
    ] {
      let losses = curve(600, seed: seed, noise: noise) {
        1 + 1.5 * exp(-$0 / 40) + max(0, $0 - 150) * rate
      }
      let told = alerts(losses)
      #expect(told.count == 1)
      let step = try #require(told.first?.step)
      #expect((150...150 + soon).contains(step), "noise \(noise), rate \(rate)")
    }
  }

  @Test("A jump to a plateau, and its numbers")
  func plateau() throws {
    let told = alerts((0..<100).map { $0 < 60 ? 2.0 : 9.0 })
    #expect(
      told == [
        Told(
          step: 69,
          message: "train loss 6.562, lowest 2.000 at step 9, above 3.000 for 10 steps: diverging")
      ])
  }

  @Test("After it came back it can be told again, from a higher limit")
  func again() {
    let low = Array(repeating: 2.0, count: 80)
    let high = Array(repeating: 9.0, count: 40)
    let higher = Array(repeating: 30.0, count: 40)
    #expect(alerts(low + high + low + high).map(\.step) == [89], "that swing is known by now")
    #expect(alerts(low + high + low + higher).map(\.step) == [89, 209])
  }

  @Test("A short run that diverges is told")
  func shortRun() {
    let losses = (0..<30).map { step -> Double in
      let x = Double(step)
      return step < 12 ? 2.5 - 0.05 * x : 2.6 + 0.2 * x
    }
    #expect(alerts(losses).count == 1)
  }

  @Test("What is not finite is passed over")
  func notFinite() {
    var losses = curve(200, seed: 1, noise: 0.1) { _ in 1 }
    for step in stride(from: 20, to: 200, by: 3) { losses[step] = [.nan, .infinity, -.infinity][step % 3] }
    #expect(alerts(losses).isEmpty)
  }

  @Test("A real run of six epochs is quiet, and told where it is made to diverge")
  func realRun() throws {
    #expect(loggedLosses.count == 866)
    #expect(alerts(loggedLosses).isEmpty)
    for turn in [100, 300, 577, 800] {
      let away = loggedLosses.indices.prefix(turn + 60).map { index in
        index < turn ? loggedLosses[index] : loggedLosses[turn] + 0.1 * Double(index - turn)
      }
      let step = try #require(alerts(away).first?.step)
      #expect((turn...turn + 45).contains(step), "turned at \(turn)")
    }
  }
}
