/// On which lines the sections and keys of a TOML text stand, for error messages: the parser knows it only
/// for errors of its own.
///
/// Reads what settings files have — `[section]`, `key = …`, `section.key = …`, strings over several lines —
/// and answers nil for the rest.
public struct TOMLLines {
  private var lines: [String: Int] = [:]

  public init(_ text: String) {
    var section = ""
    var openString: String?
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      defer {
        for quotes in ["\"\"\"", "'''"] where openString == nil || openString == quotes {
          if line.ranges(of: quotes).count % 2 == 1 { openString = openString == nil ? quotes : nil }
        }
      }
      guard openString == nil else { continue }
      let statement = line.drop(while: \.isWhitespace)
      if statement.hasPrefix("[") {
        guard let end = statement.firstIndex(of: "]") else { continue }
        section = Self.plain(statement[..<end].drop { $0 == "[" })
        note(section, index)
      } else if !statement.hasPrefix("#"), let sign = statement.firstIndex(of: "=") {
        let key = Self.plain(statement[..<sign])
        note(section.isEmpty ? key : "\(section).\(key)", index)
        if section.isEmpty, let dot = key.firstIndex(of: ".") { note(String(key[..<dot]), index) }
      }
    }
  }

  /// From 1.
  public func line(of key: String, in section: String? = nil) -> Int? {
    lines[section.map { "\($0).\(key)" } ?? key] ?? section.flatMap { lines[$0] }
  }

  private mutating func note(_ path: String, _ index: Int) {
    if lines[path] == nil { lines[path] = index + 1 }
  }

  /// Without blanks and quotes.
  private static func plain(_ path: Substring) -> String {
    String(path.filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" })
  }
}
