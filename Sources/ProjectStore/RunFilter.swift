import Foundation
import TextPatterns

/// Which runs are meant: terms that all have to hold.
///
///     conceptual                     in the name; "two words" in quotes
///     /lr-[12]e-4/                   a pattern over name, tags and note
///     state:running|paused           one of several; tag, name, note, model and id likewise
///     eval<1.5  train=nan  step>=1k  numbers; also best, lr, tokens, speed; none where it is not known
///     age<2h                         since it was made: s, m, h, d or w
///     is:pinned                      also archived, alert and alive
///     lora_r:16  recipe.batch_size>8 any field of the recipe
///     -tag:old                       not
///
/// Upper and lower case are the same everywhere. `:` looks for a part in name, note, model and recipe, `=` for the whole.
public struct RunFilter: Sendable {
  public enum TextField: String, CaseIterable, Sendable { case state, name, tag, model, note, id }

  public enum NumberField: String, CaseIterable, Sendable {
    case step, train, eval, best, lr, tokens, speed, age

    static let aliases = [
      "tok/s": speed, "tokens_per_second": speed, "learning_rate": lr, "train_loss": train, "eval_loss": eval,
      "best_eval": best, "trained_tokens": tokens, "steps": step,
    ]

    /// Age in seconds.
    public func value(of run: Run, now: Date) -> Double? {
      switch self {
      case .step: Double(run.step)
      case .train: run.trainLoss
      case .eval: run.evalLoss
      case .best: run.bestEvalLoss
      case .lr: run.learningRate
      case .tokens: Double(run.trainedTokens)
      case .speed: run.tokensPerSecond
      case .age: now.timeIntervalSince(run.createdAt)
      }
    }
  }

  public enum Flag: String, CaseIterable, Sendable { case pinned, archived, alert, alive }

  enum Comparison: String, CaseIterable, Sendable {
    // Longer spellings first: `<=` begins with `<`.
    case atMost = "<="
    case atLeast = ">="
    case isNot = "!="
    case below = "<"
    case above = ">"
    case equals = "="
    case has = ":"

    func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .atMost: left <= right
      case .atLeast: left >= right
      case .below: left < right
      case .above: left > right
      // Values of the store and of people are both rounded: 2e-4 is 0.0002.
      case .equals, .has:
        left == right || left.isNaN && right.isNaN || abs(left - right) <= 1e-9 * abs(right)
      case .isNot: !Comparison.equals.holds(left, right)
      }
    }
  }

  enum Condition: Sendable {
    case pattern(TextPattern)
    /// Any of these, in lower case; nil is the absence of a value.
    case text(TextField, Comparison, [String?])
    case states(Set<RunState>)
    case number(NumberField, Comparison, Double?)
    case flag(Flag)
    case recipe(String, Comparison, [String])
  }

  struct Term: Sendable {
    /// Where it stands in the text, in characters.
    var range: Range<Int>
    var isNegated: Bool
    var condition: Condition
  }

  /// What is wrong with a filter, and where.
  public struct ParseError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
    /// In characters of the filter's text.
    public let range: Range<Int>
    /// The part that is wrong.
    public let part: String
    /// `eval needs a number, not “low”`
    public let problem: String

    public var description: String { "“\(part)”: \(problem)" }
    public var errorDescription: String? { description }
  }

  public let text: String
  let terms: [Term]

  /// Passes every run.
  public static let all = RunFilter(text: "", terms: [])

  init(text: String, terms: [Term]) {
    self.text = text
    self.terms = terms
  }

  public var isEmpty: Bool { terms.isEmpty }

  /// Whether it changes with the clock what passes.
  public var dependsOnTime: Bool {
    terms.contains { if case .number(.age, _, _) = $0.condition { true } else { false } }
  }

  /// Whether ``Context/alerts`` matters.
  public var asksForAlerts: Bool {
    terms.contains { if case .flag(.alert) = $0.condition { true } else { false } }
  }

  /// Whether ``Context/recipe`` matters.
  public var asksForRecipes: Bool {
    terms.contains { if case .recipe = $0.condition { true } else { false } }
  }

  /// Whether the last term is a word with which the name of a field begins.
  public var endsInFieldName: Bool {
    guard let last = terms.last, case .text(.name, .has, let words) = last.condition,
      let word = words.first ?? nil, last.range.upperBound == text.count
    else { return false }
    let names = TextField.allCases.map(\.rawValue) + NumberField.allCases.map(\.rawValue) + ["is"]
    return names.contains { $0.hasPrefix(word) }
  }

  /// Whether archived runs are asked for by name.
  public var asksForArchived: Bool {
    terms.contains { if case .flag(.archived) = $0.condition { !$0.isNegated } else { false } }
  }
}

extension RunFilter: Equatable {
  public static func == (left: RunFilter, right: RunFilter) -> Bool { left.text == right.text }
}

// MARK: - Matching

extension RunFilter {
  /// What a filter has to know beside the run.
  public struct Context {
    public var now: Date
    /// Runs that want to be looked at; nil takes those that failed, crashed, or have a loss that is no number.
    public var alerts: Set<Run.ID>?
    public var recipe: (Run) -> RecipeFields

    public init(
      now: Date = .now, alerts: Set<Run.ID>? = nil,
      recipe: @escaping (Run) -> RecipeFields = { RecipeFields(json: $0.recipeJSON) }
    ) {
      self.now = now
      self.alerts = alerts
      self.recipe = recipe
    }
  }

  /// How much of a run's texts a pattern is looked for in, in characters: what is searched while somebody types is
  /// bounded.
  static let searchedLength = 300

  public func matches(_ run: Run, _ context: Context = Context()) -> Bool {
    terms.allSatisfy { $0.isNegated != Self.holds($0.condition, run, context) }
  }

  /// The first term about a field that no run's recipe has; most likely a slip.
  public func unknownField(in runs: [Run], _ context: Context = Context()) -> ParseError? {
    for term in terms {
      guard case .recipe(let name, _, _) = term.condition, !runs.isEmpty else { continue }
      guard !runs.contains(where: { context.recipe($0)[name] != nil }) else { continue }
      return error(term, "runs have no field “\(name)”")
    }
    return nil
  }

  private func error(_ term: Term, _ problem: String) -> ParseError {
    let characters = Array(text)
    let range = term.range.clamped(to: 0..<characters.count)
    return ParseError(range: range, part: String(characters[range]), problem: problem)
  }

  private static func holds(_ condition: Condition, _ run: Run, _ context: Context) -> Bool {
    switch condition {
    case .pattern(let pattern):
      return ([run.name, run.labels.note] + run.labels.tags).contains {
        pattern.isFound(in: String($0.unicodeScalars.prefix(searchedLength)))
      }
    case .text(let field, let comparison, let values):
      let texts = texts(field, run)
      let isAny = values.contains { value in
        guard let value else { return texts.isEmpty }
        return texts.contains { holds(comparison, $0, value, wholly: field == .tag || field == .id) }
      }
      return isAny != (comparison == .isNot)
    case .states(let states): return states.contains(run.state)
    case .number(let field, let comparison, let wanted):
      let value = field.value(of: run, now: context.now)
      guard let wanted else { return (value == nil) != (comparison == .isNot) }
      return value.map { comparison.holds($0, wanted) } ?? false
    case .flag(.pinned): return run.labels.isPinned
    case .flag(.archived): return run.labels.isArchived
    case .flag(.alive): return run.state.isAlive
    case .flag(.alert):
      return context.alerts?.contains(run.id)
        ?? (run.state == .failed || run.state == .crashed || run.trainLoss?.isNaN == true)
    case .recipe(let name, let comparison, let values):
      guard let field = context.recipe(run)[name] else {
        return values.contains("none") != (comparison == .isNot)
      }
      let isAny = values.contains { value in
        if let wanted = RunFilter.number(value), let number = field.number {
          return (comparison == .isNot ? .equals : comparison).holds(number, wanted)
        }
        return holds(comparison, field.text, value, wholly: false)
      }
      return isAny != (comparison == .isNot)
    }
  }

  private static func texts(_ field: TextField, _ run: Run) -> [String] {
    switch field {
    case .state: [run.state.rawValue]
    case .name: [run.name]
    case .tag: run.labels.tags
    case .model: [run.modelName]
    case .note: run.labels.note.isEmpty ? [] : [run.labels.note]
    case .id: [run.id]
    }
  }

  /// - Parameter wanted: in lower case.
  private static func holds(
    _ comparison: Comparison, _ text: String, _ wanted: String, wholly: Bool
  ) -> Bool {
    let text = text.lowercased()
    return comparison == .has && !wholly ? text.hasPart(wanted) : text == wanted
  }
}

extension String {
  /// Whether a text is a part of this one, byte by byte: much faster than what finds equivalent spellings.
  fileprivate func hasPart(_ part: String) -> Bool {
    var text = self
    var wanted = part
    return text.withUTF8 { text in
      wanted.withUTF8 { part in
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        for start in 0...(text.count - part.count) where text[start] == first {
          if text[start..<start + part.count].elementsEqual(part) { return true }
        }
        return false
      }
    }
  }
}
