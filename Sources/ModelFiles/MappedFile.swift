import Foundation

/// A regular file, mapped into memory: reading a range touches only its pages, and reads may run in parallel.
struct MappedFile: Sendable {
  let path: String
  let bytes: Data

  var count: Int { bytes.count }

  /// - Parameter limit: the most bytes accepted.
  /// - Throws: `ModelFileError` when there is no such regular file, it cannot be read, is too large, or is a Git
  ///   LFS pointer.
  init(path: String, upTo limit: Int = .max) throws {
    let attributes: [FileAttributeKey: Any]
    do {
      let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      attributes = try FileManager.default.attributesOfItem(atPath: resolved)
    } catch {
      throw ModelFileError.inaccessible(path: path, reason: "no such file")
    }
    let type = attributes[.type] as? FileAttributeType
    guard type == .typeRegular else {
      let reason =
        switch type {
        case .typeDirectory: "this is a folder, not a file"
        case .typeSymbolicLink: "a symbolic link that leads nowhere"
        default: "not a regular file"
        }
      throw ModelFileError.inaccessible(path: path, reason: reason)
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= limit else {
      throw ModelFileError.malformed(
        path: path, field: "size", problem: "\(size) bytes is more than the \(limit) allowed")
    }
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw ModelFileError.inaccessible(path: path, reason: "cannot be read (is reading permitted?)")
    }
    self.path = path
    if bytes.starts(with: Data("version https://git-lfs".utf8)) {
      throw ModelFileError.gitLFSPointer(path: path)
    }
  }
}

extension Data {
  /// The bytes of a regular file, mapped: no pipe is waited for, and no device read without end.
  ///
  /// - Parameter limit: the most bytes accepted.
  /// - Throws: `ModelFileError`.
  public init(regularFile path: String, upTo limit: Int) throws {
    self = try MappedFile(path: path, upTo: limit).bytes
  }
}
