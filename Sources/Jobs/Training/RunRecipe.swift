import FineTuning
import Foundation
import LanguageModels

/// What a run was started with: enough to start it again. The store keeps it as JSON.
public struct RunRecipe: Codable, Equatable, Sendable {
  /// As the user named it: a known model, a folder or a GGUF file.
  public var model: String
  /// Overrides the chat template that the model is recognised to use.
  public var template: String?
  /// The terms that chose the pairs.
  public var filter: [String]
  public var trainingRows: Int
  public var evaluationRows: Int
  public var training: TrainingRecipe

  public init(
    model: String, template: ChatTemplate.Name?, filter: [String], trainingRows: Int, evaluationRows: Int,
    training: TrainingRecipe
  ) {
    self.model = model
    self.template = template?.rawValue
    self.filter = filter
    self.trainingRows = trainingRows
    self.evaluationRows = evaluationRows
    self.training = training
  }

  public init(json: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(RunRecipe.self, from: Data(json.utf8))
  }

  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// Something that a run cannot be started with; one line for people.
public enum RunError: Error, Equatable, Sendable, CustomStringConvertible {
  case noPairs(filter: String, inProject: Int)
  case tooFewPairs(count: Int, filter: String)
  case emptyAnswer(pair: String)
  case tooLong(pair: String, tokens: Int, limit: Int, limitName: String)
  case notEnoughMemory(needed: Int, available: Int)
  case notEnoughDisk(needed: Int, available: Int, folder: String)
  case alreadyTraining(run: String, pid: Int32?)
  case cannotResume(run: String, why: String)
  case notAlive(run: String, state: String)
  case worker(String)

  public var description: String {
    switch self {
    case .noPairs(let filter, 0):
      "the project has no pairs to train on\(filter.isEmpty ? "" : " (asked: \(filter))") — assay import FILE.jsonl"
    case .noPairs(let filter, let all):
      "none of the project's \(all) pairs is for training and passes “\(filter)”"
    case .tooFewPairs(let count, let filter):
      "only \(count) pair\(count == 1 ? "" : "s") to train on\(filter.isEmpty ? "" : " \(count == 1 ? "passes" : "pass") “\(filter)”"); training needs at least 2"
    case .emptyAnswer(let pair): "\(pair): the answer is empty"
    case .tooLong(let pair, let tokens, let limit, let name):
      "\(pair): \(tokens) tokens with its answer, more than \(name) of \(limit)"
    case .notEnoughMemory(let needed, let available):
      "training needs about \(mebibytes(needed)) of memory, \(mebibytes(available)) are free — use a smaller batch, shorter pairs, or --precision bf16"
    case .notEnoughDisk(let needed, let available, let folder):
      "checkpoints need about \(mebibytes(needed)) on disk, \(mebibytes(available)) are free in \(folder)"
    case .alreadyTraining(let run, let pid):
      "run \(run) already has a worker\(pid.map { " (process \($0))" } ?? "")"
    case .cannotResume(let run, let why): "run \(run) cannot be resumed: \(why)"
    case .notAlive(let run, let state): "run \(run) is \(state): there is no worker to take the command"
    case .worker(let message): message
    }
  }

  private func mebibytes(_ bytes: Int) -> String { "\((bytes + 1_048_575) / 1_048_576) MiB" }
}
