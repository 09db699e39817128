import Foundation

/// The weights and texts of a Hugging Face model folder.
struct HuggingFaceFolder {
  let url: URL

  var path: String { url.path }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: file(name).path)
  }

  /// `model.safetensors`, or the shards that `model.safetensors.index.json` names.
  ///
  /// - Returns: the files, and every tensor of them by name.
  func weights() throws -> (files: [MappedFile], tensors: [String: StoredTensor]) {
    if exists("model.safetensors") {
      let file = try SafetensorsFile(path: file("model.safetensors").path)
      return ([file.file], file.tensors)
    }
    if exists("model.safetensors.index.json") { return try shards() }
    throw ModelFileError.inaccessible(
      path: path,
      reason: exists("pytorch_model.bin") || exists("pytorch_model.bin.index.json")
        ? "the weights are a PyTorch pickle; convert them to safetensors"
        : "no model.safetensors, no model.safetensors.index.json and no GGUF file in this folder")
  }

  private func shards() throws -> (files: [MappedFile], tensors: [String: StoredTensor]) {
    let index = try JSONDocument(contentsOf: file("model.safetensors.index.json").path)
    guard let map = try index.document("weight_map") else { throw index.missing("weight_map") }
    var files: [MappedFile] = []
    var shards: [String: SafetensorsFile] = [:]
    var tensors: [String: StoredTensor] = [:]
    for name in map.object.keys {
      guard let shardName = try map.string(name) else { throw map.missing(name) }
      let shard: SafetensorsFile
      if let known = shards[shardName] {
        shard = known
      } else {
        // As bytes: to a String, a slash with a combining mark behind it is another character.
        guard !shardName.utf8.contains(UInt8(ascii: "/")), !shardName.utf8.contains(0),
          shardName.hasSuffix(".safetensors")
        else {
          throw ModelFileError.malformed(
            path: map.path, field: "weight_map.\(name)",
            problem: "\"\(shardName)\" is not the name of a safetensors file in this folder")
        }
        shard = try SafetensorsFile(path: file(shardName).path, fileIndex: files.count)
        shards[shardName] = shard
        files.append(shard.file)
      }
      guard let tensor = shard.tensors[name] else {
        throw ModelFileError.missingTensor(path: shard.file.path, name: name)
      }
      tensors[name] = tensor
    }
    return (files, tensors)
  }

  /// The model's own chat template: `chat_template.jinja`, or a field of `tokenizer_config.json` that is a
  /// text or a list of named texts, of which "default" counts.
  func chatTemplateText() throws -> String? {
    if exists("chat_template.jinja") {
      let template = try MappedFile(
        path: file("chat_template.jinja").path, upTo: StoredModel.maximumTemplateBytes)
      return String(decoding: template.bytes, as: UTF8.self)
    }
    guard exists("tokenizer_config.json") else { return nil }
    let configuration = try JSONDocument(contentsOf: file("tokenizer_config.json").path)
    guard let value = configuration.value("chat_template") else { return nil }
    switch value {
    case .string(let text):
      return text
    case .array(let templates):
      for case .object(let template) in templates where template["name"] == .string("default") {
        if case .string(let text) = template["template"] { return text }
      }
      return nil
    default:
      throw configuration.wrongType("chat_template", expected: "a text", found: value)
    }
  }

  var tokenizerSource: TokenizerSource {
    .huggingFace(
      tokenizerJSON: file("tokenizer.json"),
      tokenizerConfig: exists("tokenizer_config.json") ? file("tokenizer_config.json") : nil)
  }
}
