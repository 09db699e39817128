import Foundation

/// Finds the files under some paths that may be logs: the paths themselves, and all that is in folders, but for hidden
/// files and folders.
public struct LogDiscovery: Sendable {
  public struct Candidate: Equatable, Sendable {
    public var path: String
    /// Named by the user, and not just found.
    public var isExplicit: Bool
    /// The one of ``LogDiscovery/folders`` that it is in.
    public var folder: String
    /// Whether it is a symbolic link: the folder then hears nothing of its target.
    public var isLink: Bool

    /// As who listens to the folder hears of it.
    public var pathInFolder: String { Path.join(folder, Path.name(path)) }
  }

  /// Deeper folders are not entered.
  public static let maximumDepth = 16
  /// More files than any output folder has.
  public static let maximumFiles = 50_000

  public private(set) var candidates: [Candidate] = []
  /// The folders that were listed, and those that hold the files named by the user.
  public private(set) var folders: [String] = []
  /// What could not be read, and what was left out.
  public private(set) var problems: [LogFileError] = []

  private var seenFiles: Set<FileIdentity> = []
  private var seenFolders: Set<FileIdentity> = []
  private let list: @Sendable (String) throws -> [String]

  /// - Parameter list: the names in a folder, in any order.
  public init(
    paths: [String],
    list: @escaping @Sendable (String) throws -> [String] = {
      try FileManager.default.contentsOfDirectory(atPath: $0)
    }
  ) {
    self.list = list
    for path in paths { look(at: path) }
  }

  private mutating func look(at path: String) {
    do {
      let facts = try FileFacts(path: path)
      switch facts.kind {
      case .folder: walk(path)
      case .regular:
        let folder = Path.folder(path)
        if seenFiles.insert(facts.identity).inserted {
          candidates.append(
            Candidate(path: path, isExplicit: true, folder: folder, isLink: FileFacts.isLink(path)))
        }
        if !folders.contains(folder) { folders.append(folder) }
      case .other: problems.append(LogFileError(path: path, reason: "neither a file nor a folder"))
      }
    } catch {
      problems.append(error as? LogFileError ?? LogFileError(path: path, reason: "\(error)"))
    }
  }

  /// Breadth is in the order of names, depth first; each folder once, so that loops of symbolic links end.
  private mutating func walk(_ root: String) {
    var stack = [(path: root, depth: 0)]
    while let (path, depth) = stack.popLast() {
      guard let facts = try? FileFacts(path: path), seenFolders.insert(facts.identity).inserted else {
        continue
      }
      let names: [String]
      do {
        names = try list(path).filter { !$0.hasPrefix(".") }.sorted()
      } catch {
        problems.append(LogFileError(path: path, reason: "the folder cannot be read"))
        continue
      }
      folders.append(path)
      var inner: [(String, Int)] = []
      // A link, such as W&B's `latest-run`, gives its place to what it leads to.
      let children = names.map { Path.join(path, $0) }.map { (path: $0, isLink: FileFacts.isLink($0)) }
      for (child, isLink) in children.filter({ !$0.isLink }) + children.filter(\.isLink) {
        // A link that leads nowhere, or a file that has just been removed.
        guard let facts = try? FileFacts(path: child) else { continue }
        switch facts.kind {
        case .folder: inner.append((child, depth + 1))
        case .regular:
          guard seenFiles.insert(facts.identity).inserted else { continue }
          guard candidates.count < Self.maximumFiles else {
            problems.append(
              LogFileError(path: root, reason: "more than \(Self.maximumFiles) files: the rest is left out"))
            return
          }
          candidates.append(
            Candidate(path: child, isExplicit: false, folder: path, isLink: isLink))
        case .other: continue
        }
      }
      if depth < Self.maximumDepth {
        stack += inner.reversed()
      } else if !inner.isEmpty {
        problems.append(
          LogFileError(path: path, reason: "folders deeper than \(Self.maximumDepth) are not entered"))
      }
    }
  }
}
