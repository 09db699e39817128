import Foundation
import TextPatterns

extension RunFilter {
  /// The longest pattern, compiled: with ``searchedLength`` it bounds the time for a run.
  static let patternLength = 160
  static let maximumTextLength = 1000

  /// Reads a filter as people type it.
  public init(parsing text: String) throws(ParseError) {
    var parser = Parser(text)
    self.init(text: text, terms: try parser.terms())
  }

  /// A number as people write it: `2e-4`, `1.5k`, `3M`, `nan`, `inf`.
  static func number(_ text: String) -> Double? {
    let text = text.lowercased()
    let factors: [Character: Double] = ["k": 1e3, "m": 1e6, "g": 1e9]
    if let last = text.last, let factor = factors[last], let value = plainNumber(text.dropLast()) {
      return value * factor
    }
    return ["nan", "inf", "-inf"].contains(text) ? Double(text) : plainNumber(text)
  }

  /// Without the words that `Double` also understands, and without hexadecimal digits.
  private static func plainNumber(_ text: some StringProtocol) -> Double? {
    guard text.allSatisfy({ "0123456789.e+-".contains($0) }), text.contains(where: \.isNumber) else {
      return nil
    }
    return Double(text)
  }

  /// Seconds of `90s`, `5m`, `2h`, `3d` or `1w`.
  static func duration(_ text: String) -> Double? {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
    guard let last = text.lowercased().last, let unit = units[last] else { return nil }
    return plainNumber(text.dropLast()).map { $0 * unit }
  }

  private struct Parser {
    let characters: [Character]
    var position = 0
    /// Where the term that is read begins.
    var start = 0

    init(_ text: String) { characters = Array(text) }

    mutating func terms() throws(ParseError) -> [Term] {
      guard characters.count <= RunFilter.maximumTextLength else {
        throw ParseError(
          range: RunFilter.maximumTextLength..<characters.count, part: "…",
          problem: "a filter has at most \(RunFilter.maximumTextLength) characters")
      }
      var terms: [Term] = []
      while skipSpaces() {
        start = position
        let isNegated = take("-")
        if isNegated, position == characters.count || characters[position].isWhitespace {
          throw failure("- stands before what is not wanted")
        }
        let condition = take("/") ? try pattern() : try wordOrField()
        terms.append(Term(range: start..<position, isNegated: isNegated, condition: condition))
      }
      return terms
    }

    private mutating func skipSpaces() -> Bool {
      while position < characters.count, characters[position].isWhitespace { position += 1 }
      return position < characters.count
    }

    private mutating func take(_ character: Character) -> Bool {
      guard position < characters.count, characters[position] == character else { return false }
      position += 1
      return true
    }

    private func failure(_ problem: String) -> ParseError {
      ParseError(range: start..<position, part: String(characters[start..<position]), problem: problem)
    }

    private mutating func pattern() throws(ParseError) -> Condition {
      var text = ""
      while !take("/") {
        guard position < characters.count else { throw failure("a pattern ends with /") }
        if characters[position] == "\\", position + 1 < characters.count {
          // \/ is the sign itself; any other escape is the pattern's.
          if characters[position + 1] != "/" { text.append("\\") }
          position += 1
        }
        text.append(characters[position])
        position += 1
      }
      guard !text.isEmpty else { throw failure("the pattern is empty") }
      do {
        return .pattern(
          try TextPattern(text, ignoresCase: true, maximumLength: RunFilter.patternLength))
      } catch {
        throw failure("the pattern \(error.problem)")
      }
    }

    /// Characters up to a space, with those in quotes taken as they are.
    private mutating func word(until isEnd: (Int) -> Bool) throws(ParseError) -> String {
      var text = ""
      var isQuoted = false
      while position < characters.count {
        let character = characters[position]
        if !isQuoted, character.isWhitespace || isEnd(position) { break }
        if character == "\"" { isQuoted.toggle() } else { text.append(character) }
        position += 1
      }
      guard !isQuoted else { throw failure("the quote is not closed") }
      return text
    }

    private func comparison(at position: Int) -> Comparison? {
      let rest = String(characters[position..<min(position + 2, characters.count)])
      return Comparison.allCases.first { rest.hasPrefix($0.rawValue) }
    }

    private mutating func wordOrField() throws(ParseError) -> Condition {
      let characters = self.characters
      let name = try word { index in
        let rest = String(characters[index..<min(index + 2, characters.count)])
        return Comparison.allCases.contains { rest.hasPrefix($0.rawValue) }
      }
      guard position < characters.count, let comparison = comparison(at: position) else {
        guard !name.isEmpty else { throw failure("there is nothing between the quotes") }
        return .text(.name, .has, [name.lowercased()])
      }
      let sign = comparison.rawValue
      position += sign.count
      let value = try word { _ in false }
      guard !name.isEmpty else { throw failure("\(sign) needs a field before it, such as eval") }
      guard !value.isEmpty else { throw failure("\(sign) needs a value behind it, or none") }
      return try condition(name.lowercased(), comparison, value)
    }

    private func condition(
      _ name: String, _ comparison: Comparison, _ value: String
    ) throws(ParseError) -> Condition {
      if name == "is" { return .flag(try flag(comparison, value)) }
      if let field = TextField(rawValue: name) { return try text(field, comparison, value) }
      if let field = NumberField(rawValue: name) ?? NumberField.aliases[name] {
        return try number(field, comparison, value)
      }
      let key = name.hasPrefix("recipe.") ? String(name.dropFirst(7)) : name
      let isOrder = [.below, .above, .atMost, .atLeast].contains(comparison)
      if isOrder, RunFilter.number(value) == nil {
        throw failure("\(comparison.rawValue) needs a number, not “\(value)”")
      }
      return .recipe(key, comparison, isOrder ? [value] : alternatives(value))
    }

    private func alternatives(_ value: String) -> [String] {
      value.lowercased().split(separator: "|").map(String.init)
    }

    private func flag(_ comparison: Comparison, _ value: String) throws(ParseError) -> Flag {
      guard comparison == .has || comparison == .equals, let flag = Flag(rawValue: value.lowercased()) else {
        throw failure("is: goes with \(Flag.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return flag
    }

    private func text(
      _ field: TextField, _ comparison: Comparison, _ value: String
    ) throws(ParseError) -> Condition {
      guard [.has, .equals, .isNot].contains(comparison) else {
        throw failure("\(field.rawValue) is a text: it goes with : = or !=")
      }
      let values = alternatives(value)
      guard field == .state else {
        return .text(field, comparison, values.map { $0 == "none" && field != .name ? nil : $0 })
      }
      var states: Set<RunState> = []
      for value in values {
        // The first letters do, so that there is something to see while one types.
        let meant = RunState.allCases.filter { $0.rawValue.hasPrefix(value) }
        guard !meant.isEmpty else {
          throw failure("states are \(RunState.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        states.formUnion(meant)
      }
      return .states(comparison == .isNot ? Set(RunState.allCases).subtracting(states) : states)
    }

    private func number(
      _ field: NumberField, _ comparison: Comparison, _ value: String
    ) throws(ParseError) -> Condition {
      if value.lowercased() == "none", [.has, .equals, .isNot].contains(comparison) {
        return .number(field, comparison, nil)
      }
      if field == .age {
        guard let seconds = RunFilter.duration(value) else {
          throw failure("age needs a number with a unit: 90s, 5m, 2h, 3d or 1w")
        }
        return .number(field, comparison, seconds)
      }
      guard let number = RunFilter.number(value) else {
        throw failure("\(field.rawValue) needs a number, nan or none, not “\(value)”")
      }
      return .number(field, comparison, number)
    }
  }
}
