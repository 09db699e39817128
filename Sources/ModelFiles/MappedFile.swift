import Foundation

/// A regular file, mapped into memory: reading a range touches only its pages, and reads may run in parallel.
struct MappedFile: Sendable {
  let path: String
  let bytes: Data

  var count: Int { bytes.count }

  /// - Throws: `ModelFileError` when there is no such regular file, it cannot be read, or it is a Git LFS
  ///   pointer.
  init(path: String) throws {
    let type: FileAttributeType?
    do {
      let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      type = try FileManager.default.attributesOfItem(atPath: resolved)[.type] as? FileAttributeType
    } catch {
      throw ModelFileError.inaccessible(path: path, reason: "no such file")
    }
    guard type == .typeRegular else {
      throw ModelFileError.inaccessible(
        path: path, reason: type == .typeDirectory ? "this is a folder, not a file" : "not a regular file")
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
