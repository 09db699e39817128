import Foundation

/// Files that people write settings in.
public enum SettingsFile {
  /// More than any settings file has; a larger one is something else.
  static let maximumSize = 1 << 20

  /// The text of one.
  ///
  /// - Throws: ``SettingsFileError/unreadable(file:reason:)``.
  public static func text(of file: URL) throws(SettingsFileError) -> String {
    func unreadable(_ reason: String) -> SettingsFileError { .unreadable(file: file.path, reason: reason) }
    let resolved = file.resolvingSymlinksInPath().path
    let type = (try? FileManager.default.attributesOfItem(atPath: resolved))?[.type] as? FileAttributeType
    // A pipe would be waited for, a device need not end.
    guard type == .typeRegular else { throw unreadable("it is not a regular file") }
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      data = try handle.read(upToCount: maximumSize + 1) ?? Data()
    } catch {
      throw unreadable(error.localizedDescription)
    }
    guard data.count <= maximumSize else { throw unreadable("it is larger than 1 MiB") }
    guard let text = String(validating: data, as: UTF8.self) else { throw unreadable("it is not UTF-8 text") }
    // The parser would end the text there, and leave out the settings behind it.
    guard !data.contains(0) else { throw unreadable("it holds a NUL byte") }
    return text
  }
}
