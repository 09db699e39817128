/// A training run as its logs show it.
public struct FollowedRun: Identifiable, Sendable {
  /// Stays the same while the run is followed, also when another of its files comes to be the source.
  public var id: String
  /// The file that it is read from; the first of several.
  public var source: String
  /// Files that are part of the run, or copies of it.
  public var otherSources: [String] = []
  /// Nil for a file that is no training log.
  public var format: LogFormat?
  public var name: String
  /// How long it is going to be, where its log says so.
  public var totalSteps: Int?
  /// Its settings, where its log has them: values are JSON texts.
  public var configuration: [String: String] = [:]
  /// In the order of their appearance.
  public var series: [LogSeries] = []
  /// What one should know when looking at it.
  public var warnings: [String] = []
  /// How much of its files was read, 0…1: large ones are read piece by piece.
  public var readShare = 1.0
  /// What is to be expected of a log whose writer is not done: its last line lacks an end, or it is still empty.
  public var unfinished: String?

  /// A series by Assay's name.
  public subscript(name: String) -> LogSeries? {
    series.first { $0.name == name }
  }

  /// - Parameter format: nil for what is no training log.
  public init(id: String, source: String, format: LogFormat? = nil, name: String, warnings: [String] = []) {
    self.id = id
    self.source = source
    self.format = format
    self.name = name
    self.warnings = warnings
  }
}
