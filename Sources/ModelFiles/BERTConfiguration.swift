import Foundation

/// What a BERT encoder's `config.json` says of its shape (Devlin et al. 2018).
public struct BERTConfiguration: Sendable, Equatable {
  public var vocabularySize: Int
  public var hiddenSize: Int
  public var intermediateSize: Int
  public var layerCount: Int
  public var headCount: Int
  /// Rows of the position table: no sequence is longer.
  public var positionCount: Int
  public var tokenTypeCount: Int
  public var layerNormEpsilon: Double
  /// The names of a classifier's classes, by index; empty when the file is silent.
  public var labels: [String]

  public init(
    vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
    positionCount: Int, tokenTypeCount: Int, layerNormEpsilon: Double, labels: [String] = []
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layerCount = layerCount
    self.headCount = headCount
    self.positionCount = positionCount
    self.tokenTypeCount = tokenTypeCount
    self.layerNormEpsilon = layerNormEpsilon
    self.labels = labels
  }

  public var headSize: Int { hiddenSize / headCount }

  /// Reads a `config.json` and refuses by name whatever would make the plain computation wrong.
  ///
  /// - Throws: `ModelFileError`.
  init(contentsOf path: String) throws {
    let document = try JSONDocument(contentsOf: path)
    guard let type = try document.string("model_type") else { throw document.missing("model_type") }
    guard type == "bert" else {
      throw document.unsupported("model_type", "\(type) models are no BERT encoder")
    }
    if let activation = try document.string("hidden_act"), activation != "gelu" {
      throw document.unsupported("hidden_act", "\(activation) is not supported (gelu is)")
    }
    if let kind = try document.string("position_embedding_type"), kind != "absolute" {
      throw document.unsupported(
        "position_embedding_type", "\(kind) positions are not supported (absolute ones are)")
    }
    for field in ["is_decoder", "add_cross_attention"] where try document.bool(field) == true {
      throw document.unsupported(field, "a BERT that decodes is not supported")
    }
    func size(_ key: String, _ standard: Int? = nil, upTo limit: Int = 1 << 24) throws -> Int {
      guard let size = try document.integer(key, in: 1...limit) ?? standard else {
        throw document.missing(key)
      }
      return size
    }
    vocabularySize = try size("vocab_size")
    hiddenSize = try size("hidden_size", upTo: 1 << 16)
    intermediateSize = try size("intermediate_size", upTo: 1 << 18)
    layerCount = try size("num_hidden_layers", upTo: 1 << 10)
    headCount = try size("num_attention_heads", upTo: 1 << 10)
    positionCount = try size("max_position_embeddings", upTo: 1 << 20)
    tokenTypeCount = try size("type_vocab_size", 2, upTo: 1 << 10)
    guard hiddenSize % headCount == 0 else {
      throw ModelFileError.malformed(
        path: path, field: "num_attention_heads",
        problem: "\(headCount) heads do not divide a hidden size of \(hiddenSize)")
    }
    layerNormEpsilon = try document.number("layer_norm_eps") ?? 1e-12
    guard layerNormEpsilon > 0, layerNormEpsilon < 1 else {
      throw ModelFileError.malformed(
        path: path, field: "layer_norm_eps", problem: "\(layerNormEpsilon) is not between 0 and 1")
    }
    labels = try Self.labels(of: document)
  }

  /// `id2label` with the ids 0, 1, 2 … .
  private static func labels(of document: JSONDocument) throws -> [String] {
    guard let map = try document.document("id2label") else { return [] }
    return try (0..<map.object.count).map { id in
      guard let label = try map.string("\(id)") else { throw map.missing("\(id)") }
      return label
    }
  }

  /// `config.json` as transformers reads it.
  var json: JSONValue {
    var object = JSONObject([
      ("architectures", .array([.string(labels.isEmpty ? "BertModel" : "BertForSequenceClassification")])),
      ("attention_probs_dropout_prob", .number(0.1)), ("hidden_act", .string("gelu")),
      ("hidden_dropout_prob", .number(0.1)), ("hidden_size", .integer(hiddenSize)),
      ("initializer_range", .number(0.02)), ("intermediate_size", .integer(intermediateSize)),
      ("layer_norm_eps", .number(layerNormEpsilon)), ("max_position_embeddings", .integer(positionCount)),
      ("model_type", .string("bert")), ("num_attention_heads", .integer(headCount)),
      ("num_hidden_layers", .integer(layerCount)), ("pad_token_id", .integer(0)),
      ("position_embedding_type", .string("absolute")), ("type_vocab_size", .integer(tokenTypeCount)),
      ("vocab_size", .integer(vocabularySize)),
    ])
    guard !labels.isEmpty else { return .object(object) }
    object["id2label"] = .object(
      JSONObject(labels.enumerated().map { ("\($0.offset)", .string($0.element)) }))
    object["label2id"] = .object(
      JSONObject(labels.enumerated().map { ($0.element, .integer($0.offset)) }))
    return .object(object)
  }
}

extension BERTConfiguration {
  /// A tensor of the model: its name without `bert.`, as transformers has it, and its shape in torch order.
  public struct Tensor: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
  }

  public var embeddingTensors: [Tensor] {
    [
      Tensor(name: "embeddings.word_embeddings.weight", shape: [vocabularySize, hiddenSize]),
      Tensor(name: "embeddings.position_embeddings.weight", shape: [positionCount, hiddenSize]),
      Tensor(name: "embeddings.token_type_embeddings.weight", shape: [tokenTypeCount, hiddenSize]),
      Tensor(name: "embeddings.LayerNorm.weight", shape: [hiddenSize]),
      Tensor(name: "embeddings.LayerNorm.bias", shape: [hiddenSize]),
    ]
  }

  /// In an order in which query, key and value weights stand under one another, and so do their biases.
  public func layerTensors(_ layer: Int) -> [Tensor] {
    let h = hiddenSize
    let shapes: [(String, [Int])] = [
      ("attention.self.query.weight", [h, h]), ("attention.self.key.weight", [h, h]),
      ("attention.self.value.weight", [h, h]), ("attention.self.query.bias", [h]),
      ("attention.self.key.bias", [h]), ("attention.self.value.bias", [h]),
      ("attention.output.dense.weight", [h, h]), ("attention.output.dense.bias", [h]),
      ("attention.output.LayerNorm.weight", [h]), ("attention.output.LayerNorm.bias", [h]),
      ("intermediate.dense.weight", [intermediateSize, h]), ("intermediate.dense.bias", [intermediateSize]),
      ("output.dense.weight", [h, intermediateSize]), ("output.dense.bias", [h]),
      ("output.LayerNorm.weight", [h]), ("output.LayerNorm.bias", [h]),
    ]
    return shapes.map { Tensor(name: "encoder.layer.\(layer).\($0.0)", shape: $0.1) }
  }

  public var poolerTensors: [Tensor] {
    [
      Tensor(name: "pooler.dense.weight", shape: [hiddenSize, hiddenSize]),
      Tensor(name: "pooler.dense.bias", shape: [hiddenSize]),
    ]
  }

  public func classifierTensors(classes: Int) -> [Tensor] {
    [
      Tensor(name: "classifier.weight", shape: [classes, hiddenSize]),
      Tensor(name: "classifier.bias", shape: [classes]),
    ]
  }
}
