import Foundation

/// A language model on disk: a Hugging Face folder, or a GGUF file.
///
/// Opening reads the configuration, maps the weights, and checks that every tensor the configuration calls
/// for is there with the right shape and that there is none the computation would leave out. Values are
/// decoded when asked for; reads may run in parallel.
///
/// ```swift
/// let model = try StoredModel.open(path: "SmolLM2-135M")
/// let width = model.configuration.hiddenSize
/// let norm = try model.floats(of: "model.norm.weight", shape: [width])
/// ```
public final class StoredModel: Sendable {
  /// The file or folder, as given.
  public let path: String
  public let configuration: ModelConfiguration
  public let tokenizerSource: TokenizerSource
  /// The chat template (Jinja) that the model ships, if any.
  public let chatTemplateText: String?

  private let files: [MappedFile]
  /// By Hugging Face name.
  private let tensors: [String: StoredTensor]

  /// Opens a Hugging Face folder (`config.json`, safetensors in F32, F16 or BF16), a GGUF file (F32, F16,
  /// BF16, Q8_0, Q4_0, Q4_1), or a folder that holds exactly one GGUF file.
  ///
  /// - Throws: `ModelFileError`.
  public static func open(path: String) throws -> StoredModel {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ModelFileError.inaccessible(path: path, reason: "no such file or folder")
    }
    guard isFolder.boolValue else { return try StoredModel(ggufPath: path) }

    let folder = HuggingFaceFolder(url: URL(fileURLWithPath: path, isDirectory: true))
    let hasSafetensors = folder.exists("model.safetensors") || folder.exists("model.safetensors.index.json")
    if hasSafetensors { return try StoredModel(folder: folder, path: path) }
    let ggufNames = try Self.ggufNames(in: path)
    switch ggufNames.count {
    case 0: return try StoredModel(folder: folder, path: path)
    case 1: return try StoredModel(ggufPath: folder.file(ggufNames[0]).path)
    default:
      throw ModelFileError.inaccessible(
        path: path, reason: "several GGUF files (\(ggufNames.joined(separator: ", "))); name one of them")
    }
  }

  private static func ggufNames(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.lowercased().hasSuffix(".gguf") }.sorted()
    } catch {
      throw ModelFileError.inaccessible(path: folder, reason: "the folder cannot be read")
    }
  }

  private init(folder: HuggingFaceFolder, path: String) throws {
    let reader = try HuggingFaceConfiguration(folder: folder.url)
    let weights = try folder.weights()
    self.path = path
    files = weights.files
    configuration = try reader.configuration(
      name: folder.url.standardizedFileURL.lastPathComponent, contains: { weights.tensors[$0] != nil })
    tensors = try Self.checked(
      weights.tensors.filter { !Self.isConstantBuffer($0.key) }, configuration: configuration, path: path)
    tokenizerSource = folder.tokenizerSource
    chatTemplateText = try folder.chatTemplateText()
    try checkTemplate(path: folder.file("tokenizer_config.json").path, field: "chat_template")
  }

  private init(ggufPath path: String) throws {
    let gguf = try GGUFFile(path: path)
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    self.path = path
    files = [gguf.file]
    configuration = try gguf.configuration(name: stem)
    tensors = try Self.checked(
      gguf.huggingFaceTensors(configuration), configuration: configuration, path: path)
    tokenizerSource = .gguf(path: path, metadata: gguf.metadata)
    if case .string(let text) = gguf.metadata["tokenizer.chat_template"] {
      chatTemplateText = text
    } else {
      chatTemplateText = nil
    }
    try checkTemplate(path: path, field: "tokenizer.chat_template")
  }

  /// The longest templates known have some 30 kB; this one is searched for the model's family.
  static let maximumTemplateBytes = 1 << 20

  private func checkTemplate(path: String, field: String) throws {
    let count = chatTemplateText?.utf8.count ?? 0
    guard count <= Self.maximumTemplateBytes else {
      throw ModelFileError.malformed(
        path: path, field: field,
        problem: "\(count) bytes is more than the \(Self.maximumTemplateBytes) allowed")
    }
  }

  /// Tensors that old checkpoints stored though they follow from the configuration.
  private static func isConstantBuffer(_ name: String) -> Bool {
    name.hasSuffix(".rotary_emb.inv_freq")
  }

  /// Exactly the expected tensors. A tied head that is stored all the same is left out.
  private static func checked(
    _ tensors: [String: StoredTensor], configuration: ModelConfiguration, path: String
  ) throws -> [String: StoredTensor] {
    var checked: [String: StoredTensor] = [:]
    for (name, shape) in configuration.expectedTensors {
      guard let tensor = tensors[name] else { throw ModelFileError.missingTensor(path: path, name: name) }
      guard tensor.shape == shape else {
        throw ModelFileError.wrongShape(path: path, tensor: name, expected: shape, found: tensor.shape)
      }
      checked[name] = tensor
    }
    for name in tensors.keys.sorted() where checked[name] == nil && name != "lm_head.weight" {
      throw ModelFileError.unsupported(
        path: path, field: "tensor \(name)",
        what: "a \(configuration.architecture.rawValue) model with such a tensor is not supported")
    }
    return checked
  }

  // MARK: - Tensors

  /// The tensors' names, sorted.
  public var tensorNames: [String] { tensors.keys.sorted() }

  /// Whether there is a tensor of this Hugging Face name. A tied head has none of its own.
  public func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// How the tensor is stored, or nil when there is none.
  public func elementType(of name: String) -> ElementType? { tensors[name]?.elementType }

  /// Number of weights; those of a tied head count once.
  public var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.elementCount } }

  /// Size of the weight files.
  public var fileBytes: Int { files.reduce(0) { $0 + $1.count } }

  /// Decodes a whole tensor.
  ///
  /// - Parameters:
  ///   - name: its Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`.
  ///   - shape: the shape the caller expects, in torch order: [out, in] for a projection.
  /// - Returns: the values, row-major.
  /// - Throws: `ModelFileError.missingTensor`, `.wrongShape`.
  public func floats(of name: String, shape: [Int]) throws -> [Float] {
    try floats(of: name, shape: shape, rows: 0..<(shape.first ?? 0))
  }

  /// Decodes some rows of a tensor.
  ///
  /// - Parameters:
  ///   - rows: indices of the first dimension.
  /// - Throws: `ModelFileError.missingTensor`, `.wrongShape`.
  /// - Precondition: `rows` lies within the first dimension of `shape`.
  public func floats(of name: String, shape: [Int], rows: Range<Int>) throws -> [Float] {
    guard let tensor = tensors[name] else { throw ModelFileError.missingTensor(path: path, name: name) }
    guard tensor.shape == shape, let count = shape.first else {
      throw ModelFileError.wrongShape(path: path, tensor: name, expected: shape, found: tensor.shape)
    }
    precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of \(count)")
    return tensor.floats(in: files[tensor.fileIndex], rows: rows)
  }
}
