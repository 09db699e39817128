import Foundation
import ProjectStore
import TerminalUI

/// The runs of the list: those that pass the filter, in their order. It is made anew when the runs, the filter or the
/// order change, not for a frame.
struct RunListing: Sendable {
  /// What is asked of the list.
  struct Wish: Equatable, Sendable {
    var filter = RunFilter.all
    var sort = RunSort.newest
    var showsArchived = false
  }

  private(set) var runs: [Run] = []
  private(set) var places: [Run.ID: Int] = [:]
  /// Runs that would be listed without a filter.
  private(set) var total = 0
  /// Archived runs that are left out.
  private(set) var hiddenCount = 0
  /// Columns that the widest name and the longest count of steps take.
  private(set) var nameWidth = 0
  private(set) var stepWidth = 0

  private var wish = Wish()
  private var revision = 0
  private var alerts: Set<Run.ID> = []
  private var madeAt = Date.distantPast
  /// Whether each run passed when it was looked at last, and the run as it was then.
  private var verdicts: [Run.ID: (run: Run, passes: Bool)] = [:]
  /// Recipes never change, and are read when a filter asks for them first.
  private var recipes: [Run.ID: RecipeFields] = [:]

  /// Seconds after which a filter by age is looked at again.
  private static let ageInterval = 1.0

  /// - Parameter revision: of `all`; another one says that a run has changed.
  mutating func update(
    _ all: [Run], revision: Int, wish: Wish, now: Date, alerts newAlerts: Set<Run.ID>
  ) {
    let isOld = wish.filter.dependsOnTime && abs(now.timeIntervalSince(madeAt)) >= Self.ageInterval
    guard self.revision != revision || self.wish != wish || newAlerts != self.alerts || isOld else { return }
    if self.wish.filter != wish.filter || newAlerts != self.alerts || isOld { verdicts = [:] }
    self.revision = revision
    self.wish = wish
    self.alerts = newAlerts
    madeAt = now
    make(of: all, now)
  }

  private mutating func make(of all: [Run], _ now: Date) {
    let showsArchived = wish.showsArchived || wish.filter.asksForArchived
    let hidesSome = !showsArchived && all.contains { $0.labels.isArchived }
    let candidates = hidesSome ? all.filter { !$0.labels.isArchived } : all
    total = candidates.count
    hiddenCount = all.count - candidates.count
    let passing = wish.filter.isEmpty ? candidates : filtered(candidates, now)
    runs =
      wish.sort == .newest && !passing.contains { $0.labels.isPinned } ? passing : wish.sort.sorted(passing)
    places = [:]
    places.reserveCapacity(runs.count)
    (nameWidth, stepWidth) = (0, 0)
    var (longestStep, longestTotal) = (0, 0)
    for place in runs.indices {
      places[runs[place].id] = place
      // No character is wider than its bytes.
      let name = runs[place].name
      if name.utf8.count > nameWidth { nameWidth = max(nameWidth, DisplayText.width(name)) }
      if let total = runs[place].totalSteps {
        longestTotal = max(longestTotal, total, runs[place].step)
      } else {
        longestStep = max(longestStep, runs[place].step)
      }
    }
    let withTotal = longestTotal > 0 ? Figures.steps(longestTotal, of: longestTotal).count : 0
    stepWidth = max(withTotal, "\(longestStep)".count)
  }

  private mutating func filtered(_ candidates: [Run], _ now: Date) -> [Run] {
    let context = context(for: wish.filter, candidates, now)
    let before = verdicts
    verdicts = [:]
    verdicts.reserveCapacity(candidates.count)
    return candidates.filter { run in
      if let known = before[run.id], known.run == run {
        verdicts[run.id] = known
        return known.passes
      }
      let passes = wish.filter.matches(run, context)
      verdicts[run.id] = (run, passes)
      return passes
    }
  }

  private mutating func context(for filter: RunFilter, _ all: [Run], _ now: Date) -> RunFilter.Context {
    if filter.asksForRecipes {
      for run in all where recipes[run.id] == nil { recipes[run.id] = RecipeFields(json: run.recipeJSON) }
    }
    let known = recipes
    return RunFilter.Context(now: now, alerts: alerts) { known[$0.id] ?? RecipeFields(json: $0.recipeJSON) }
  }

  /// A field of a filter that no run has.
  mutating func unknownField(of filter: RunFilter, in all: [Run], _ now: Date) -> RunFilter.ParseError? {
    filter.asksForRecipes ? filter.unknownField(in: all, context(for: filter, all, now)) : nil
  }
}
