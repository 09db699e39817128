import Compute
import FineTuning
import Foundation
import LanguageModels
import ModelFiles
import ProjectStore

/// Checks everything that can be checked before a run exists, then records it: a run that was recorded can start.
public struct RunPreparation {
  public var name: String?
  public var model: String
  public var template: ChatTemplate.Name?
  /// Terms of a `PairFilter`.
  public var filter: [String]
  public var limit: Int?
  public var settings: TrainingSettings

  public init(
    name: String?, model: String, template: ChatTemplate.Name?, filter: [String], limit: Int?,
    settings: TrainingSettings
  ) {
    self.name = name
    self.model = model
    self.template = template
    self.filter = filter
    self.limit = limit
    self.settings = settings
  }

  /// The model's tokenizer and configuration; its weights are not read yet.
  public func openModel(cache: ModelCache = ModelCache()) throws -> OpenedModel {
    try OpenedModel(name: model, url: cache.resolve(model), template: template)
  }

  /// - Parameter opened: what `openModel` has returned; by default the model is opened here.
  /// - Returns: the new run, queued.
  /// - Throws: what is wrong with the filter, the model, a pair, or the machine's room; nothing is recorded then.
  public func createRun(in store: ProjectStore, opened: OpenedModel? = nil) throws -> Run {
    let data = try RunData.choose(from: store, filter: filter, limit: limit, seed: UInt64(settings.seed))
    let opened = try opened ?? openModel()
    let recipe = RunRecipe(
      model: FileManager.default.fileExists(atPath: model) ? URL(fileURLWithPath: model).path : model,
      template: template, filter: filter, trainingRows: data.training.count,
      evaluationRows: data.evaluation.count, training: settings.recipe(rows: data.training.count))
    let rows = try RunData.sequences(data.training, opened, maxLength: settings.maxLength)
    _ = try RunData.sequences(data.evaluation, opened, maxLength: settings.maxLength)
    try MemoryEstimate(recipe.training, model: opened.configuration, rows: rows)
      .check(folder: store.folder)

    let run = try store.createRun(
      name: name ?? defaultName(rows: data.training.count), recipeJSON: recipe.json(),
      modelName: opened.displayName, totalSteps: recipe.training.totalSteps)
    do {
      try data.write(to: store.runFolder(run.id))
    } catch {
      _ = try? store.updateRun(run.id) {
        $0.state = .failed
        $0.message = "\(error)"
      }
      throw error
    }
    return run
  }

  /// "factual-60", or "pairs-200" where no category was asked for.
  private func defaultName(rows: Int) -> String {
    for term in filter where term.hasPrefix("category=") {
      return "\(term.dropFirst("category=".count))-\(rows)"
    }
    return "pairs-\(rows)"
  }
}
