import Foundation
import GRDB

/// One fine-tuning run: what was asked for, and the newest figures of it.
public struct Run: Identifiable, Equatable, Sendable {
  /// Short and readable, like `r7k2`; also the name of the run's folder.
  public typealias ID = String

  public let id: ID
  /// 1, 2, 3… in the order of creation; what a run's colour is chosen by.
  public let ordinal: Int
  public var name: String
  /// What the worker wrote last. Readers want ``ProjectStore/run(_:)``, which tells a crashed worker from a
  /// live one.
  public var state: RunState
  public let createdAt: Date
  public var startedAt: Date?
  public var finishedAt: Date?
  /// Everything needed to repeat the run, as JSON; the store does not look inside.
  public var recipeJSON: String
  public var modelName: String
  /// Optimiser steps done.
  public var step: Int
  public var totalSteps: Int?
  /// Mean loss per answer token, in nats; may be NaN.
  public var trainLoss: Double?
  public var evalLoss: Double?
  public var bestEvalLoss: Double?
  public var bestStep: Int?
  public var tokensPerSecond: Double?
  public var trainedTokens: Int
  public var learningRate: Double?
  /// Euclidean norm before clipping.
  public var gradientNorm: Double?
  public var residentBytes: Int?
  public var peakResidentBytes: Int?
  /// As ``ProjectStore/storedPath(_:)`` names it.
  public var adapterPath: String?
  /// From the launch of the worker to the end of its first step.
  public var firstStepSeconds: Double?
  /// 0 at first, and one more at every resume.
  public var segment: Int
  /// The worker's process while it lives.
  public var pid: Int32?
  /// One sentence on why the run is in its state.
  public var message: String?
  /// Changed by ``ProjectStore/edit(_:at:)`` only.
  public internal(set) var labels = RunLabels()
  /// When the run was deleted, if it can still come back.
  public internal(set) var deletedAt: Date?

  /// A run that no store knows, such as one that another tool's logs tell of.
  public init(
    id: ID, ordinal: Int, name: String, state: RunState, createdAt: Date, recipeJSON: String = "{}",
    modelName: String
  ) {
    self.id = id
    self.ordinal = ordinal
    self.name = name
    self.state = state
    self.createdAt = createdAt
    self.recipeJSON = recipeJSON
    self.modelName = modelName
    step = 0
    trainedTokens = 0
    segment = 0
  }
}

/// A stretch of a run between two starts of its worker.
public struct RunSegment: Equatable, Sendable {
  /// 1 for the first resume; segment 0 has no record.
  public let segment: Int
  /// The step of the checkpoint that the segment went on from.
  public let resumedStep: Int
  public let startedAt: Date

  public init(segment: Int, resumedStep: Int, startedAt: Date) {
    self.segment = segment
    self.resumedStep = resumedStep
    self.startedAt = startedAt
  }
}

extension [RunSegment] {
  /// Whether a later segment went on from before this point, and so did its step again.
  public func supersede(step: Int, segment: Int) -> Bool {
    contains { $0.segment > segment && step > $0.resumedStep }
  }
}

// MARK: - Columns

extension Run: FetchableRecord {
  public init(row: Row) throws {
    id = row["id"]
    ordinal = row["ordinal"]
    name = row["name"]
    state = RunState(rawValue: row["state"]) ?? .failed
    createdAt = row.date("created_at") ?? .distantPast
    startedAt = row.date("started_at")
    finishedAt = row.date("finished_at")
    recipeJSON = row["recipe"]
    modelName = row["model_name"]
    step = row["step"]
    totalSteps = row["total_steps"]
    trainLoss = row.real("train_loss")
    evalLoss = row.real("eval_loss")
    bestEvalLoss = row.real("best_eval_loss")
    bestStep = row["best_step"]
    tokensPerSecond = row.real("tokens_per_second")
    trainedTokens = row["trained_tokens"]
    learningRate = row.real("learning_rate")
    gradientNorm = row.real("gradient_norm")
    residentBytes = row["resident_bytes"]
    peakResidentBytes = row["peak_resident_bytes"]
    adapterPath = row["adapter_path"]
    firstStepSeconds = row.real("first_step_seconds")
    segment = row["segment"]
    pid = row["pid"]
    message = row["message"]
    labels = RunLabels(row)
    deletedAt = row.date("deleted_at")
  }
}

/// A run as its worker writes it: without the labels, so that neither overwrites what the other has changed.
extension Run: PersistableRecord {
  public static let databaseTableName = "run"

  public func encode(to container: inout PersistenceContainer) {
    container["id"] = id
    container["ordinal"] = ordinal
    container["name"] = name
    container["state"] = state.rawValue
    container["created_at"] = createdAt.timeIntervalSince1970
    container["started_at"] = startedAt?.timeIntervalSince1970
    container["finished_at"] = finishedAt?.timeIntervalSince1970
    container["recipe"] = recipeJSON
    container["model_name"] = modelName
    container["step"] = step
    container["total_steps"] = totalSteps
    container["train_loss"] = StoredReal.value(trainLoss)
    container["eval_loss"] = StoredReal.value(evalLoss)
    container["best_eval_loss"] = StoredReal.value(bestEvalLoss)
    container["best_step"] = bestStep
    container["tokens_per_second"] = StoredReal.value(tokensPerSecond)
    container["trained_tokens"] = trainedTokens
    container["learning_rate"] = StoredReal.value(learningRate)
    container["gradient_norm"] = StoredReal.value(gradientNorm)
    container["resident_bytes"] = residentBytes
    container["peak_resident_bytes"] = peakResidentBytes
    container["adapter_path"] = adapterPath
    container["first_step_seconds"] = StoredReal.value(firstStepSeconds)
    container["segment"] = segment
    container["pid"] = pid
    container["message"] = message
  }
}
