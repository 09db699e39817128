import Foundation

@testable import TrainingLogs

/// A folder that lives as long as the object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func path(_ name: String) -> String { path + "/" + name }

  /// Writes a file into the same inode, or a new one; folders in its name are made.
  @discardableResult
  func write(_ name: String, _ content: [UInt8]) throws -> String {
    let folder = (path(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(content).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  @discardableResult
  func write(_ name: String, _ content: String) throws -> String { try write(name, Array(content.utf8)) }

  func append(_ name: String, _ content: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(content))
    try handle.close()
  }

  func append(_ name: String, _ content: String) throws { try append(name, Array(content.utf8)) }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// Another file takes the place of one, as log rotation does.
  func replace(_ name: String, _ content: String) throws {
    try write(name + ".new", content)
    guard rename(path(name + ".new"), path(name)) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  /// The runs of the folder, as a first look finds them.
  func runs() -> [FollowedRun] {
    var logs = FollowedLogs(paths: [path])
    logs.discover()
    logs.read()
    return logs.runs
  }
}

extension LogFile {
  /// A file of this content, read once.
  static func reading(_ content: [UInt8], name: String = "log", in folder: TemporaryFolder) throws -> LogFile
  {
    var file = LogFile(path: try folder.write(name, content))
    file.read()
    return file
  }

  static func reading(_ content: String, name: String = "log", in folder: TemporaryFolder) throws -> LogFile {
    try reading(Array(content.utf8), name: name, in: folder)
  }

  subscript(name: String) -> LogSeries? { curves[name] }
}

extension LogSeries {
  var steps: [Int] { points.map(\.step) }
  var values: [Double] { points.map(\.value) }
}
