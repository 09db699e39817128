/// The training runs under some paths, found once and followed from then on. Nothing is ever written there.
///
/// ```swift
/// var logs = FollowedLogs(paths: ["outputs"])
/// logs.discover()
/// while logs.read(upTo: 8 << 20) {}
/// for run in logs.runs { print(run.name, run["train_loss"]?.summary.count ?? 0) }
/// ```
public struct FollowedLogs: Sendable {
  public let paths: [String]
  /// The folders in which something may happen.
  public private(set) var folders: [String] = []
  /// What could not be read.
  public private(set) var problems: [LogFileError] = []

  /// Grows when a file says something else than before.
  public private(set) var revision = 0
  /// Whether changes of all files can be heard of in the folders that they are in.
  public var isAudible: Bool { !order.contains(where: \.isLink) }

  private var files: [String: LogFile] = [:]
  /// In the order of their finding.
  private var order: [LogDiscovery.Candidate] = []

  public init(paths: [String]) {
    self.paths = paths
  }

  /// Looks for files. Those that are known and gone stay, with what they said.
  public mutating func discover() {
    let discovery = LogDiscovery(paths: paths)
    folders = discovery.folders
    problems = discovery.problems
    for candidate in discovery.candidates where files[candidate.path] == nil {
      files[candidate.path] = LogFile(path: candidate.path)
      order.append(candidate)
      revision += 1
    }
  }

  /// Reads what is new in the files.
  ///
  /// - Parameters:
  ///   - budget: about as many bytes of each file at most.
  ///   - changed: the files that may have changed, as their folders tell (``LogDiscovery/Candidate/pathInFolder``); nil
  ///     for all.
  /// - Returns: whether there is more to read.
  @discardableResult
  public mutating func read(upTo budget: Int = .max, changed: Set<String>? = nil) -> Bool {
    var isMore = false
    for candidate in order where changed?.contains(candidate.pathInFolder) ?? true {
      guard var file = files.removeValue(forKey: candidate.path) else { continue }
      if file.read(upTo: budget) { revision += 1 }
      if file.hasMore { isMore = true }
      files[candidate.path] = file
    }
    return isMore
  }

  /// The files whose last reading stopped at its budget, as their folders tell of them.
  public var unread: Set<String> {
    Set(order.filter { files[$0.path]?.hasMore ?? false }.map(\.pathInFolder))
  }

  /// The runs that the logs tell of, and a run without format and series for each file that is none though its name,
  /// or the user, says that it is.
  public var runs: [FollowedRun] {
    let shown = order.compactMap { candidate -> LogFile? in
      guard let file = files[candidate.path] else { return nil }
      return file.format != nil || candidate.isExplicit || LogRecognition.isExpected(file.name) ? file : nil
    }
    return RunGrouping.runs(of: shown)
  }

  /// Files that were looked at and are no logs.
  public var otherFileCount: Int { files.values.count { $0.format == nil } }
}
