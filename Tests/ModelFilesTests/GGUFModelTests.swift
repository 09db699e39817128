import Foundation
import Testing

@testable import ModelFiles

@Suite struct GGUFModelTests {
  /// Both kinds of folder, both architectures, both heads: the same values under the same names.
  @Test(arguments: ["llama", "qwen2"], [true, false])
  func equalsTheHuggingFaceModel(architecture: String, tied: Bool) throws {
    let tiny = TinyModel(architecture: architecture, tied: tied)
    let folder = try TemporaryFolder()
    let model = try StoredModel.open(path: folder.write("tiny.gguf", tiny.gguf.data))
    #expect(
      model.configuration
        == ModelConfiguration(
          name: "Tiny", architecture: architecture == "llama" ? .llama : .qwen2, hiddenSize: 32,
          intermediateSize: 64, layerCount: 1, headCount: 2, keyValueHeadCount: 1, headDimension: 16,
          vocabularySize: 40, contextLength: 128, rmsNormEpsilon: 1e-5, rope: RotaryEmbedding(base: 10_000),
          tieWordEmbeddings: tied, hasAttentionBias: architecture == "qwen2", bosTokenID: 1,
          eosTokenIDs: [2]))
    #expect(model.tensorNames == tiny.shapes.map(\.0).sorted())
    #expect(model.chatTemplateText == "{{ x }}")
    for (name, tensor) in tiny.tensors {
      #expect(try model.floats(of: name, shape: tensor.shape) == tensor.values, "\(name)")
      let columns = tensor.shape.dropFirst().reduce(1, *)
      #expect(
        try model.floats(of: name, shape: tensor.shape, rows: 3..<7)
          == Array(tensor.values[3 * columns..<7 * columns]), "\(name)")
    }
    guard case .gguf(_, let metadata) = model.tokenizerSource else {
      Issue.record("not a GGUF tokenizer")
      return
    }
    #expect(metadata["tokenizer.ggml.tokens"] == .strings(["a", "b"]))
    // A folder that holds just this file.
    #expect(try StoredModel.open(path: folder.url.path).configuration == model.configuration)
    try folder.write("other.gguf", "")
    expectRefusal("several GGUF files (other.gguf, tiny.gguf)") {
      try StoredModel.open(path: folder.url.path)
    }
  }

  @Test func ropeVariants() throws {
    let folder = try TemporaryFolder()
    func rope(_ change: (inout GGUFBuilder) -> Void) throws -> RotaryEmbedding {
      var builder = TinyModel().gguf
      change(&builder)
      return try StoredModel.open(path: folder.write("m.gguf", builder.data)).configuration.rope
    }
    let divisors: [Float] = [1, 1, 1, 2, 4, 8, 8, 8]
    let frequencies = GGUFBuilder.Tensor(name: "rope_freqs.weight", shape: [8], type: 0, values: divisors)
    #expect(try rope { $0.tensors.append(frequencies) }.scaling == .divisors(divisors))
    #expect(
      try rope {
        $0.set("llama.rope.scaling.type", .string("linear"))
        $0.set("llama.rope.scaling.factor", .float32(4))
      }.scaling == .linear(factor: 4))
    #expect(try rope { $0.set("llama.rope.freq_base", .float32(500_000)) }.base == 500_000)
    expectRefusal("llama.rope.scaling.type: yarn rotary scaling is not supported") {
      try rope { $0.set("llama.rope.scaling.type", .string("yarn")) }
    }
    expectRefusal("llama.rope.dimension_count: rotating 8 of 16") {
      try rope { $0.set("llama.rope.dimension_count", .uint32(8)) }
    }
    expectRefusal("tensor rope_freqs.weight: a divisor is not positive") {
      try rope {
        var zero = frequencies
        zero.values[3] = 0
        $0.tensors.append(zero)
      }
    }
  }

  @Test func refusedByName() throws {
    let folder = try TemporaryFolder()
    func refusal(
      _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
      _ change: (inout GGUFBuilder) -> Void
    ) throws {
      var builder = TinyModel().gguf
      change(&builder)
      let path = try folder.write("m.gguf", builder.data)
      expectRefusal(message, sourceLocation: sourceLocation) { try StoredModel.open(path: path) }
    }
    try refusal("m.gguf: tensor token_embd.weight: Q4_K tensors are not supported") {
      $0.tensors[0].type = 12
    }
    try refusal("tensor token_embd.weight: type 999 tensors") { $0.tensors[0].type = 999 }
    try refusal("general.architecture: gemma models") { $0.set("general.architecture", .string("gemma")) }
    try refusal("general.architecture: is missing") { $0.set("general.architecture", nil) }
    try refusal("general.type: this file holds an adapter") { $0.set("general.type", .string("adapter")) }
    try refusal("split.count: a model split into 2 files") { $0.set("split.count", .uint32(2)) }
    try refusal("llama.expert_count: mixtures") { $0.set("llama.expert_count", .uint32(8)) }
    try refusal("llama.attention.sliding_window") { $0.set("llama.attention.sliding_window", .uint32(64)) }
    for epsilon: Float in [0, -1, .nan, .infinity] {
      try refusal("llama.attention.layer_norm_rms_epsilon: \(Double(epsilon)) is not a small positive") {
        $0.set("llama.attention.layer_norm_rms_epsilon", .float32(epsilon))
      }
    }
    try refusal("llama.block_count: is missing") { $0.set("llama.block_count", nil) }
    try refusal("llama.block_count: is not an integer") { $0.set("llama.block_count", .string("1")) }
    try refusal("llama.attention.head_count: 0 is not between") {
      $0.set("llama.attention.head_count", .uint32(0))
    }
    try refusal("tensor model.layers.1.input_layernorm.weight is missing") {
      $0.set("llama.block_count", .uint32(4_000_000))
    }
    try refusal("tensor blk.0.ffn_gate_inp.weight: a llama model with such a tensor") {
      $0.tensors.append(.init(name: "blk.0.ffn_gate_inp.weight", shape: [4], type: 0, values: [1, 2, 3, 4]))
    }
    try refusal("expected [32, 32]") { $0.tensors[4].shape = [16, 64] }
    try refusal("version: big-endian") { $0.version = 0x0300_0000 }
    try refusal("version: GGUF version 1") { $0.version = 1 }
  }

  @Test func hostileHeaders() throws {
    let folder = try TemporaryFolder()
    func refusal(
      _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
      _ change: (inout GGUFBuilder) -> Void
    ) throws {
      var builder = TinyModel().gguf
      change(&builder)
      let path = try folder.write("m.gguf", builder.data)
      expectRefusal(message, sourceLocation: sourceLocation) { try StoredModel.open(path: path) }
    }
    func bytes(_ values: UInt64...) -> Data {
      values.reduce(into: Data()) { $0.append(littleEndian: $1) }
    }
    try refusal("tensor count: 18446744073709551615 entries do not fit") { $0.tensorCount = .max }
    try refusal("metadata count: 4611686018427387904 entries do not fit") { $0.metadataCount = 1 << 62 }
    try refusal("x: a string of 9223372036854775808 bytes does not fit") {
      $0.metadata.insert(("x", .raw(8, bytes(1 << 63))), at: 0)
    }
    try refusal("x: 18446744073709551615 entries do not fit") {
      $0.metadata.insert(("x", .raw(9, Data([8, 0, 0, 0]) + bytes(.max))), at: 0)
    }
    try refusal("x: arrays of arrays are not supported") {
      $0.metadata.insert(("x", .raw(9, Data([9, 0, 0, 0]) + bytes(1))), at: 0)
    }
    try refusal("x: value type 77 does not exist") { $0.metadata.insert(("x", .raw(77, Data())), at: 0) }
    try refusal("x: 18446744073709551615 is out of range") {
      $0.metadata.insert(("x", .raw(10, bytes(.max))), at: 0)
    }
    try refusal("general.name: appears twice") { $0.metadata.append(("general.name", .string("again"))) }
    try refusal("general.alignment") { $0.set("general.alignment", .uint32(0)) }
    try refusal("general.alignment") { $0.set("general.alignment", .uint32(48)) }
    try refusal("tensor token_embd.weight: appears twice") { $0.tensors.append($0.tensors[0]) }
    try refusal("tensor token_embd.weight: 5 dimensions") { $0.tensors[0].shape = [1, 1, 1, 1, 1] }
    try refusal("tensor token_embd.weight: 0 dimensions") { $0.tensors[0].shape = [] }
    try refusal("tensor token_embd.weight: a dimension of 0") { $0.tensors[0].shape = [0, 32] }
    try refusal("a dimension of 18446744073709551615") { $0.tensors[0].shape = [-1, 32] }
    try refusal("is not a possible shape of F32") { $0.tensors[0].shape = [1 << 40, 1 << 40] }
    try refusal("is not a possible shape of Q4_1") {
      $0.tensors[0].type = 3
      $0.tensors[0].shape = [32, 20]
    }
    try refusal("tensor output_norm.weight: vectors in Q8_0 are not supported") {
      $0.tensors[1].type = 8
      $0.tensors[1].bytes = Data(count: 34)
    }
    try refusal("overlaps the tensor before it") { $0.tensors[1].offset = 0 }
    try refusal("offset: 18446744073709551584 is not") { $0.tensors[1].offset = .max - 31 }
    try refusal("offset: 7 is not a multiple of 32") { $0.tensors[1].offset = 7 }
    try refusal("(truncated?)") { $0.tensors[1].offset = 1 << 40 }
    expectRefusal("magic: this is not a GGUF file") {
      try StoredModel.open(path: folder.write("m.gguf", "PK\u{3}\u{4}"))
    }
    expectRefusal("m.gguf: this is a Git LFS pointer") {
      try StoredModel.open(path: folder.write("m.gguf", "version https://git-lfs.github.com/spec/v1\n"))
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let folder = try TemporaryFolder()
    let data = TinyModel().gguf.data
    for length in Array(stride(from: 0, to: data.count - 32, by: 61)) + [data.count - 32] {
      let path = try folder.write("m.gguf", data.prefix(length))
      #expect(throws: ModelFileError.self, "\(length) bytes") { try StoredModel.open(path: path) }
    }
  }

  @Test func damagedHeadersNeverCrash() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 3)
    let data = TinyModel().gguf.data
    let headerBytes = 1600
    for _ in 0..<400 {
      var damaged = data
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<headerBytes, using: &generator)
        damaged[position] = UInt8.random(in: 0...255, using: &generator)
      }
      let path = try folder.write("m.gguf", damaged)
      do {
        _ = try StoredModel.open(path: path)
      } catch is ModelFileError {
      }
    }
  }
}
