import Foundation

/// The recipes of some runs side by side: in what they differ, and what came of it.
public struct RunComparison: Equatable, Sendable {
  public struct Row: Equatable, Sendable {
    public let name: String
    /// By run; nil where the run has no such field.
    public let values: [String?]

    public init(name: String, values: [String?]) {
      self.name = name
      self.values = values
    }
  }

  public let runs: [Run.ID]
  /// Fields that are not the same in all runs, in the order of the recipes.
  public let differences: [Row]
  /// How many fields are.
  public let sameCount: Int

  public init(_ runs: [Run]) {
    self.runs = runs.map(\.id)
    let recipes = runs.map { RecipeFields(json: $0.recipeJSON) }
    var names: [String] = []
    var known: Set<String> = []
    let tables = recipes.map { recipe in
      Dictionary(recipe.fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    for recipe in recipes {
      // A field that only a later recipe has comes after the one before it there.
      var place = 0
      for field in recipe.fields {
        if known.insert(field.name).inserted {
          names.insert(field.name, at: min(place, names.count))
          place += 1
        } else {
          place = (names.firstIndex(of: field.name) ?? place) + 1
        }
      }
    }
    // 2e-4 and 0.0002 are the same.
    let differing = names.filter { name in
      Set(tables.map { table in table[name].map { $0.number.map { "\($0)" } ?? $0.text } }).count > 1
    }
    differences = differing.map { name in Row(name: name, values: tables.map { $0[name]?.text }) }
    sameCount = names.count - differing.count
  }

  /// What came of the runs so far.
  public static func results(of runs: [Run]) -> [Row] {
    [
      Row(name: "state", values: runs.map(\.state.rawValue)),
      Row(name: "best eval", values: runs.map { loss($0.bestEvalLoss) }),
      Row(name: "eval", values: runs.map { loss($0.evalLoss) }),
      Row(name: "train", values: runs.map { loss($0.trainLoss) }),
      Row(
        name: "steps", values: runs.map { run in "\(run.step)" + (run.totalSteps.map { "/\($0)" } ?? "") }),
      Row(
        name: "tokens/s",
        values: runs.map { $0.tokensPerSecond.map { String(format: "%.0f", $0) } }),
      Row(name: "tokens", values: runs.map { "\($0.trainedTokens)" }),
    ]
  }

  private static func loss(_ value: Double?) -> String? {
    value.map { $0.isNaN ? "NaN" : String(format: "%.3f", $0) }
  }
}
