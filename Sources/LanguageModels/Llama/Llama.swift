import Compute
import Foundation
import ModelFiles
import Synchronization

/// The frozen weights of a Llama-family decoder (Llama, SmolLM2, TinyLlama, Mistral, Qwen2).
///
/// Each layer computes, for the residual stream x:
///
///     x += Wo · attention(rope(Wq·n), rope(Wk·n), Wv·n)   with n = norm(x)
///     x += Wdown · (silu(Wgate·n) ∘ Wup·n)                with n = norm(x)
///
/// Weights are never written after loading, so that any number of passes may share them.
public final class Llama: Sendable {
  public let configuration: ModelConfiguration
  /// How weights are stored and, where the CPU can, multiplied.
  public let precision: Element
  /// [vocabulary, hidden], by rows.
  let embedding: Matrix
  let layers: [LlamaLayer]
  /// [1, hidden]
  let finalNorm: Matrix
  /// [vocabulary, hidden]; the embedding again when the two are tied.
  let head: PackedWeight

  /// Decodes and packs all weights, layers in parallel.
  ///
  /// - Throws: `ModelFileError` for what the file lacks, `ComputeError` when memory runs out.
  public init(_ stored: StoredModel, precision: Element, workers: Workers) throws {
    let c = stored.configuration
    configuration = c
    self.precision = precision

    @Sendable func read(_ name: String, _ rows: Int, _ columns: Int, _ element: Element) throws -> Matrix {
      let matrix = try Matrix(rows: rows, columns: columns, element: element)
      try Self.fill(matrix, from: stored, tensor: name)
      return matrix
    }
    @Sendable func norm(_ name: String) throws -> Matrix {
      try Matrix(stored.floats(of: name, shape: [c.hiddenSize]), rows: 1, columns: c.hiddenSize)
    }
    @Sendable func layer(_ index: Int) throws -> LlamaLayer {
      let prefix = "model.layers.\(index)."
      var weights: [PackedWeight] = []
      for group in LinearGroup.allCases {
        let size = group.size(in: c)
        let weight = try Matrix(rows: size.outputs, columns: size.inputs, element: precision)
        var row = 0
        for layer in group.members {
          let outputs = layer.size(in: c).outputs
          try Self.fill(
            weight.rows(row..<row + outputs), from: stored, tensor: prefix + layer.path + ".weight")
          row += outputs
        }
        weights.append(try PackedWeight(weight))
      }
      var bias: Matrix?
      if c.hasAttentionBias {
        let values = try LinearGroup.attentionInput.members.flatMap {
          try stored.floats(of: prefix + $0.path + ".bias", shape: [$0.size(in: c).outputs])
        }
        bias = try Matrix(values, rows: 1, columns: values.count)
      }
      return LlamaLayer(
        inputNorm: try norm(prefix + "input_layernorm.weight"),
        postAttentionNorm: try norm(prefix + "post_attention_layernorm.weight"),
        weights: weights, attentionBias: bias)
    }

    // Item 0 is the embedding (and head), the largest single piece; the others are layers.
    let ends = Collected<(embedding: Matrix, head: PackedWeight)>(count: 1)
    let loaded = Collected<LlamaLayer>(count: c.layerCount)
    workers.run(c.layerCount + 1) { item in
      if item == 0 {
        ends.set(0) {
          let embedding = try read("model.embed_tokens.weight", c.vocabularySize, c.hiddenSize, precision)
          let head =
            c.tieWordEmbeddings
            ? embedding : try read("lm_head.weight", c.vocabularySize, c.hiddenSize, precision)
          return (embedding, try PackedWeight(head))
        }
      } else {
        loaded.set(item - 1) { try layer(item - 1) }
      }
    }
    (embedding, head) = try ends.values()[0]
    layers = try loaded.values()
    finalNorm = try norm("model.norm.weight")
  }

  /// Decodes a tensor of the matrix' shape some rows at a time, so that no f32 copy of it stands beside it.
  private static func fill(_ matrix: Matrix, from stored: StoredModel, tensor: String) throws {
    let step = max(1, (1 << 20) / matrix.columns)
    for first in stride(from: 0, to: matrix.rows, by: step) {
      let rows = first..<min(first + step, matrix.rows)
      matrix.rows(rows).set(
        try stored.floats(of: tensor, shape: [matrix.rows, matrix.columns], rows: rows))
    }
  }

  /// cos and sin for positions 0 ..< count.
  func rotaryTable(positions: Int) throws -> RotaryTable {
    try RotaryTable(
      frequencies: configuration.rope.inverseFrequencies(headDimension: configuration.headDimension)
        .map(Double.init), positions: positions)
  }

  /// Bytes of weights in memory.
  public var weightBytes: Int {
    embedding.bytes + head.bytes
      + layers.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.bytes } }
  }

  /// What `weightBytes` will be, before anything is loaded.
  public static func weightBytes(_ c: ModelConfiguration, precision: Element) -> Int {
    let body = LinearGroup.allCases.reduce(0) { $0 + $1.size(in: c).inputs * $1.size(in: c).outputs }
    let ends = 2 * c.vocabularySize * c.hiddenSize
    return (body * c.layerCount + ends) * precision.bytes
  }
}

/// The weights of one layer.
struct LlamaLayer: Sendable {
  /// [1, hidden]
  let inputNorm: Matrix
  let postAttentionNorm: Matrix
  /// By `LinearGroup`: [outputs of all members, inputs].
  let weights: [PackedWeight]
  /// [1, q + k + v]
  let attentionBias: Matrix?

  func weight(_ group: LinearGroup) -> PackedWeight { weights[group.rawValue] }
}

/// Results of workers, by item; the first error wins.
private final class Collected<Value: Sendable>: Sendable {
  private let slots: Mutex<[Result<Value, any Error>?]>

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ body: () throws -> Value) {
    let result = Result { try body() }
    slots.withLock { $0[index] = result }
  }

  func values() throws -> [Value] { try slots.withLock { try $0.compactMap { try $0?.get() } } }
}
