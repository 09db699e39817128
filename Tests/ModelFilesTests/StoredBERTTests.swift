import Foundation
import Testing

@testable import ModelFiles

@Suite("BERT folders")
struct StoredBERTTests {
  static let configuration = BERTConfiguration(
    vocabularySize: 5, hiddenSize: 4, intermediateSize: 6, layerCount: 1, headCount: 2, positionCount: 8,
    tokenTypeCount: 2, layerNormEpsilon: 1e-12, labels: ["no", "yes"])

  static func tensors() -> [String: FloatTensor] {
    let c = configuration
    var tensors: [String: FloatTensor] = [:]
    let all =
      c.embeddingTensors + c.layerTensors(0) + c.poolerTensors + c.classifierTensors(classes: 2)
    for (index, tensor) in all.enumerated() {
      let count = tensor.shape.reduce(1, *)
      tensors[tensor.name] = FloatTensor(
        shape: tensor.shape, values: (0..<count).map { Float($0) + Float(index) / 32 })
    }
    return tensors
  }

  private func expectError(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
  ) {
    do {
      _ = try body()
      Issue.record("no error; expected: \(message)", sourceLocation: sourceLocation)
    } catch {
      #expect("\(error)".contains(message), "\(error)", sourceLocation: sourceLocation)
    }
  }

  @Test("what is written is read again, value for value")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    try StoredBERT.write(Self.tensors(), Self.configuration, into: folder.url)
    let stored = try StoredBERT(path: folder.url.path)
    #expect(stored.configuration == Self.configuration)
    #expect(stored.hasPooler && stored.classCount == 2 && StoredBERT.isBERT(folder: folder.url.path))
    for (name, tensor) in Self.tensors() { #expect(try stored.floats(of: name) == tensor.values) }
    expectError("no.such") { try stored.floats(of: "no.such") }
  }

  @Test("a tensor too few, of another shape, or too many is named")
  func tensors() throws {
    let folder = try TemporaryFolder()
    func open(_ change: (inout [String: FloatTensor]) -> Void) throws -> StoredBERT {
      var tensors = Self.tensors()
      change(&tensors)
      try StoredBERT.write(tensors, Self.configuration, into: folder.url)
      return try StoredBERT(path: folder.url.path)
    }
    expectError("encoder.layer.0.output.dense.bias is missing") {
      try open { $0["encoder.layer.0.output.dense.bias"] = nil }
    }
    expectError("pooler.dense.bias has shape [3], expected [4]") {
      try open { $0["pooler.dense.bias"] = FloatTensor(shape: [3], values: [1, 2, 3]) }
    }
    expectError("encoder.layer.1.output.dense.bias") {
      try open { $0["encoder.layer.1.output.dense.bias"] = FloatTensor(shape: [4], values: [1, 2, 3, 4]) }
    }
    let headless = try open { tensors in
      for name in tensors.keys where name.hasPrefix("classifier.") || name.hasPrefix("pooler.") {
        tensors[name] = nil
      }
      tensors["cls.predictions.bias"] = FloatTensor(shape: [5], values: [0, 0, 0, 0, 0])
    }
    #expect(!headless.hasPooler && headless.classCount == 0)
    let three = Self.configuration.classifierTensors(classes: 3)
    expectError("2 labels, but the classifier has 3 classes") {
      try open { tensors in
        for tensor in three {
          tensors[tensor.name] = FloatTensor(
            shape: tensor.shape, values: [Float](repeating: 0, count: tensor.shape.reduce(1, *)))
        }
      }
    }
  }

  @Test("a configuration that the plain computation would get wrong is refused by its field")
  func configurations() throws {
    let folder = try TemporaryFolder()
    func read(_ changes: String) throws -> BERTConfiguration {
      let fields =
        #""vocab_size":5,"intermediate_size":6,"num_hidden_layers":1,"max_position_embeddings":8"#
      let text = "{\(fields),\(changes)}"
      let file = folder.url.appendingPathComponent("config.json")
      try Data(text.utf8).write(to: file)
      return try BERTConfiguration(contentsOf: file.path)
    }
    let good = #""model_type":"bert","hidden_size":4,"num_attention_heads":2"#
    let plain = try read(good)
    #expect(plain.tokenTypeCount == 2 && plain.labels.isEmpty)
    for (change, message) in [
      (#""hidden_size":4,"num_attention_heads":2"#, "model_type: is missing"),
      (#""model_type":"roberta","hidden_size":4,"num_attention_heads":2"#, "roberta models are no BERT"),
      (#""model_type":"bert","hidden_size":4,"num_attention_heads":3"#, "3 heads do not divide"),
      (#""model_type":"bert","hidden_size":0,"num_attention_heads":2"#, "hidden_size"),
      (good + #","hidden_act":"relu""#, "hidden_act: relu is not supported"),
      (good + #","position_embedding_type":"relative_key""#, "position_embedding_type"),
      (good + #","is_decoder":true"#, "is_decoder"),
      (good + #","layer_norm_eps":2"#, "layer_norm_eps"),
      (good + #","id2label":{"0":"a","2":"b"}"#, "id2label.1: is missing"),
    ] {
      expectError(message) { try read(change) }
    }
  }

  @Test("the position buffer of older files is passed over; other integers are still refused")
  func positionBuffer() throws {
    let folder = try TemporaryFolder()
    func file(_ name: String, _ type: String) throws -> String {
      let header =
        #"{"\#(name)":{"dtype":"\#(type)","shape":[1,3],"data_offsets":[0,24]},"#
        + #""w":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}"#
      var bytes = Data((0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) })
      bytes += Data(header.utf8) + Data(count: 24)
      for value in [Float(1.5), -2] { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
      let url = folder.url.appendingPathComponent("a.safetensors")
      try bytes.write(to: url)
      return url.path
    }
    let read = try SafetensorsFile(path: file("bert.embeddings.position_ids", "I64"))
    #expect(read.names == ["w"])
    #expect(try read.floats(of: "w") == [1.5, -2])
    expectError("I64 tensors are not supported") { try SafetensorsFile(path: file("x", "I64")) }
    expectError("takes 12") { try SafetensorsFile(path: file("embeddings.position_ids", "F32")) }
  }
}
