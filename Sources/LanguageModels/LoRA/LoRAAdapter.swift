import Compute
import Foundation
import ModelFiles

public enum LoRAError: Error, CustomStringConvertible {
  case shape(tensor: String, found: [Int], expected: [Int])
  case missing(tensor: String)
  /// A tensor for which the model has no place: a layer too many, or a module of another kind.
  case unknown(tensor: String)
  case unknownTarget(String)
  case patterns

  public var description: String {
    switch self {
    case .shape(let tensor, let found, let expected):
      "the adapter does not fit this model: \(tensor) is \(found), the model needs \(expected)"
    case .missing(let tensor): "the adapter lacks \(tensor)"
    case .unknown(let tensor): "the adapter does not fit this model, which has no place for \(tensor)"
    case .unknownTarget(let name):
      "the adapter targets “\(name)”, which this model has not: one of \(LinearLayer.allCases.map(\.rawValue).joined(separator: ", "))"
    case .patterns: "adapters with a rank or alpha per layer are not supported"
    }
  }

  /// The same as a fault of the adapter's files.
  func naming(_ folder: URL) -> ModelFileError {
    let weights = folder.appendingPathComponent("adapter_model.safetensors").path
    let configuration = folder.appendingPathComponent("adapter_config.json").path
    return switch self {
    case .shape(let tensor, let found, let expected):
      .wrongShape(path: weights, tensor: tensor, expected: expected, found: found)
    case .missing(let tensor): .missingTensor(path: weights, name: tensor)
    case .unknown(let tensor):
      .unsupported(path: weights, field: "tensor \(tensor)", what: "this model has no place for it")
    case .unknownTarget: .unsupported(path: weights, field: "target", what: "\(self)")
    case .patterns: .unsupported(path: configuration, field: "rank_pattern, alpha_pattern", what: "\(self)")
    }
  }
}

/// The trainable factors of one adapter.
///
/// Touched only by the queue that trains it; passes read it between optimiser steps.
public final class LoRAAdapter {
  public let configuration: LoRAConfiguration
  public let model: ModelConfiguration
  let layout: LoRALayout
  /// [1, count]: all factors, as `LoRALayout` orders them.
  public let parameters: Matrix

  /// A as PEFT initialises it, uniform in ±1/√inputs (Kaiming with a = √5); B zero, so that training starts at the
  /// base model.
  public init(_ lora: LoRAConfiguration, model: ModelConfiguration, seed: UInt64) throws {
    configuration = lora
    self.model = model
    layout = LoRALayout(lora, model: model)
    parameters = try Matrix(rows: 1, columns: layout.count)
    var random = SplitMix64(seed: seed)
    for groups in layout.layers {
      for group in groups where !group.factors.isEmpty {
        let bound = 1 / Float(group.inputs).squareRoot()
        let count = group.ranks * group.inputs
        parameters.columns(group.a..<group.a + count).set(
          (0..<count).map { _ in (2 * random.nextFloat() - 1) * bound })
      }
    }
  }
}

// MARK: - PEFT

extension LoRAAdapter {
  static func peftName(_ layer: Int, _ linear: LinearLayer, _ factor: String) -> String {
    "model.layers.\(layer).\(linear.path).lora_\(factor).weight"
  }

  /// All factors of a vector laid out like `parameters` under PEFT's names without
  /// `base_model.model.`: A [r, inputs], B [outputs, r].
  public func peftTensors(of vector: Matrix? = nil) -> [String: FloatTensor] {
    let vector = vector ?? parameters
    var tensors: [String: FloatTensor] = [:]
    forEachFactor { layer, group, factor in
      let a = layout.stackedA(layer, group, of: vector).rows(factor.ranks)
      tensors[Self.peftName(layer, factor.layer, "A")] = FloatTensor(
        shape: [a.rows, a.columns], values: a.values)
      let b = layout.transposedB(factor, of: vector)
      tensors[Self.peftName(layer, factor.layer, "B")] = FloatTensor(
        shape: [b.columns, b.rows], values: transpose(b.values, rows: b.rows, columns: b.columns))
    }
    return tensors
  }

  /// Takes every factor from tensors under PEFT's names.
  public func load(peftTensors tensors: [String: FloatTensor]) throws {
    try Self.check(tensors, configuration, model: model)
    forEachFactor { layer, group, factor in
      let a = layout.stackedA(layer, group, of: parameters).rows(factor.ranks)
      let b = layout.transposedB(factor, of: parameters)
      if let found = tensors[Self.peftName(layer, factor.layer, "A")],
        let foundB = tensors[Self.peftName(layer, factor.layer, "B")]
      {
        a.set(found.values)
        b.set(transpose(foundB.values, rows: b.columns, columns: b.rows))
      }
    }
  }

  /// Checks that the model's factors are there, before any memory is taken for them.
  ///
  /// - Returns: their names.
  @discardableResult private static func check(
    _ tensors: [String: FloatTensor], _ lora: LoRAConfiguration, model: ModelConfiguration
  ) throws(LoRAError) -> Set<String> {
    var expected: Set<String> = []
    for layer in 0..<model.layerCount {
      for linear in LinearLayer.allCases where lora.targets.contains(linear) {
        let size = linear.size(in: model)
        for (factor, shape) in [("A", [lora.rank, size.inputs]), ("B", [size.outputs, lora.rank])] {
          let name = peftName(layer, linear, factor)
          guard let tensor = tensors[name] else { throw .missing(tensor: name) }
          guard tensor.shape == shape else {
            throw .shape(tensor: name, found: tensor.shape, expected: shape)
          }
          expected.insert(name)
        }
      }
    }
    return expected
  }

  /// As `peft` reads and writes it.
  ///
  /// - Parameter baseModel: what adapter_config.json names as the base.
  public func peftAdapter(baseModel: String?) -> PEFTAdapter {
    PEFTAdapter(
      configuration: .init(
        r: configuration.rank, loraAlpha: configuration.alpha, loraDropout: configuration.dropout,
        useRSLoRA: configuration.useRSLoRA,
        targetModules: .names(configuration.targets.map(\.rawValue).sorted()), baseModelNameOrPath: baseModel),
      tensors: peftTensors())
  }

  /// An adapter read from a PEFT folder, for `model`.
  public convenience init(_ peft: PEFTAdapter, model: ModelConfiguration) throws {
    var targets: Set<LinearLayer> = []
    for module in peft.modules {
      let name = module.split(separator: ".").last.map(String.init) ?? module
      guard let layer = LinearLayer(rawValue: name) else { throw LoRAError.unknownTarget(module) }
      targets.insert(layer)
    }
    let c = peft.configuration
    guard c.rankPattern.isEmpty, c.alphaPattern.isEmpty else { throw LoRAError.patterns }
    let lora = LoRAConfiguration(
      rank: c.r, alpha: c.loraAlpha, dropout: c.loraDropout, useRSLoRA: c.useRSLoRA, targets: targets)
    let expected = try Self.check(peft.tensors, lora, model: model)
    if let name = peft.tensors.keys.filter({ !expected.contains($0) }).min() {
      throw LoRAError.unknown(tensor: name)
    }
    try self.init(lora, model: model, seed: 0)
    try load(peftTensors: peft.tensors)
  }

  /// The adapter in a PEFT folder, for `model`.
  ///
  /// - Throws: `ModelFileError` naming the file, also when the adapter is sound but does not fit.
  public convenience init(peftFolder folder: URL, model: ModelConfiguration) throws {
    let peft = try PEFTAdapter.read(from: folder).adapter
    do {
      try self.init(peft, model: model)
    } catch let error as LoRAError {
      throw error.naming(folder)
    }
  }

  private func forEachFactor(_ body: (Int, LinearGroup, LoRALayout.Factor) -> Void) {
    for layer in layout.layers.indices {
      for group in LinearGroup.allCases {
        for factor in layout.layers[layer][group.rawValue].factors { body(layer, group, factor) }
      }
    }
  }
}

/// [rows, columns] → [columns, rows].
private func transpose(_ values: [Float], rows: Int, columns: Int) -> [Float] {
  var result = [Float](repeating: 0, count: values.count)
  for row in 0..<rows {
    for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
  }
  return result
}

/// Steele, Lea & Flood 2014: small, seedable, the same on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  public var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// Uniform in [0, 1), 24 bits.
  public mutating func nextFloat() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// The finaliser: every bit of the result depends on every bit of `x`.
  public static func mix(_ x: UInt64) -> UInt64 {
    var z = x
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
