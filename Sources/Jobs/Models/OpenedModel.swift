import Compute
import FineTuning
import Foundation
import LanguageModels
import ModelFiles

/// A model opened for work: its configuration, tokenizer and chat template. The weights are decoded when they are
/// asked for, and the file is let go afterwards: its pages would count as this program's memory.
public final class OpenedModel: Sendable {
  /// As the user named it.
  public let name: String
  public let configuration: ModelConfiguration
  public let tokenizer: Tokenizer
  public let template: ChatTemplate
  let path: String

  /// - Parameters:
  ///   - url: a Hugging Face folder or a GGUF file.
  ///   - template: overrides the one that the model is recognised to use.
  public init(name: String, url: URL, template: ChatTemplate.Name? = nil) throws {
    self.name = name
    path = url.path
    let stored = try StoredModel.open(path: path)
    configuration = stored.configuration
    tokenizer = try Tokenizer(source: stored.tokenizerSource)
    self.template = ChatTemplate.detect(
      for: tokenizer, name: template, templateText: stored.chatTemplateText,
      architecture: stored.configuration.architecture.rawValue)
  }

  /// What an adapter's configuration names as its base: the hub's name of a known model, else the path.
  public var baseModelName: String { KnownModel.all.first { $0.name == name }?.hubName ?? path }

  /// For people: a known model's name, else the file's or folder's.
  public var displayName: String {
    KnownModel.all.contains { $0.name == name } ? name : configuration.name
  }

  /// A question in the model's chat template, with its answer when there is one.
  ///
  /// - Parameter system: nil for the template's own.
  /// - Throws: `ModelFileError` when the template does not fit the tokenizer, or the tokenizer the model.
  public func encode(question: String, answer: String?, system: String? = nil) throws -> EncodedExample {
    let example: EncodedExample
    do {
      example = try template.encode(question: question, answer: answer, system: system, tokenizer: tokenizer)
    } catch let error as TokenizerError {
      throw ModelFileError.malformed(path: path, field: error.field, problem: error.problem)
    }
    // Many models have more rows than their tokenizer ids; the reverse is harmless until such an id comes up.
    if let id = example.ids.first(where: { $0 >= configuration.vocabularySize }) {
      throw ModelFileError.malformed(
        path: path, field: "vocabulary size",
        problem: "the tokenizer gives “\(tokenizer.text(of: id))” the id \(id), "
          + "but the model has \(configuration.vocabularySize) embeddings")
    }
    return example
  }

  public func weights(precision: TrainingRecipe.Precision, threads: Int) throws -> Llama {
    try Llama(StoredModel.open(path: path), precision: precision.element, workers: Workers(count: threads))
  }
}
