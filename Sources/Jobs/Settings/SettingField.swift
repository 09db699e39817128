/// What can stand in a setting.
public enum SettingValue: Equatable, Sendable, CustomStringConvertible {
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case list([String])

  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value):
      // 2e-05 and 3 rather than 2.0e-05 and 3.0, as people write them.
      "\(value)".replacing(".0e", with: "e").replacing(/\.0$/, with: "")
    case .flag(let value): "\(value)"
    case .text(let value): value
    case .list(let values): values.joined(separator: ",")
    }
  }
}

/// What a setting accepts.
public enum SettingKind: Equatable, Sendable {
  case integer(ClosedRange<Int>)
  /// With `isLowerExcluded`, the range's lower bound itself is not accepted.
  case number(ClosedRange<Double>, isLowerExcluded: Bool)
  case flag
  case text
  case choice([String])
  /// One or more of these.
  case choices([String])

  /// The words of a message, as in “allowed is …”.
  public var allowed: String {
    switch self {
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range, let isLowerExcluded):
      "a number \(isLowerExcluded ? "above" : "from") \(SettingValue.number(range.lowerBound)) "
        + "\(isLowerExcluded ? "and up to" : "to") \(SettingValue.number(range.upperBound))"
    case .flag: "true or false"
    case .text: "a text"
    case .choice(let names): "one of " + names.joined(separator: ", ")
    case .choices(let names): "one or more of " + names.joined(separator: ", ")
    }
  }

  /// The value in the form that this kind stores, or nil when it does not accept it.
  func accepting(_ value: SettingValue) -> SettingValue? {
    switch (self, value) {
    case (.integer(let range), .integer(let number)):
      range.contains(number) ? value : nil
    case (.number, .integer(let number)):
      accepting(.number(Double(number)))
    case (.number(let range, let isLowerExcluded), .number(let number)):
      range.contains(number) && !(isLowerExcluded && number == range.lowerBound) ? value : nil
    case (.flag, .flag), (.text, .text): value
    case (.choice(let names), .text(let name)): names.contains(name) ? value : nil
    case (.choices(let names), .list(let chosen)):
      !chosen.isEmpty && chosen.allSatisfy(names.contains) ? value : nil
    case (.choices, .text(let name)): accepting(.list([name]))
    default: nil
    }
  }

  /// What a text means here, as it is typed in a form or after a command-line flag.
  func reading(_ text: String) -> SettingValue? {
    let text = text.trimmingPrefix { $0.isWhitespace }.trimmingSuffix { $0.isWhitespace }
    switch self {
    case .integer: return Int(text).flatMap { accepting(.integer($0)) }
    case .number: return Double(text).flatMap { accepting(.number($0)) }
    case .flag: return Bool(text).map { .flag($0) }
    case .text, .choice: return accepting(.text(text))
    case .choices:
      let names = text.split { $0 == "," || $0.isWhitespace }
      return accepting(.list(names.map(String.init)))
    }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
    String(self[..<(lastIndex { !isTrimmed($0) }.map(index(after:)) ?? startIndex)])
  }
}

/// One setting, described once for the settings file, the command line and the form of the screen.
public struct SettingField<Settings: Sendable>: Identifiable, Sendable {
  /// The key in `assay.toml`, such as `learning_rate`.
  public let name: String
  /// What a form calls it.
  public let title: String
  public let kind: SettingKind
  /// One sentence for people.
  public let help: String

  private let get: @Sendable (Settings) -> SettingValue
  private let put: @Sendable (inout Settings, SettingValue) -> Void

  public var id: String { name }

  /// The option on the command line, such as `--learning-rate`.
  public var flag: String { "--" + name.replacing("_", with: "-") }

  /// The words on the command line that set it to what it is in `settings`.
  public func arguments(for settings: Settings) -> [String] {
    switch value(in: settings) {
    case .flag(true): [flag]
    case .flag(false): [flag.replacing(/^--/, with: "--no-")]
    case let value: [flag, value.description]
    }
  }

  // MARK: - Reading and writing

  public func value(in settings: Settings) -> SettingValue { get(settings) }

  /// - Throws: ``SettingError/badValue(field:value:allowed:)``; the settings are then as before.
  public func set(_ value: SettingValue, in settings: inout Settings) throws(SettingError) {
    guard let accepted = kind.accepting(value) else { throw refusal("\(value)") }
    put(&settings, accepted)
  }

  /// Takes a text as it is typed.
  ///
  /// - Throws: ``SettingError/badValue(field:value:allowed:)``; the settings are then as before.
  public func set(text: String, in settings: inout Settings) throws(SettingError) {
    guard let value = kind.reading(text) else { throw refusal(text) }
    put(&settings, value)
  }

  func refusal(_ value: String) -> SettingError {
    .badValue(field: name, value: value, allowed: kind.allowed)
  }
}

/// A value that a setting does not accept, or a setting that there is not.
public enum SettingError: Error, Equatable, Sendable, CustomStringConvertible {
  case badValue(field: String, value: String, allowed: String)
  case unknownField(field: String, nearest: String?)

  public var description: String {
    switch self {
    case .badValue(let field, let value, let allowed):
      "\(field) cannot be “\(value)”; allowed is \(allowed)."
    case .unknownField(let field, let nearest):
      "There is no setting “\(field)”" + (nearest.map { "; did you mean “\($0)”?" } ?? ".")
    }
  }
}

// MARK: - Making fields

extension SettingField {
  typealias Path<Value> = WritableKeyPath<Settings, Value> & Sendable

  static func integer(
    _ name: String, _ title: String, _ path: Path<Int>, _ range: ClosedRange<Int>, _ help: String
  ) -> Self {
    Self(name: name, title: title, kind: .integer(range), help: help) {
      .integer($0[keyPath: path])
    } put: {
      if case .integer(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  static func number(
    _ name: String, _ title: String, _ path: Path<Double>, from lower: Double, to upper: Double,
    _ help: String
  ) -> Self {
    number(name, title, path, lower...upper, isLowerExcluded: false, help)
  }

  static func number(
    _ name: String, _ title: String, _ path: Path<Double>, above lower: Double, to upper: Double,
    _ help: String
  ) -> Self {
    number(name, title, path, lower...upper, isLowerExcluded: true, help)
  }

  private static func number(
    _ name: String, _ title: String, _ path: Path<Double>, _ range: ClosedRange<Double>,
    isLowerExcluded: Bool, _ help: String
  ) -> Self {
    Self(name: name, title: title, kind: .number(range, isLowerExcluded: isLowerExcluded), help: help) {
      .number($0[keyPath: path])
    } put: {
      if case .number(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  static func flag(_ name: String, _ title: String, _ path: Path<Bool>, _ help: String) -> Self {
    Self(name: name, title: title, kind: .flag, help: help) {
      .flag($0[keyPath: path])
    } put: {
      if case .flag(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  static func text(_ name: String, _ title: String, _ path: Path<String>, _ help: String) -> Self {
    Self(name: name, title: title, kind: .text, help: help) {
      .text($0[keyPath: path])
    } put: {
      if case .text(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ title: String, _ path: Path<Value>, _ help: String
  ) -> Self where Value.RawValue == String {
    Self(name: name, title: title, kind: .choice(Value.allCases.map(\.rawValue)), help: help) {
      .text($0[keyPath: path].rawValue)
    } put: {
      if case .text(let name) = $1, let value = Value(rawValue: name) { $0[keyPath: path] = value }
    }
  }

  static func choices<Value: RawRepresentable & CaseIterable & Hashable & Sendable>(
    _ name: String, _ title: String, _ path: Path<Set<Value>>, _ help: String
  ) -> Self where Value.RawValue == String {
    Self(name: name, title: title, kind: .choices(Value.allCases.map(\.rawValue)), help: help) { settings in
      .list(Value.allCases.filter(settings[keyPath: path].contains).map(\.rawValue))
    } put: {
      if case .list(let names) = $1 { $0[keyPath: path] = Set(names.compactMap(Value.init)) }
    }
  }
}
