import CEmbeddedFiles
import Foundation
import TOMLKit

/// What is wrong with a theme file, and where.
public enum ThemeError: Error, Hashable, Sendable, CustomStringConvertible, LocalizedError {
  case unreadable(file: String, reason: String)
  case syntax(file: String, line: Int, message: String)
  case unknownKey(file: String, line: Int?, key: String, expected: String)
  case wrongValue(file: String, line: Int?, key: String, found: String, expected: String)
  case missingKey(file: String, key: String)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason): return "\(file): \(reason)"
    case .syntax(let file, let line, let message): return "\(file):\(line): \(message)"
    case .unknownKey(let file, let line, let key, let expected):
      return "\(Self.place(file, line)): there is no \(key) in a theme; expected \(expected)"
    case .wrongValue(let file, let line, let key, let found, let expected):
      return "\(Self.place(file, line)): \(key) is \(found); expected \(expected)"
    case .missingKey(let file, let key): return "\(file): \(key) is missing"
    }
  }

  public var errorDescription: String? { description }

  /// Whether it is about the file `NAME.toml`.
  public func isOf(_ name: String) -> Bool { fileName == "\(name).toml" }

  /// For a narrow place: `sea.toml:3: …`.
  public var short: String { description.replacing(file, with: fileName, maxReplacements: 1) }

  private var fileName: String { URL(fileURLWithPath: file).lastPathComponent }

  private var file: String {
    switch self {
    case .unreadable(let file, _), .syntax(let file, _, _), .unknownKey(let file, _, _, _),
      .wrongValue(let file, _, _, _, _), .missingKey(let file, _):
      file
    }
  }

  private static func place(_ file: String, _ line: Int?) -> String { line.map { "\(file):\($0)" } ?? file }
}

extension Theme {
  /// The themes that come with the program, from the files in `themes/`, which are part of the executable.
  public static let builtIn: [Theme] = {
    let texts = (0...).lazy.map { embedded_theme($0).map { String(cString: $0) } }.prefix { $0 != nil }
    return texts.compactMap(\.self).map { text in
      do {
        return try Theme(toml: text, file: "themes")
      } catch {
        preconditionFailure("\(error)")  // a test reads each of them
      }
    }
  }()

  public static var dark: Theme { builtIn[0] }
  public static var light: Theme { builtIn[1] }

  /// Reads a theme file. Throws `ThemeError`.
  public init(contentsOf url: URL) throws {
    let text: String
    do {
      text = try String(contentsOf: url, encoding: .utf8)
    } catch {
      throw ThemeError.unreadable(file: url.path, reason: error.localizedDescription)
    }
    try self.init(toml: text, file: url.path)
  }

  /// Reads a theme from TOML; `file` is for messages. Throws `ThemeError`.
  public init(toml text: String, file: String) throws {
    try self.init(reader: ThemeReader(text: text, file: file))
  }

  private init(reader: ThemeReader) throws {
    let table = try reader.parse()
    try reader.checkKeys(of: table, path: [], allowed: ["name", "glyphs", "roles"])
    guard let name = try reader.string(table, "name", path: []) else {
      throw ThemeError.missingKey(file: reader.file, key: "name")
    }
    let choice = try reader.string(table, "glyphs", path: []) ?? GlyphChoice.unicode.rawValue
    guard let glyphs = GlyphChoice(rawValue: choice) else {
      throw reader.wrong(
        ["glyphs"], found: "\"\(choice)\"",
        expected: GlyphChoice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    guard let roles = table["roles"]?.table else {
      throw ThemeError.missingKey(file: reader.file, key: "roles")
    }
    try reader.checkKeys(of: roles, path: ["roles"], allowed: Role.allCases.map(\.rawValue))
    var looks: [Role: Look] = [:]
    for role in Role.allCases where roles.contains(key: role.rawValue) {
      looks[role] = try reader.look(roles, role.rawValue)
    }
    self.init(name: name, glyphs: glyphs, looks: looks)
  }
}

/// Reads the values of a theme file and knows the line of each key.
private struct ThemeReader {
  let text: String
  let file: String

  func parse() throws -> TOMLTable {
    do {
      return try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ThemeError.syntax(file: file, line: error.source.begin.line, message: error.description)
    } catch {
      throw ThemeError.unreadable(file: file, reason: String(describing: error))
    }
  }

  func look(_ roles: TOMLTable, _ role: String) throws -> Theme.Look {
    let path = ["roles", role]
    guard let table = roles[role]?.table else {
      guard let foreground = try colour(roles, role, path: ["roles"]) else {
        throw wrong(path, found: "of another type", expected: "a colour or a table")
      }
      return Theme.Look(foreground: foreground)
    }
    let flags: [(String, TextAttributes)] = [
      ("bold", .bold), ("dim", .dim), ("reverse", .reverse), ("underline", .underline),
    ]
    let colours = ["foreground", "background", "ansi", "ansi-background"]
    try checkKeys(of: table, path: path, allowed: colours + flags.map(\.0) + ["mono"])

    var look = Theme.Look()
    look.foreground = try colour(table, "foreground", path: path) ?? .terminal
    look.background = try colour(table, "background", path: path)
    look.ansiForeground = try colour(table, "ansi", path: path)
    look.ansiBackground = try colour(table, "ansi-background", path: path)
    for (name, attribute) in flags where table.contains(key: name) {
      guard let isOn = table[name]?.bool else {
        throw wrong(path + [name], found: "of another type", expected: "true or false")
      }
      if isOn { look.attributes.insert(attribute) }
    }
    if table.contains(key: "mono") {
      let expected = "an array of \"bold\", \"dim\", \"reverse\", \"underline\""
      guard let array = table["mono"]?.array else {
        throw wrong(path + ["mono"], found: "of another type", expected: expected)
      }
      for index in 0..<array.count {
        guard let name = array[index].string, let flag = flags.first(where: { $0.0 == name }) else {
          throw wrong(path + ["mono"], found: array[index].debugDescription, expected: expected)
        }
        look.monoAttributes.insert(flag.1)
      }
    }
    return look
  }

  func colour(_ table: TOMLTable, _ key: String, path: [String]) throws -> Colour? {
    guard table.contains(key: key) else { return nil }
    let expected = "\"default\", an ANSI colour, 0…255 or \"#rrggbb\""
    if let index = table[key]?.int {
      guard let byte = UInt8(exactly: index) else {
        throw wrong(path + [key], found: String(index), expected: expected)
      }
      return .indexed(byte)
    }
    guard let name = table[key]?.string else {
      throw wrong(path + [key], found: "of another type", expected: expected)
    }
    guard let colour = Colour(name) else {
      throw wrong(path + [key], found: "\"\(name)\"", expected: expected)
    }
    return colour
  }

  func string(_ table: TOMLTable, _ key: String, path: [String]) throws -> String? {
    guard table.contains(key: key) else { return nil }
    guard let value = table[key]?.string else {
      throw wrong(path + [key], found: "of another type", expected: "a string")
    }
    return value
  }

  func checkKeys(of table: TOMLTable, path: [String], allowed: [String]) throws {
    for key in table.keys.sorted() where !allowed.contains(key) {
      let full = path + [key]
      throw ThemeError.unknownKey(
        file: file, line: line(of: full), key: full.joined(separator: "."),
        expected: allowed.joined(separator: ", "))
    }
  }

  func wrong(_ path: [String], found: String, expected: String) -> ThemeError {
    .wrongValue(
      file: file, line: line(of: path), key: path.joined(separator: "."), found: found, expected: expected)
  }

  /// The line that a key stands in. The parser keeps positions of syntax errors only, so the text is searched for
  /// the innermost part of the path that begins a line or a table.
  private func line(of path: [String]) -> Int? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
    }
    var start = 0
    if path.count > 1, let header = lines.firstIndex(where: { $0.hasPrefix("[\(path[0])") }) {
      start = header + 1
    }
    for depth in path.indices.reversed() {
      let header = path[...depth].joined(separator: ".")
      let found = lines[start...].firstIndex { line in
        let rest = line.hasPrefix(path[depth]) ? line.dropFirst(path[depth].count) : nil
        let isKey = rest?.drop { $0 == " " || $0 == "\t" || $0 == "\"" }.first == "="
        return isKey || line.hasPrefix("[\(header)]")
      }
      if let found { return found + 1 }
    }
    return nil
  }
}
