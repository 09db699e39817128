import Compute
import ModelFiles
import Testing

@testable import LanguageModels

/// The gradient of a whole model against the losses themselves: (loss(θ + h·d) − loss(θ − h·d)) / 2h is gradient · d.
/// The masks of dropout are functions of seed and step, so they hold still while θ moves.
@Suite("Finite differences of a whole model")
struct FiniteDifferenceTests {
  /// A model with adapters that do something, and sequences that begin alike.
  struct Setting {
    let pass: TrainingPass
    let adapter: LoRAAdapter
    let batch: RaggedBatch
    let request: BackwardRequest
    let start: [Float]

    init(_ model: String, dropout: Double, sharePrefix: Bool) throws {
      let golden = try Golden(model)
      let workers = Workers(count: 2)
      pass = try TrainingPass(Llama(golden.stored, precision: .f32, workers: workers), workers: workers)
      adapter = try LoRAAdapter(
        LoRAConfiguration(rank: 3, alpha: 6, dropout: dropout), model: golden.stored.configuration, seed: 1)
      // B starts at zero, where no gradient reaches A.
      var random = SplitMix64(seed: 2)
      start = adapter.parameters.values.map { $0 + (random.nextFloat() - 0.5) * 0.1 }
      adapter.parameters.set(start)

      let prefix: [Int32] = [5, 9, 3, 7, 11, 2, 8]
      let sequences = golden.sequences.filter { $0.targetCount > 0 }.map {
        TrainingSequence(
          id: $0.id, tokens: prefix + $0.tokens, lossMask: prefix.map { _ in false } + $0.lossMask)
      }
      batch = RaggedBatch(sequences, sharePrefix: sharePrefix)
      #expect(sharePrefix ? batch.prefixCount >= prefix.count : batch.prefixCount == 0)
      request = BackwardRequest(scale: 1, seed: 7, step: 3)
    }

    func loss(at parameters: [Float]) throws -> Double {
      adapter.parameters.set(parameters)
      defer { adapter.parameters.set(start) }
      // With a request, since it is that which switches dropout on.
      return try pass.losses(of: batch, adapter: adapter, backward: request).reduce(0) { $0 + Double($1) }
    }

    func gradient() throws -> [Float] {
      let gradient = try Matrix(rows: 1, columns: start.count)
      _ = try pass.losses(of: batch, adapter: adapter, backward: request, gradients: gradient)
      return gradient.values
    }

    /// Central differences of two widths; their h² terms cancel (Richardson).
    func slope(along direction: [Float], step: Float) throws -> Double {
      func central(_ h: Float) throws -> Double {
        let above = try loss(at: zip(start, direction).map { $0 + h * $1 })
        let below = try loss(at: zip(start, direction).map { $0 - h * $1 })
        return (above - below) / Double(2 * h)
      }
      return (4 * (try central(step / 2)) - (try central(step))) / 3
    }
  }

  static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test(
    "gradient · direction, with and without dropout and a shared prefix",
    arguments: ["llama-tied", "qwen2-tied"], [(0.0, false), (0.0, true), (0.2, false), (0.2, true)])
  func randomDirections(model: String, option: (dropout: Double, sharePrefix: Bool)) throws {
    let setting = try Setting(model, dropout: option.dropout, sharePrefix: option.sharePrefix)
    let gradient = try setting.gradient()
    let norm = Self.dot(gradient, gradient).squareRoot()
    var random = SplitMix64(seed: 5)
    for _ in 0..<2 {
      let direction = gradient.map { _ in random.nextFloat() - 0.5 }
      let length = Self.dot(direction, direction).squareRoot()
      let unit = direction.map { $0 / Float(length) }
      let slope = try setting.slope(along: unit, step: 0.1)
      // A random direction is nearly across the gradient: the error is measured by what a slope could be.
      #expect(abs(slope - Self.dot(gradient, unit)) < 1e-5 * norm)
    }
  }

  @Test("every factor's gradient, with dropout and a shared prefix", arguments: ["llama-tied", "qwen2-tied"])
  func everyFactor(model: String) throws {
    let setting = try Setting(model, dropout: 0.2, sharePrefix: true)
    let gradient = try setting.gradient()
    var random = SplitMix64(seed: 6)
    for (layer, groups) in setting.adapter.layout.layers.enumerated() {
      for group in groups {
        let a = ("A", group.a..<group.a + group.ranks * group.inputs)
        let factors = group.factors.map {
          ("\($0.layer) B", $0.b..<$0.b + setting.adapter.layout.rank * $0.columns.count)
        }
        for (name, range) in [a] + factors {
          // Half along the gradient, half at random: steep enough for f32 to see, yet blind to no element.
          let part = Array(gradient[range])
          let scale = Float(Self.dot(part, part).squareRoot()) / Float(range.count).squareRoot()
          var direction = [Float](repeating: 0, count: gradient.count)
          for i in range { direction[i] = gradient[i] + scale * (2 * random.nextFloat() - 1) }
          let length = Float(Self.dot(direction, direction).squareRoot())
          direction = direction.map { $0 / length }
          let slope = try setting.slope(along: direction, step: 0.1)
          let expected = Self.dot(gradient, direction)
          #expect(
            abs(slope - expected) < 1e-4 * abs(expected), "layer \(layer), \(name): \(slope), \(expected)")
        }
      }
    }
  }
}
