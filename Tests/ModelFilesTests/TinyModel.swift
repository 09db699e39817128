import Foundation

@testable import ModelFiles

/// A one-layer model with random weights, written as a Hugging Face folder or as a GGUF file.
struct TinyModel {
  var architecture = "llama"
  var tied = true
  let hidden = 32
  let heads = 2
  let keyValueHeads = 1
  let headDimension = 16
  let intermediate = 64
  let vocabulary = 40

  var hasBiases: Bool { architecture == "qwen2" }

  /// By Hugging Face name, in the order of the shape list.
  var tensors: [String: FloatTensor] {
    var generator = SeededGenerator(seed: 7)
    var result: [String: FloatTensor] = [:]
    for (name, shape) in shapes {
      // Values that every stored type holds exactly.
      let values = (0..<shape.reduce(1, *)).map { _ in Float(Int.random(in: -8...7, using: &generator)) / 4 }
      result[name] = FloatTensor(shape: shape, values: values)
    }
    return result
  }

  var shapes: [(String, [Int])] {
    let layer = "model.layers.0."
    let queries = heads * headDimension
    let keys = keyValueHeads * headDimension
    var shapes = [
      ("model.embed_tokens.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden]),
      (layer + "input_layernorm.weight", [hidden]), (layer + "post_attention_layernorm.weight", [hidden]),
      (layer + "self_attn.q_proj.weight", [queries, hidden]),
      (layer + "self_attn.k_proj.weight", [keys, hidden]),
      (layer + "self_attn.v_proj.weight", [keys, hidden]),
      (layer + "self_attn.o_proj.weight", [hidden, queries]),
      (layer + "mlp.gate_proj.weight", [intermediate, hidden]),
      (layer + "mlp.up_proj.weight", [intermediate, hidden]),
      (layer + "mlp.down_proj.weight", [hidden, intermediate]),
    ]
    if hasBiases {
      shapes += [
        (layer + "self_attn.q_proj.bias", [queries]), (layer + "self_attn.k_proj.bias", [keys]),
        (layer + "self_attn.v_proj.bias", [keys]),
      ]
    }
    if !tied { shapes.append(("lm_head.weight", [vocabulary, hidden])) }
    return shapes
  }

  // MARK: - Hugging Face

  /// The members of `config.json`, in the spelling of transformers 4.
  var config: [String: Any] {
    [
      "model_type": architecture, "hidden_size": hidden, "intermediate_size": intermediate,
      "num_hidden_layers": 1, "num_attention_heads": heads, "num_key_value_heads": keyValueHeads,
      "vocab_size": vocabulary, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
      "tie_word_embeddings": tied, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
    ]
  }

  func write(to folder: TemporaryFolder, config changes: [String: Any] = [:]) throws {
    let config = self.config.merging(changes) { $1 }
    try folder.write("config.json", try JSONSerialization.data(withJSONObject: config))
    try SafetensorsWriter.write(
      tensors, metadata: ["format": "pt"], to: folder.url.appendingPathComponent("model.safetensors"))
  }

  // MARK: - GGUF

  var gguf: GGUFBuilder {
    var builder = GGUFBuilder()
    builder.metadata = [
      ("general.architecture", .string(architecture)), ("general.name", .string("Tiny")),
      ("\(architecture).block_count", .uint32(1)), ("\(architecture).context_length", .uint32(128)),
      ("\(architecture).embedding_length", .uint32(UInt32(hidden))),
      ("\(architecture).feed_forward_length", .uint32(UInt32(intermediate))),
      ("\(architecture).attention.head_count", .uint32(UInt32(heads))),
      ("\(architecture).attention.head_count_kv", .uint32(UInt32(keyValueHeads))),
      ("\(architecture).attention.layer_norm_rms_epsilon", .float32(1e-5)),
      ("tokenizer.ggml.tokens", .strings(["a", "b"])), ("tokenizer.ggml.bos_token_id", .uint32(1)),
      ("tokenizer.ggml.eos_token_id", .uint32(2)), ("tokenizer.chat_template", .string("{{ x }}")),
    ]
    let tensors = self.tensors
    for (name, shape) in shapes {
      guard var values = tensors[name]?.values else { continue }
      if architecture == "llama", name.contains("q_proj") || name.contains("k_proj") {
        let heads = name.contains("q_proj") ? heads : keyValueHeads
        values = Self.interleaved(values, heads: heads, rows: shape[0])
      }
      builder.tensors.append(.init(name: Self.ggufName(name), shape: shape, type: 0, values: values))
    }
    return builder
  }

  /// `reshape(heads, 2, rows / heads / 2, columns).swapaxes(1, 2)`, written as the loops it stands for.
  private static func interleaved(_ values: [Float], heads: Int, rows: Int) -> [Float] {
    let columns = values.count / rows
    let pairs = rows / heads / 2
    var result: [Float] = []
    for head in 0..<heads {
      for pair in 0..<pairs {
        for half in 0..<2 {
          let row = (head * 2 + half) * pairs + pair
          result += values[row * columns..<(row + 1) * columns]
        }
      }
    }
    return result
  }

  private static func ggufName(_ name: String) -> String {
    let table = [
      "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
      "model.layers.": "blk.", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
      "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
      "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
      "mlp.down_proj": "ffn_down",
    ]
    return table.reduce(name) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
  }
}

/// Builds GGUF files, well-formed or not.
struct GGUFBuilder {
  enum Value {
    case uint32(UInt32)
    case float32(Float)
    case string(String)
    case strings([String])
    /// A value type, and the bytes after it.
    case raw(UInt32, Data)
  }

  struct Tensor {
    var name: String
    /// In torch order.
    var shape: [Int]
    var type: UInt32
    var values: [Float]
    /// Instead of the values.
    var bytes: Data?
    /// Instead of the next free place.
    var offset: UInt64?
  }

  var version: UInt32 = 3
  var metadata: [(String, Value)] = []
  var tensors: [Tensor] = []
  var tensorCount: UInt64?
  var metadataCount: UInt64?

  var data: Data {
    var data = Data("GGUF".utf8)
    data.append(littleEndian: version)
    data.append(littleEndian: tensorCount ?? UInt64(tensors.count))
    data.append(littleEndian: metadataCount ?? UInt64(metadata.count))
    for (key, value) in metadata {
      data.append(Self.string(key))
      switch value {
      case .uint32(let value):
        data.append(littleEndian: UInt32(4))
        data.append(littleEndian: value)
      case .float32(let value):
        data.append(littleEndian: UInt32(6))
        data.append(littleEndian: value.bitPattern)
      case .string(let value):
        data.append(littleEndian: UInt32(8))
        data.append(Self.string(value))
      case .strings(let values):
        data.append(littleEndian: UInt32(9))
        data.append(littleEndian: UInt32(8))
        data.append(littleEndian: UInt64(values.count))
        for value in values { data.append(Self.string(value)) }
      case .raw(let type, let bytes):
        data.append(littleEndian: type)
        data.append(bytes)
      }
    }
    var body = Data()
    for tensor in tensors {
      data.append(Self.string(tensor.name))
      data.append(littleEndian: UInt32(tensor.shape.count))
      for dimension in tensor.shape.reversed() {
        data.append(littleEndian: UInt64(bitPattern: Int64(dimension)))
      }
      data.append(littleEndian: tensor.type)
      data.append(littleEndian: tensor.offset ?? UInt64(body.count))
      body.append(tensor.bytes ?? littleEndianBytes(tensor.values))
      body.append(Data(count: (32 - body.count % 32) % 32))
    }
    data.append(Data(count: (32 - data.count % 32) % 32))
    return data + body
  }

  static func string(_ text: String) -> Data {
    var data = Data()
    data.append(littleEndian: UInt64(text.utf8.count))
    data.append(Data(text.utf8))
    return data
  }

  mutating func set(_ key: String, _ value: Value?) {
    metadata.removeAll { $0.0 == key }
    if let value { metadata.append((key, value)) }
  }
}
