import Foundation

/// A LoRA adapter as the PEFT library stores it: `adapter_config.json` and `adapter_model.safetensors`.
///
/// An adapted projection computes `W x + scaling · B (A x)`, A: [r, in], B: [out, r].
public struct PEFTAdapter: Sendable, Equatable {
  public var configuration: Configuration
  /// By the module's path and the factor, without PEFT's prefix:
  /// `model.layers.0.self_attn.q_proj.lora_A.weight`.
  public var tensors: [String: FloatTensor]

  public init(configuration: Configuration, tensors: [String: FloatTensor]) {
    self.configuration = configuration
    self.tensors = tensors
  }

  static let configurationFile = "adapter_config.json"
  static let weightsFile = "adapter_model.safetensors"
  static let weightPrefix = "base_model.model."
  static let factorA = ".lora_A.weight"
  static let factorB = ".lora_B.weight"

  /// The adapted modules' paths, sorted.
  public var modules: [String] {
    tensors.keys.filter { $0.hasSuffix(Self.factorA) }.map { String($0.dropLast(Self.factorA.count)) }
      .sorted()
  }

  /// A of a module: [r, in].
  public func factorA(of module: String) -> FloatTensor? { tensors[module + Self.factorA] }

  /// B of a module: [out, r].
  public func factorB(of module: String) -> FloatTensor? { tensors[module + Self.factorB] }

  /// Whether every B is zero, as before the first step of training: the model answers like its base.
  public var isNoOp: Bool {
    tensors.allSatisfy { name, tensor in
      !name.hasSuffix(Self.factorB) || tensor.values.allSatisfy { $0 == 0 }
    }
  }

  /// Checks that every A has its B, that their shapes agree with each other and with the configured ranks,
  /// and that there is nothing else.
  func validate(path: String) throws {
    guard !tensors.isEmpty else {
      throw ModelFileError.malformed(path: path, field: Self.weightsFile, problem: "there are no tensors")
    }
    let scales = try configuration.resolved(path: path)
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let isA = name.hasSuffix(Self.factorA)
      guard isA || name.hasSuffix(Self.factorB) else {
        throw ModelFileError.unsupported(
          path: path, field: "tensor \(name)", what: "only lora_A and lora_B weights are supported")
      }
      let module = String(name.dropLast(Self.factorA.count))
      let partner = module + (isA ? Self.factorB : Self.factorA)
      guard tensors[partner] != nil else { throw ModelFileError.missingTensor(path: path, name: partner) }
      guard tensor.shape.count == 2 else {
        throw ModelFileError.malformed(
          path: path, field: "tensor \(name)", problem: "shape \(tensor.shape) is not that of a matrix")
      }
      let rank = scales.rank(of: module)
      guard tensor.shape[isA ? 0 : 1] == rank else {
        throw ModelFileError.wrongShape(
          path: path, tensor: name, expected: isA ? [rank, tensor.shape[1]] : [tensor.shape[0], rank],
          found: tensor.shape)
      }
    }
  }
}
