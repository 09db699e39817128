import Foundation
import QAData

/// The files under some paths that may be documents, in a steady order.
public struct DocumentFiles {
  /// Folders with nothing written by people in them.
  private static let skippedFolders: Set<String> = [
    "node_modules", "__pycache__", "build", "dist", "target", "venv",
  ]

  public private(set) var paths: [String] = []
  public private(set) var problems: [DocumentError] = []

  /// Folders are walked, without what is hidden; links are not followed.
  public init(_ roots: [String]) {
    for root in roots { add(root, isNamed: true) }
  }

  private mutating func add(_ path: String, isNamed: Bool) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      problems.append(DocumentError(path: path, reason: "there is no such file"))
      return
    }
    guard isFolder.boolValue else {
      paths.append(path)
      return
    }
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
        guard !name.hasPrefix("."), !Self.skippedFolders.contains(name) else { continue }
        let child = path.hasSuffix("/") ? path + name : path + "/" + name
        let type = try? FileManager.default.attributesOfItem(atPath: child)[.type] as? FileAttributeType
        if type == .typeDirectory || type == .typeRegular { add(child, isNamed: false) }
      }
    } catch {
      problems.append(DocumentError(path: path, reason: "the folder cannot be read"))
    }
  }
}
