import Foundation

/// A BERT encoder on disk, with or without a classification head: a Hugging Face folder with safetensors.
///
/// Opening reads the configuration, maps the weights, and checks that every tensor the configuration calls for is
/// there with the right shape and that there is none the computation would leave out.
public final class StoredBERT: Sendable {
  public let path: String
  public let configuration: BERTConfiguration
  /// False in a file without `pooler.dense`: it can embed by the mean, but not classify.
  public let hasPooler: Bool
  /// Rows of `classifier.weight`; 0 in a plain encoder.
  public let classCount: Int
  /// `tokenizer.json` and `vocab.txt`, where they are there.
  public let tokenizerJSON: URL?
  public let vocabulary: URL?
  public let tokenizerConfig: URL?

  private let files: [MappedFile]
  /// By name without `bert.`.
  private let tensors: [String: StoredTensor]

  /// - Throws: `ModelFileError`.
  public init(path: String) throws {
    let folder = HuggingFaceFolder(url: URL(fileURLWithPath: path, isDirectory: true))
    self.path = path
    let configuration = try BERTConfiguration(contentsOf: folder.file("config.json").path)
    self.configuration = configuration
    let weights = try folder.weights()
    files = weights.files
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in weights.tensors {
      tensors[name.hasPrefix("bert.") ? String(name.dropFirst("bert.".count)) : name] = tensor
    }
    hasPooler = tensors["pooler.dense.weight"] != nil
    classCount = tensors["classifier.weight"]?.shape.first ?? 0
    var expected =
      configuration.embeddingTensors + (0..<configuration.layerCount).flatMap(configuration.layerTensors)
    if hasPooler { expected += configuration.poolerTensors }
    if classCount > 0 { expected += configuration.classifierTensors(classes: classCount) }
    for tensor in expected {
      guard let found = tensors[tensor.name] else {
        throw ModelFileError.missingTensor(path: path, name: tensor.name)
      }
      guard found.shape == tensor.shape else {
        throw ModelFileError.wrongShape(
          path: path, tensor: tensor.name, expected: tensor.shape, found: found.shape)
      }
    }
    // The head that predicts masked words is of no use to an encoder.
    let extra = Set(tensors.keys).subtracting(expected.map(\.name)).filter { !$0.hasPrefix("cls.") }
    if let name = extra.min() {
      throw ModelFileError.unsupported(
        path: path, field: name, what: "a BERT encoder has no tensor of this name")
    }
    guard configuration.labels.isEmpty || classCount == 0 || configuration.labels.count == classCount else {
      throw ModelFileError.malformed(
        path: folder.file("config.json").path, field: "id2label",
        problem: "\(configuration.labels.count) labels, but the classifier has \(classCount) classes")
    }
    self.tensors = tensors
    func present(_ name: String) -> URL? { folder.exists(name) ? folder.file(name) : nil }
    tokenizerJSON = present("tokenizer.json")
    vocabulary = present("vocab.txt")
    tokenizerConfig = present("tokenizer_config.json")
  }

  /// Whether a folder's `config.json` says that it holds a BERT.
  public static func isBERT(folder path: String) -> Bool {
    let file = URL(fileURLWithPath: path, isDirectory: true).appendingPathComponent("config.json").path
    return (try? JSONDocument(contentsOf: file).string("model_type")) == "bert"
  }

  /// All values of a tensor, row-major, by its name without `bert.`.
  public func floats(of name: String) throws -> [Float] {
    guard let tensor = tensors[name] else { throw ModelFileError.missingTensor(path: path, name: name) }
    return tensor.floats(in: files[tensor.fileIndex], rows: 0..<(tensor.shape.first ?? 1))
  }

  /// Writes a model as transformers' `BertForSequenceClassification` reads it: `config.json` and
  /// `model.safetensors`, into a folder that is there.
  ///
  /// - Parameter tensors: by name without `bert.`.
  public static func write(
    _ tensors: [String: FloatTensor], _ configuration: BERTConfiguration, into folder: URL
  ) throws {
    var named: [String: FloatTensor] = [:]
    for (name, tensor) in tensors { named[name.hasPrefix("classifier.") ? name : "bert." + name] = tensor }
    try SafetensorsWriter.write(
      named, metadata: ["format": "pt"], to: folder.appendingPathComponent("model.safetensors"))
    try AtomicReplacement.file(
      at: folder.appendingPathComponent("config.json"), content: Data(configuration.json.prettyText.utf8))
  }
}
