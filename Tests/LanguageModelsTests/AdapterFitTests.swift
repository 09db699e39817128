import Compute
import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("Adapters that do not fit")
struct AdapterFitTests {
  private let model: ModelConfiguration

  init() throws { model = try Golden("llama-tied").stored.configuration }

  /// An adapter of every projection in `layers` layers.
  private func adapter(layers: Int, rank: Int = 1) -> PEFTAdapter {
    var tensors: [String: FloatTensor] = [:]
    for layer in 0..<layers {
      for linear in LinearLayer.allCases {
        let size = linear.size(in: model)
        for (factor, shape) in [("A", [rank, size.inputs]), ("B", [size.outputs, rank])] {
          tensors[LoRAAdapter.peftName(layer, linear, factor)] = FloatTensor(
            shape: shape, values: Array(repeating: 0, count: shape[0] * shape[1]))
        }
      }
    }
    return PEFTAdapter(
      configuration: .init(r: rank, loraAlpha: 8, targetModules: .allLinear), tensors: tensors)
  }

  private func refusal(_ adapter: PEFTAdapter) -> String? {
    do {
      _ = try LoRAAdapter(adapter, model: model)
      return nil
    } catch { return "\(error)" }
  }

  @Test func everyTensorMustHaveItsPlace() {
    #expect(refusal(adapter(layers: 3)) == nil)
    #expect(
      refusal(adapter(layers: 4))
        == "the adapter does not fit this model, which has no place for "
        + "model.layers.3.mlp.down_proj.lora_A.weight")
    #expect(refusal(adapter(layers: 2)) == "the adapter lacks model.layers.2.self_attn.q_proj.lora_A.weight")
    var narrow = adapter(layers: 3)
    narrow.tensors["model.layers.1.self_attn.k_proj.lora_A.weight"] = FloatTensor(shape: [1, 1], values: [0])
    #expect(refusal(narrow)?.contains("k_proj.lora_A.weight is [1, 1], the model needs [1, 64]") == true)
  }

  @Test("a rank that the file's empty matrices make free takes no memory")
  func emptyMatrices() {
    let rank = 1 << 20
    let tensors = LinearLayer.allCases.flatMap { linear in
      [("A", [rank, 0]), ("B", [0, rank])].map { factor, shape in
        (LoRAAdapter.peftName(0, linear, factor), FloatTensor(shape: shape, values: []))
      }
    }
    let hostile = PEFTAdapter(
      configuration: .init(r: rank, loraAlpha: 8, targetModules: .allLinear),
      tensors: Dictionary(uniqueKeysWithValues: tensors))
    #expect(refusal(hostile)?.contains("is [1048576, 0], the model needs [1048576, 64]") == true)
  }

  @Test func namesTheFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try adapter(layers: 4).write(to: folder)
    #expect {
      try LoRAAdapter(peftFolder: folder, model: model)
    } throws: { error in
      "\(error)"
        == "\(folder.path)/adapter_model.safetensors: tensor model.layers.3.mlp.down_proj.lora_A.weight: "
        + "this model has no place for it"
    }
  }

  @Test("an adapter of NaN gives no answer")
  func notFinite() throws {
    let workers = Workers(count: 1)
    let llama = try Llama(Golden("llama-tied").stored, precision: .f32, workers: workers)
    var hostile = adapter(layers: 3)
    for name in hostile.tensors.keys { hostile.tensors[name]?.values[0] = .nan }
    let generator = Generator(llama, adapter: try LoRAAdapter(hostile, model: model), workers: workers)
    #expect(throws: GenerationError.notFinite) {
      try generator.generate(GenerationRequest(prompt: [5, 6], maxTokens: 1)) { _ in true }
    }
  }
}
