import Foundation
import LanguageModels
import ModelFiles

public enum CheckpointError: Error, CustomStringConvertible {
  case malformed(folder: String, what: String)
  case otherRecipe(folder: String, field: String)

  public var description: String {
    switch self {
    case .malformed(let folder, let what): "\(folder) is not a checkpoint of this run: \(what)"
    case .otherRecipe(let folder, let field):
      "\(folder) was made with another \(field); a run can only be resumed with the recipe that it was started with"
    }
  }
}

/// A folder from which training goes on with the same bits: a PEFT adapter that `peft` can load as it is, and beside
/// it the optimiser's moments and the trainer's state.
public enum Checkpoint {
  static let trainerFile = "trainer.safetensors"

  /// Replaces the folder atomically: a crash or a full disk leaves the earlier checkpoint.
  public static func save(_ trainer: Trainer, baseModel: String?, to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let state = try String(decoding: encoder.encode(trainer.state), as: UTF8.self)
    let recipe = try String(decoding: encoder.encode(trainer.recipe), as: UTF8.self)
    let count = trainer.adapter.parameters.count
    try AtomicReplacement.folder(at: folder) { temporary in
      try trainer.adapter.peftAdapter(baseModel: baseModel).writeFiles(into: temporary, for: folder)
      try SafetensorsWriter.write(
        [
          "first_moment": FloatTensor(shape: [count], values: trainer.firstMoment.values),
          "second_moment": FloatTensor(shape: [count], values: trainer.secondMoment.values),
        ], metadata: ["state": state, "recipe": recipe], to: temporary.appendingPathComponent(trainerFile))
    }
  }

  /// Puts a trainer of the same recipe where the checkpoint was made.
  public static func restore(_ trainer: Trainer, from folder: URL) throws {
    let file = try SafetensorsFile(path: folder.appendingPathComponent(trainerFile).path)
    let decoder = JSONDecoder()
    guard let stateText = file.metadata["state"], let recipeText = file.metadata["recipe"],
      let state = try? decoder.decode(TrainerState.self, from: Data(stateText.utf8)),
      let recipe = try? decoder.decode(TrainingRecipe.self, from: Data(recipeText.utf8))
    else {
      throw CheckpointError.malformed(folder: folder.path, what: "\(trainerFile) has no readable state")
    }
    if let field = difference(recipe, trainer.recipe) {
      throw CheckpointError.otherRecipe(folder: folder.path, field: field)
    }
    let counts = 0...(1 << 60)
    guard (0...recipe.totalSteps).contains(state.step), counts.contains(state.trainedTokens),
      counts.contains(state.evaluationsWithoutImprovement)
    else {
      throw CheckpointError.malformed(folder: folder.path, what: "\(trainerFile) counts what cannot be")
    }
    let count = trainer.adapter.parameters.count
    let first = try file.floats(of: "first_moment")
    let second = try file.floats(of: "second_moment")
    guard first.count == count, second.count == count else {
      throw CheckpointError.malformed(folder: folder.path, what: "\(first.count) moments, expected \(count)")
    }
    let (adapter, _) = try PEFTAdapter.read(from: folder)
    // Into a spare adapter first: a checkpoint that does not fit leaves the trainer as it was.
    let spare = try LoRAAdapter(trainer.recipe.lora, model: trainer.adapter.model, seed: 0)
    try spare.load(peftTensors: adapter.tensors)
    trainer.restore(state, moments: (first, second), parameters: spare.parameters.values)
  }

  /// The first part of the recipe that decides bits and differs.
  private static func difference(_ a: TrainingRecipe, _ b: TrainingRecipe) -> String? {
    if a.lora != b.lora { return "LoRA configuration" }
    if a.seed != b.seed { return "seed" }
    if a.precision != b.precision { return "precision" }
    if a.batchSize != b.batchSize || a.accumulationSteps != b.accumulationSteps { return "batch size" }
    if a.schedule != b.schedule || a.learningRate != b.learningRate { return "learning rate" }
    if a.totalSteps != b.totalSteps { return "number of steps" }
    return nil
  }
}
