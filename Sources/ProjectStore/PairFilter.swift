import Foundation
import GRDB

/// Which pairs are meant, as the command line's `--where` says it.
///
/// A filter is a list of terms, and a pair passes when all of them hold:
///
///     category=factual         equal; several values: category=factual|conceptual
///     split!=test              not equal
///     source~cooling           contains, without regard to the case of ASCII letters
///     category=none            has no category
///
/// Terms are separated by commas. A value with a comma or a bar stands in double quotes: `source="a, b"`.
public struct PairFilter: Equatable, Sendable {
  public enum Field: String, CaseIterable, Sendable {
    case category, split, source, question, answer
    case importedFrom = "imported_from"

    /// The values that a pair can have here; nil for free text.
    var allowedValues: [String]? {
      switch self {
      case .category: QAPair.Category.allCases.map(\.rawValue)
      case .split: QAPair.Split.allCases.map(\.rawValue)
      case .source, .question, .answer, .importedFrom: nil
      }
    }
  }

  public enum Comparison: String, CaseIterable, Sendable {
    // Longer spellings first: `!=` begins before `=`.
    case isNot = "!="
    case equals = "="
    case contains = "~"
  }

  public struct Term: Equatable, Sendable {
    public var field: Field
    public var comparison: Comparison
    /// Any of these; nil is the absence of a value.
    public var values: [String?]

    public init(_ field: Field, _ comparison: Comparison, _ values: [String?]) {
      self.field = field
      self.comparison = comparison
      self.values = values
    }
  }

  public var terms: [Term]

  public init(_ terms: [Term] = []) {
    self.terms = terms
  }

  /// Passes every pair.
  public static let all = PairFilter()

  /// What is wrong with a filter's text.
  public enum ParseError: Error, Equatable, Sendable {
    case emptyTerm
    case noComparison(term: String)
    case unknownField(term: String, field: String)
    case noValue(term: String)
    case unknownValue(term: String, value: String, allowed: [String])
    case containsNeedsText(term: String, field: Field)
    case openQuote(term: String)
  }
}

// MARK: - Parsing

extension PairFilter {
  /// Reads filters as the command line gives them; those of several texts are combined.
  ///
  /// - Throws: ``ParseError``, which names the bad term.
  public init(parsing texts: [String]) throws {
    terms = []
    for text in texts {
      for term in try Self.pieces(of: text, at: ",") { terms.append(try Self.parse(term)) }
    }
  }

  public init(parsing text: String) throws {
    try self.init(parsing: [text])
  }

  private static func parse(_ piece: Substring) throws -> Term {
    let term = piece.trimmingCharacters(in: .whitespaces)
    guard !term.isEmpty else { throw ParseError.emptyTerm }
    guard let mark = term.firstIndex(where: { "=~!".contains($0) }),
      let comparison = Comparison.allCases.first(where: { term[mark...].hasPrefix($0.rawValue) })
    else { throw ParseError.noComparison(term: term) }

    let name = term[..<mark].trimmingCharacters(in: .whitespaces)
    guard let field = Field(rawValue: name.replacingOccurrences(of: "-", with: "_").lowercased()) else {
      throw ParseError.unknownField(term: term, field: name)
    }
    if comparison == .contains && field.allowedValues != nil {
      throw ParseError.containsNeedsText(term: term, field: field)
    }

    let rest = term[mark...].dropFirst(comparison.rawValue.count)
    let values = try pieces(of: String(rest), at: "|").map { piece -> String? in
      let text = piece.trimmingCharacters(in: .whitespaces)
      if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
        return String(text.dropFirst().dropLast())
      }
      guard !text.isEmpty else { throw ParseError.noValue(term: term) }
      return text == "none" && comparison != .contains ? nil : text
    }
    if let allowed = field.allowedValues {
      for case let value? in values where !allowed.contains(value) {
        throw ParseError.unknownValue(term: term, value: value, allowed: allowed + ["none"])
      }
    }
    return Term(field, comparison, values)
  }

  /// Splits at a separator that is not inside double quotes.
  private static func pieces(of text: String, at separator: Character) throws -> [Substring] {
    var pieces: [Substring] = []
    var start = text.startIndex
    var isQuoted = false
    for index in text.indices {
      if text[index] == "\"" { isQuoted.toggle() }
      if text[index] == separator && !isQuoted {
        pieces.append(text[start..<index])
        start = text.index(after: index)
      }
    }
    guard !isQuoted else { throw ParseError.openQuote(term: String(text[start...])) }
    pieces.append(text[start...])
    return pieces
  }
}

extension PairFilter.ParseError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .emptyTerm:
      "A filter has an empty term; write for example category=factual."
    case .noComparison(let term):
      "The filter “\(term)” has no =, != or ~; write for example category=factual or source~cooling."
    case .unknownField(let term, let field):
      "The filter “\(term)” asks for “\(field)”, which pairs do not have; they have "
        + PairFilter.Field.allCases.map(\.rawValue).joined(separator: ", ") + "."
    case .noValue(let term):
      "The filter “\(term)” has no value after its sign; “none” stands for the absence of one."
    case .unknownValue(let term, let value, let allowed):
      "The filter “\(term)” has the value “\(value)”; possible are \(allowed.joined(separator: ", "))."
    case .containsNeedsText(let term, let field):
      "The filter “\(term)” searches in \(field.rawValue), which has fixed values; use = or !=."
    case .openQuote(let term):
      "The filter “\(term)” has an opening quote without a closing one."
    }
  }

  public var errorDescription: String? { description }
}

// MARK: - SQL

extension PairFilter {
  /// The filter as a condition on `qa_pair`. Values are only ever arguments.
  var sql: (text: String, arguments: StatementArguments) {
    var arguments = StatementArguments()
    let conditions = terms.map { term in
      let column = term.field.rawValue
      let parts = term.values.map { value in
        guard let value else { return "\(column) IS NULL" }
        switch term.comparison {
        case .equals, .isNot:
          arguments += [value]
          return "\(column) IS ?"
        case .contains:
          arguments += ["%" + Self.escapingWildcards(value) + "%"]
          return "\(column) LIKE ? ESCAPE '\\'"
        }
      }
      let any = "(" + parts.joined(separator: " OR ") + ")"
      return term.comparison == .isNot ? "NOT \(any)" : any
    }
    return (conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND "), arguments)
  }

  private static func escapingWildcards(_ text: String) -> String {
    var escaped = ""
    for character in text {
      if "%_\\".contains(character) { escaped.append("\\") }
      escaped.append(character)
    }
    return escaped
  }
}
