import Compute
import Foundation
import ModelFiles

@testable import LanguageModels

/// What PyTorch + PEFT say of a tiny model; made by Tests/Reference/make_goldens.py, which explains every key.
struct Golden: Sendable {
  static let fixtures = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")

  struct Numbers: Decodable {
    struct Row: Decodable {
      var ids: [Int32]
      var lossMask: [Int]
    }
    struct Variant: Decodable {
      var r: Int
      var alpha: Double
      var rslora: Bool
      var targetModules: [String]
    }
    struct Training: Decodable {
      var batches: [[Row]]
      var steps: Int
      var learningRate: [Double]
      var loss: [Double]
      var gradNorm: [Double]
    }
    struct Generated: Decodable {
      var ids: [Int]
      var logprobs: [Double]
    }
    struct Generation: Decodable {
      var prompt: [Int32]
      var base: Generated
      var lora: Generated
    }
    var batch: [Row]
    var loss: [String: Double]
    var lossTokens: Int
    var variants: [String: Variant]
    var training: Training
    var generation: Generation
  }

  let name: String
  let numbers: Numbers
  let tensors: SafetensorsFile
  let stored: StoredModel

  init(_ name: String) throws {
    self.name = name
    let folder = Self.fixtures.appendingPathComponent("goldens")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    numbers = try decoder.decode(
      Numbers.self, from: Data(contentsOf: folder.appendingPathComponent(name + ".json")))
    tensors = try SafetensorsFile(path: folder.appendingPathComponent(name + ".safetensors").path)
    stored = try StoredModel.open(path: Self.fixtures.appendingPathComponent("models/\(name)").path)
  }

  var sequences: [TrainingSequence] { Self.sequences(numbers.batch) }

  static func sequences(_ rows: [Numbers.Row]) -> [TrainingSequence] {
    rows.enumerated().map { index, row in
      TrainingSequence(id: index, tokens: row.ids, lossMask: row.lossMask.map { $0 == 1 })
    }
  }

  func configuration(_ variant: String) -> LoRAConfiguration {
    let v = numbers.variants[variant]!
    return LoRAConfiguration(
      rank: v.r, alpha: v.alpha, useRSLoRA: v.rslora,
      targets: Set(v.targetModules.map { LinearLayer(rawValue: $0)! }))
  }

  func adapter(_ variant: String) throws -> LoRAAdapter {
    let adapter = try LoRAAdapter(configuration(variant), model: stored.configuration, seed: 0)
    var factors: [String: FloatTensor] = [:]
    for name in tensors.names where name.hasPrefix("adapter/base_model.model.") {
      factors[String(name.dropFirst("adapter/base_model.model.".count))] = FloatTensor(
        shape: tensors.shape(of: name)!, values: try tensors.floats(of: name))
    }
    try adapter.load(peftTensors: factors)
    return adapter
  }
}

/// max |a − b| / max |b|: relative to the size of the whole, not of one element near zero.
func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  let scale = b.reduce(0) { max($0, abs($1)) }
  let worst = zip(a, b).reduce(Float(0)) { $1.0.isFinite ? max($0, abs($1.0 - $1.1)) : .infinity }
  return Double(worst / max(scale, .leastNormalMagnitude))
}
