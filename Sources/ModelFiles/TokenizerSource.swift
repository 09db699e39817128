import Foundation

/// Where a model's tokenizer is described.
public enum TokenizerSource: Sendable, Equatable {
  /// The files of a Hugging Face folder. `tokenizerJSON` is where the file belongs; it may be absent from a
  /// folder that is used with ids only.
  case huggingFace(tokenizerJSON: URL, tokenizerConfig: URL?)
  /// The metadata of the GGUF file at `path`; the keys `tokenizer.…` describe the tokenizer.
  case gguf(path: String, metadata: [String: GGUFValue])
}
