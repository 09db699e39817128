import Foundation
import ModelFiles

extension Tokenizer {
  /// The tokenizer that belongs to a model's files.
  ///
  /// - Throws: `TokenizerError` naming the field that is not understood, or the file system's error.
  public convenience init(source: TokenizerSource) throws {
    switch source {
    case .gguf(let metadata): try self.init(ggufMetadata: metadata)
    case .huggingFace(let json, let config):
      try self.init(
        tokenizerJSON: Data(contentsOf: json, options: .mappedIfSafe),
        tokenizerConfig: config.map { try Data(contentsOf: $0) })
    }
  }
}
