import Foundation
import TOMLKit

/// What `assay.toml` says. Every setting has a default, so an empty file is a good one.
public struct ProjectSettings: Equatable, Sendable {
  /// `[project] name`; empty: the name of the folder.
  public var name = ""
  /// `[model] name`: a known model, or a path.
  public var modelName = "smollm2-135m"
  /// `[training]`: what a new run begins with.
  public var training = TrainingSettings()
  /// `[workbench] theme`
  public var theme = "dark"
  /// `[workbench] smoothing`: weight of the past in the train loss's moving average.
  public var smoothing = 0.9
  /// `[alerts]`
  public var alerts = AlertSettings()

  /// `[workbench] mouse`: whether the workbench listens to the mouse from the beginning.
  public var mouse = false

  public init() {}

  /// A section's own fields; those of `[training]` are ``TrainingSettings/fields``.
  static let sections: [(name: String, fields: [SettingField<ProjectSettings>])] = [
    ("project", [.text("name", "Name", \.name, "What the screens call the project.")]),
    ("model", [.text("name", "Model", \.modelName, "A known model, a folder or a GGUF file.")]),
    (
      "workbench",
      [
        .text("theme", "Theme", \.theme, "The name of a file in themes, without its ending."),
        .number(
          "smoothing", "Smoothing", \.smoothing, from: 0, to: 0.999,
          "Weight of the past in the train loss's moving average; 0 shows the raw values only."),
        .flag("mouse", "Mouse", \.mouse, "Listen to the mouse from the beginning; m switches it."),
      ]
    ),
    (
      "alerts",
      [
        .flag("bell", "Bell", \.alerts.bell, "Ring the terminal's bell for a new alert."),
        .text(
          "command", "Command", \.alerts.command,
          "Run by /bin/sh for each alert, which stands in ASSAY_ALERT, ASSAY_RUN, …; empty for none."),
      ]
    ),
  ]
}

// MARK: - Reading

/// What is wrong in a settings file, and where.
public enum SettingsFileError: Error, Equatable, Sendable {
  case unreadable(file: String, reason: String)
  case syntax(file: String, line: Int, column: Int, reason: String)
  case unknownSection(file: String, line: Int?, section: String, nearest: String?)
  /// `option` as section.key
  case unknownOption(file: String, line: Int?, option: String, nearest: String?)
  /// `option` as section.key
  case badValue(file: String, line: Int?, option: String, value: String, allowed: String)
  /// An option, as section.key, that only the user's own settings may have.
  case usersOnly(file: String, line: Int?, option: String)
}

extension ProjectSettings {
  /// Reads a project's `assay.toml`; one that does not exist means the defaults.
  ///
  /// - Throws: ``SettingsFileError``. Nothing is guessed: an unknown option is an error.
  public init(file: URL) throws {
    self.init()
    try read(file)
  }

  /// Takes over what a file says, if there is one.
  ///
  /// - Parameter sections: those that the user's own file may have; without them it is a project's.
  mutating func read(_ file: URL, sections: [String]? = nil) throws {
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    try read(toml: SettingsFile.text(of: file), file: file.path, sections: sections)
  }

  /// - Parameter file: how errors name the text's origin.
  init(toml text: String, file: String) throws {
    self.init()
    try read(toml: text, file: file)
  }

  private mutating func read(toml text: String, file: String, sections: [String]? = nil) throws {
    let document: TOMLTable
    do {
      document = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw SettingsFileError.syntax(
        file: file, line: error.source.begin.line, column: error.source.begin.column,
        reason: error.description)
    }
    let lines = TOMLLines(text)
    let sectionNames = sections ?? Self.sections.map(\.name) + ["training"]

    // In the order of the lines, so that the first error reported is the first one seen by the reader.
    for section in document.keys.sorted(by: { lines.line(of: $0) ?? 0 < lines.line(of: $1) ?? 0 }) {
      if sectionNames.contains(section), let value = document[section], value.table == nil {
        throw SettingsFileError.badValue(
          file: file, line: lines.line(of: section), option: section, value: "\(SettingValue(value))",
          allowed: "a section [\(section)]")
      }
      guard sectionNames.contains(section), let table = document[section]?.table else {
        throw SettingsFileError.unknownSection(
          file: file, line: lines.line(of: section), section: section,
          nearest: sections.map { nearestName(to: section, among: $0) } ?? Self.nearestSection(to: section))
      }
      for key in table.keys.sorted(by: {
        lines.line(of: $0, in: section) ?? 0 < lines.line(of: $1, in: section) ?? 0
      }) {
        let line = lines.line(of: key, in: section)
        let value = SettingValue(table[key])
        // A project may be someone else's, and what it says is not to be run.
        if sections == nil, section == "alerts", key == "command" {
          throw SettingsFileError.usersOnly(file: file, line: line, option: "\(section).\(key)")
        }
        do {
          if section == "training" {
            try TrainingSettings.field(key).set(value, in: &training)
          } else {
            let fields = Self.sections.first { $0.name == section }?.fields ?? []
            guard let field = fields.first(where: { $0.name == key }) else {
              throw SettingError.unknownField(
                field: key, nearest: nearestName(to: key, among: fields.map(\.name)))
            }
            try field.set(value, in: &self)
          }
        } catch SettingError.unknownField(_, let nearest) {
          throw SettingsFileError.unknownOption(
            file: file, line: line, option: "\(section).\(key)",
            nearest: nearest.map { "\(section).\($0)" } ?? Self.option(named: key))
        } catch SettingError.badValue(_, let value, let allowed) {
          throw SettingsFileError.badValue(
            file: file, line: line, option: "\(section).\(key)", value: value, allowed: allowed)
        }
      }
    }
  }

  /// A key that stands in the wrong section, or in none, as section.key.
  private static func option(named key: String) -> String? {
    let fields =
      TrainingSettings.fields.map { ("training", $0.name) }
      + sections.flatMap { section in section.fields.map { (section.name, $0.name) } }
    return fields.first { $0.1 == key }.map { "\($0.0).\($0.1)" }
  }

  private static func nearestSection(to name: String) -> String? {
    option(named: name) ?? nearestName(to: name, among: sections.map(\.name) + ["training"])
  }
}

extension SettingValue {
  /// A value of a type that no setting has becomes the text of it, which no setting but a text accepts; and a
  /// table or a date is none of those.
  fileprivate init(_ value: (any TOMLValueConvertible)?) {
    if let flag = value?.bool {
      self = .flag(flag)
    } else if let integer = value?.int {
      self = .integer(integer)
    } else if let number = value?.double {
      self = .number(number)
    } else if let text = value?.string {
      self = .text(text)
    } else if let array = value?.array {
      self = .list(array.map { $0.string ?? $0.debugDescription })
    } else {
      self = .list([value?.debugDescription ?? ""])
    }
  }
}

extension SettingsFileError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file) cannot be read: \(reason)."
    case .syntax(let file, let line, let column, let reason):
      "\(file):\(line):\(column): \(reason)"
    case .unknownSection(let file, let line, let section, let nearest):
      "\(Self.place(file, line)): unknown section “\(section)”\(Self.question(nearest))"
    case .unknownOption(let file, let line, let option, let nearest):
      "\(Self.place(file, line)): unknown option “\(option)”\(Self.question(nearest))"
    case .badValue(let file, let line, let option, let value, let allowed):
      "\(Self.place(file, line)): \(option) cannot be “\(value)”; allowed is \(allowed)."
    case .usersOnly(let file, let line, let option):
      "\(Self.place(file, line)): \(option) counts in your own \(AlertSettings.userFile.path) only: "
        + "a project may come from someone else."
    }
  }

  public var errorDescription: String? { description }

  private static func place(_ file: String, _ line: Int?) -> String { line.map { "\(file):\($0)" } ?? file }

  private static func question(_ nearest: String?) -> String {
    nearest.map { "; did you mean “\($0)”?" } ?? "."
  }
}
