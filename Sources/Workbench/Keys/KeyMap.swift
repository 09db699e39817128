import Foundation
import Jobs
import TOMLKit
import TerminalUI

/// The keys in force: the program's, or the user's from `keys.toml`.
///
///     "runs.pause" = ["p", "f5"]
///     chart.zoom-in = "i"
///     "theme.next" = []
///
/// A line gives an action its keys, all of them; without keys it is still in the palette. A file with anything wrong in
/// it changes nothing.
public struct KeyMap: Sendable {
  /// What is wrong in the file, and where.
  public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int?
    public var text: String

    /// One line: `/home/ada/.config/assay/keys.toml:3: …`.
    public var description: String { "\(line.map { "\(file):\($0)" } ?? file): \(text)" }

    /// For a narrow place: `keys.toml:3: …`.
    var short: String {
      var problem = self
      problem.file = URL(fileURLWithPath: file).lastPathComponent
      return problem.description
    }
  }

  public let file: URL
  public let table: KeyTable
  /// In the order of the lines.
  public let problems: [Problem]

  /// Actions without which one is lost; each screen has a key for them.
  static let essentials: [Action] = [.quit, .help, .palette, .leave]

  /// Reads `keys.toml` among the user's files; it need not exist.
  public init(configuration: URL = UserFolder.configuration) {
    file = configuration.appendingPathComponent("keys.toml")
    guard FileManager.default.fileExists(atPath: file.path) else {
      table = Action.keyTable
      problems = []
      return
    }
    do throws(SettingsFileError) {
      let text = try SettingsFile.text(of: file)
      (table, problems) = Self.read(text, file: file.path)
    } catch {
      let reason = if case .unreadable(_, let reason) = error { reason } else { "\(error)" }
      table = Action.keyTable
      problems = [Problem(file: file.path, line: nil, text: reason)]
    }
  }

  /// - Parameter file: how problems name the text's origin.
  static func read(_ text: String, file: String) -> (table: KeyTable, problems: [Problem]) {
    let document: TOMLTable
    do {
      document = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      let problem = Problem(file: file, line: error.source.begin.line, text: error.description)
      return (Action.keyTable, [problem])
    } catch {
      return (Action.keyTable, [Problem(file: file, line: nil, text: "\(error)")])
    }
    var reader = KeyMapReader(file: file, lines: TOMLLines(text))
    reader.read(document, under: "")
    reader.checkMeanings()
    guard reader.problems.isEmpty else {
      return (Action.keyTable, reader.problems.sorted { ($0.line ?? 0, $0.text) < ($1.line ?? 0, $1.text) })
    }
    return (reader.table, [])
  }
}

/// Takes the lines of a key map into a table and notes what is wrong.
private struct KeyMapReader {
  let file: String
  let lines: TOMLLines
  private(set) var table = Action.keyTable
  private(set) var problems: [KeyMap.Problem] = []
  /// Actions that the file speaks of.
  private var named: Set<String> = []

  init(file: String, lines: TOMLLines) {
    self.file = file
    self.lines = lines
  }

  private mutating func complain(_ text: String, about name: String) {
    problems.append(KeyMap.Problem(file: file, line: lines.line(of: name), text: text))
  }

  /// `runs.pause` is an action, whether it is written so, in quotes, or under `[runs]`.
  mutating func read(_ document: TOMLTable, under prefix: String) {
    for key in document.keys {
      let name = prefix.isEmpty ? key : "\(prefix).\(key)"
      if let inner = document[key]?.table {
        read(inner, under: name)
      } else {
        bind(name, document[key])
      }
    }
  }

  private mutating func bind(_ name: String, _ value: (any TOMLValueConvertible)?) {
    guard Action(rawValue: name) != nil else {
      let nearest = nearestName(to: name, among: Action.allCases.map(\.rawValue))
      let hint = nearest.map { "did you mean \($0)?" } ?? "assay keys lists them"
      return complain("there is no action \(name); \(hint)", about: name)
    }
    named.insert(name)
    let words: [String?]
    if let word = value?.string {
      words = [word]
    } else if let array = value?.array {
      words = (0..<array.count).map { array[$0].string }
    } else {
      words = [nil]
    }
    var keys: [Key] = []
    for word in words {
      guard let word else {
        return complain("\(name) takes a key or a list of keys, in quotes", about: name)
      }
      guard let key = Key(word) else {
        return complain(
          "there is no key “\(word)” for \(name); keys are a, A, ?, ^a, F5, space, enter, pgup …", about: name
        )
      }
      if let problem = key.problem { return complain("\(name) cannot be on \(key): \(problem)", about: name) }
      if !keys.contains(key) { keys.append(key) }
    }
    table = table.rebinding(name, to: keys)
  }

  /// On every screen a key has one meaning, and there are keys for what must not be lost.
  mutating func checkMeanings() {
    // Conflicts as they read, and the actions in them, whose lack of keys needs no words of its own.
    var told: Set<String> = []
    for screen in WorkbenchState.Screen.allCases {
      let known = Set(Action.keyTable.conflicts(in: screen.sections))
      for conflict in table.conflicts(in: screen.sections)
      where !known.contains(conflict) && told.insert("\(conflict)").inserted {
        told.formUnion([conflict.first, conflict.second])
        let later = [conflict.second, conflict.first].filter(named.contains)
          .max { lines.line(of: $0) ?? 0 < lines.line(of: $1) ?? 0 }
        complain("\(conflict); give one of them another key", about: later ?? conflict.second)
      }
      for action in KeyMap.essentials
      where table.keys(of: action.rawValue, in: screen.sections).isEmpty
        && told.insert(action.rawValue).inserted
      {
        complain("\(action.rawValue) needs a key", about: action.rawValue)
      }
    }
  }
}
