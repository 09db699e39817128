import ProjectStore

/// Where runs are in the list of all, and what else is asked of them for every frame, so that no frame goes through
/// all of them.
struct RunIndex: Sendable {
  private(set) var places: [Run.ID: Int] = [:]
  private(set) var alive: [Int] = []
  /// Those that are not over.
  private(set) var open: [Int] = []
  private(set) var failed: [Int] = []
  /// Archived runs are not among them.
  private(set) var newest: [Int] = []
  /// Another with every change.
  private(set) var revision = 0

  private static let newestCount = 16

  mutating func update(_ runs: [Run]) {
    places.removeAll(keepingCapacity: true)
    alive.removeAll()
    open.removeAll()
    failed.removeAll()
    newest.removeAll()
    revision += 1
    for place in runs.indices {
      places[runs[place].id] = place
      let state = runs[place].state
      if state.isAlive { alive.append(place) }
      if !state.isOver { open.append(place) }
      if state == .failed || state == .crashed { failed.append(place) }
      if newest.count < Self.newestCount, !runs[place].labels.isArchived { newest.append(place) }
    }
  }
}
