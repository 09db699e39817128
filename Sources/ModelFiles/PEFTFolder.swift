import Foundation

extension PEFTAdapter {
  /// Writes a PEFT folder, atomically, and proves it by reading it back.
  ///
  /// The configuration has exactly the keys PEFT needs to load the adapter.
  ///
  /// - Parameter folder: is replaced when it exists.
  /// - Throws: `ModelFileError`; an earlier folder is then untouched. A tensor that is not finite, has no
  ///   partner, or that PEFT would ignore is refused.
  public func write(to folder: URL) throws {
    try AtomicReplacement.folder(at: folder) { try writeFiles(into: $0, for: folder) }
  }

  /// The same files, written into a folder that the caller makes appear atomically, with others of its own.
  ///
  /// - Parameter folder: the final place, for messages.
  public func writeFiles(into temporary: URL, for folder: URL) throws {
    try validate(path: folder.path)
    for (name, tensor) in tensors where !tensor.values.allSatisfy(\.isFinite) {
      throw ModelFileError.malformed(
        path: folder.path, field: "tensor \(name)", problem: "holds a value that is not finite; not written")
    }
    let resolved = try configuration.resolved(path: folder.path)
    if let module = modules.first(where: { !resolved.isTarget($0) }) {
      throw ModelFileError.malformed(
        path: folder.path, field: "target_modules", problem: "does not name \(module); PEFT would ignore it")
    }
    try AtomicReplacement.file(
      at: temporary.appendingPathComponent(Self.configurationFile),
      content: Data(configuration.json.prettyText.utf8))
    let prefixed = Dictionary(uniqueKeysWithValues: tensors.map { (Self.weightPrefix + $0.key, $0.value) })
    try SafetensorsWriter.write(
      prefixed, metadata: ["format": "pt"], to: temporary.appendingPathComponent(Self.weightsFile))
    try prove(temporary, writtenTo: folder)
  }

  /// Reads the folder back: what is on disk has the bits that were given.
  private func prove(_ written: URL, writtenTo folder: URL) throws {
    let (reread, _) = try Self.read(from: written)
    let differing = tensors.keys.sorted().first { name in
      guard let given = tensors[name], let stored = reread.tensors[name] else { return true }
      return !given.isBitEqual(to: stored)
    }
    guard differing == nil, reread.tensors.count == tensors.count else {
      throw ModelFileError.malformed(
        path: folder.path, field: "tensor \(differing ?? "names")",
        problem: "reads back different from what was written")
    }
    let (given, stored) = (
      try configuration.resolved(path: folder.path), try reread.configuration.resolved(path: folder.path)
    )
    if let module = modules.first(where: { given.scaling(of: $0) != stored.scaling(of: $0) }) {
      throw ModelFileError.malformed(
        path: folder.path, field: "alpha_pattern",
        problem: "\(module) depends on the order of overlapping patterns, which the file does not keep")
    }
  }

  /// Reads a PEFT folder with a plain LoRA adapter.
  ///
  /// - Returns: the adapter, and warnings: one line each about what other tools would take differently.
  /// - Throws: `ModelFileError`; DoRA, fully trained modules, trained biases and initialisations that change
  ///   the base model are refused by name.
  public static func read(from folder: URL) throws -> (adapter: PEFTAdapter, warnings: [String]) {
    let document = try JSONDocument(contentsOf: folder.appendingPathComponent(configurationFile).path)
    let configuration = try Configuration(document)
    let weights = folder.appendingPathComponent(weightsFile)
    if !FileManager.default.fileExists(atPath: weights.path),
      FileManager.default.fileExists(atPath: folder.appendingPathComponent("adapter_model.bin").path)
    {
      throw ModelFileError.unsupported(
        path: folder.path, field: "adapter_model.bin", what: "PyTorch pickles are not read; save safetensors")
    }
    let file = try SafetensorsFile(path: weights.path)
    let names = try StoredNames(file.names, path: weights.path)

    var tensors: [String: FloatTensor] = [:]
    let resolved = try configuration.resolved(path: document.path)
    var ignored: Set<String> = []
    for (name, storedName) in names.byName {
      let module = String(name.dropLast(factorA.count))
      guard resolved.isTarget(module) else {
        ignored.insert(module)
        continue
      }
      tensors[name] = FloatTensor(
        shape: file.shape(of: storedName) ?? [], values: try file.floats(of: storedName))
    }
    let adapter = PEFTAdapter(configuration: configuration, tensors: tensors)
    try adapter.validate(path: weights.path)
    let warnings =
      names.warnings
      + ignored.sorted().map { "\(weights.path): \($0) is not in target_modules; ignored, as PEFT does" }
    return (adapter, warnings)
  }

  /// The names in a weights file, freed of PEFT's prefix and of an adapter's name.
  private struct StoredNames {
    /// Beyond any adapter of the models that are supported: patterns are matched against every name.
    static let maximumTensors = 1 << 14
    static let longestName = 256

    private(set) var byName: [String: String] = [:]
    private(set) var warnings: [String] = []

    init(_ storedNames: [String], path: String) throws {
      guard storedNames.count <= Self.maximumTensors else {
        throw ModelFileError.malformed(
          path: path, field: "header", problem: "\(storedNames.count) tensors are too many for an adapter")
      }
      if let name = storedNames.first(where: { $0.utf8.count > Self.longestName }) {
        throw ModelFileError.malformed(
          path: path, field: "tensor \(name.prefix(80))…",
          problem: "a name of \(name.utf8.count) bytes is too long")
      }
      var unprefixed = 0
      var named = 0
      for stored in storedNames {
        var name = stored
        if name.hasPrefix(weightPrefix) { name.removeFirst(weightPrefix.count) } else { unprefixed += 1 }
        if let withoutAdapter = Self.removingAdapterName(name) {
          name = withoutAdapter
          named += 1
        }
        guard name.hasSuffix(factorA) || name.hasSuffix(factorB) else {
          throw ModelFileError.unsupported(
            path: path, field: "tensor \(stored)", what: Self.reason(for: name))
        }
        guard byName.updateValue(stored, forKey: name) == nil else {
          throw ModelFileError.malformed(path: path, field: "tensor \(name)", problem: "appears twice")
        }
      }
      if unprefixed > 0 {
        warnings.append(
          "\(path): \(unprefixed) tensors lack the prefix \(weightPrefix); PEFT would ignore them")
      }
      if named > 0 {
        warnings.append("\(path): \(named) tensors carry an adapter's name; PEFT would ignore them")
      }
    }

    /// `….lora_A.default.weight` is how a live PEFT model calls `….lora_A.weight`.
    private static func removingAdapterName(_ name: String) -> String? {
      let parts = name.split(separator: ".")
      guard parts.count >= 4, parts[parts.count - 1] == "weight",
        ["lora_A", "lora_B"].contains(parts[parts.count - 3])
      else { return nil }
      return (parts.dropLast(2) + ["weight"]).joined(separator: ".")
    }

    private static func reason(for name: String) -> String {
      if name.hasSuffix("lora_magnitude_vector") { return "DoRA adapters are not supported" }
      if name.contains("lora_embedding_") { return "adapted embeddings are not supported" }
      if name.hasSuffix(".bias") { return "adapters with trained biases are not supported" }
      return "only lora_A and lora_B weights are supported"
    }
  }
}
