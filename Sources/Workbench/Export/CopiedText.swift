import Foundation
import ModelFiles
import TerminalUI

/// What was copied last, kept in a file: not every terminal takes a clipboard over ssh, and none says so.
enum CopiedText {
  static var file: URL { UserFolder.state.appendingPathComponent("copied.txt") }

  /// - Returns: the file's path.
  static func keep(_ text: String) throws -> String {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try AtomicReplacement.file(at: file, content: Data((text + "\n").utf8))
    return file.path
  }
}

extension WorkbenchState {
  /// Writes the curves that are shown into a new file.
  ///
  /// - Returns: the file's path.
  func writeExport(_ name: String, in folder: URL) throws -> String {
    guard let format = ChartFile(fileName: name) else { throw ChartFileError.unknownEnding(name) }
    let path = (name as NSString).expandingTildeInPath
    let file = path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path)
    guard !FileManager.default.fileExists(atPath: file.path) else { throw ChartFileError.exists(file.path) }
    try AtomicReplacement.file(at: file.absoluteURL, content: Data(try exported(format).utf8))
    return file.path
  }
}
