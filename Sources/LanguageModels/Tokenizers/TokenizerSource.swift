import Foundation
import ModelFiles

extension Tokenizer {
  /// The largest `tokenizer.json` known has 33 MB.
  static let maximumFileBytes = 128 << 20

  /// The tokenizer that belongs to a model's files.
  ///
  /// - Throws: `ModelFileError` naming the file, and the field that is not understood.
  public convenience init(source: TokenizerSource) throws {
    switch source {
    case .gguf(let path, let metadata):
      self.init(
        definition: try Self.naming(path) { () throws(TokenizerError) in
          try GGUFTokenizer(metadata: metadata).definition()
        })
    case .huggingFace(let json, let config):
      let root = try Self.document(json)
      let configRoot = try config.map { try Self.document($0) }
      self.init(
        definition: try Self.naming(json.path, config: config?.path) { () throws(TokenizerError) in
          try HuggingFaceTokenizer(root: root, config: configRoot).definition()
        })
    }
  }

  private static func document(_ file: URL) throws -> JSONNode {
    let bytes = try Data(regularFile: file.path, upTo: maximumFileBytes)
    return try naming(file.path) { () throws(TokenizerError) in try JSONNode(parsing: Array(bytes)) }
  }

  /// - Parameter config: the file of the fields that begin with `tokenizer_config.`
  private static func naming<Value>(
    _ path: String, config: String? = nil, _ body: () throws(TokenizerError) -> Value
  ) throws(ModelFileError) -> Value {
    do {
      return try body()
    } catch {
      let prefix = "tokenizer_config."
      guard let config, error.field.hasPrefix(prefix) else {
        throw .malformed(path: path, field: error.field, problem: error.problem)
      }
      throw .malformed(
        path: config, field: String(error.field.dropFirst(prefix.count)), problem: error.problem)
    }
  }
}
