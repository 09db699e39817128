import Foundation
import ProjectStore

/// The whole thing on the data that comes with the program: two runs on one model, one on factual and one on
/// conceptual pairs, equally many.
public struct Demo: Sendable {
  public static let model = "smollm2-135m"
  public static let categories = [QAPair.Category.factual, .conceptual]

  /// Pairs for each run: as many as in "60 Data Points are Sufficient …" (arXiv 2409.15825).
  public static let pairs = 60

  /// Where the demo's project is when nobody says: with the user's data, not in whatever folder is current.
  public static var defaultFolder: URL {
    UserHome.folder("XDG_DATA_HOME", orAtHome: ".local/share", ProcessInfo.processInfo.environment)
      .appendingPathComponent("demo", isDirectory: true)
  }

  /// Half of the cores for each run: they work beside each other and do not wait for one another.
  public static var settings: TrainingSettings {
    var settings = TrainingSettings()
    settings.learningRate = 1e-3
    settings.epochs = 2
    settings.batchSize = 4
    settings.evalEvery = 10
    settings.checkpointEvery = 10
    settings.threads = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
    return settings
  }

  public let store: ProjectStore

  public init(folder: URL) throws {
    store = try ProjectStore.open(projectFolder: folder, create: true)
    try store.importPairs(PairFile.sample.pairs)
  }

  /// Checks and starts both runs.
  public func start(
    model: String = Demo.model, pairs: Int = Demo.pairs, settings: TrainingSettings = Demo.settings
  ) throws -> [Run] {
    let runs = try Self.categories.map { category in
      try RunPreparation(
        name: "\(category.rawValue)-\(pairs)", model: model, template: nil,
        filter: ["category=\(category.rawValue)"],
        limit: pairs, settings: settings
      ).createRun(in: store)
    }
    for run in runs { try RunControl.start(run.id, store: store) }
    return runs
  }
}
