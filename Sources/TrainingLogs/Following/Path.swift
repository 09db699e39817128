/// Paths as texts: nothing is asked of the file system.
enum Path {
  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  static func folder(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// `checkpoint-1000`, as the Trainer calls its folders.
  static func isCheckpoint(_ folder: String) -> Bool {
    let name = name(folder)
    return name.hasPrefix("checkpoint-") && name.dropFirst(11).allSatisfy(\.isNumber)
  }

  static func relative(_ path: String, to folder: String) -> String {
    path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
  }
}
