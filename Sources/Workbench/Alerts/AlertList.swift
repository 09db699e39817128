import Foundation
import Jobs
import ProjectStore

/// What there was to alert of: for each run the newest of each kind, seen or not.
struct AlertList: Equatable, Sendable {
  struct Key: Hashable, Sendable {
    var run: Run.ID
    var kind: Alert.Kind
  }

  struct Entry: Equatable, Sendable, Identifiable {
    var alert: Alert
    var isSeen: Bool
    /// In the order of their coming, for those of one moment.
    fileprivate var number: Int

    var id: Key { Key(run: alert.run, kind: alert.kind) }
  }

  private var entries: [Key: Entry] = [:]
  private var count = 0

  var isEmpty: Bool { entries.isEmpty }
  /// The runs that there was something of.
  var runs: Set<Run.ID> { Set(entries.keys.map(\.run)) }
  var unseenCount: Int { entries.values.count { !$0.isSeen } }

  /// Newest first.
  var newestFirst: [Entry] {
    entries.values.sorted { one, other in
      (one.alert.time, one.number) > (other.alert.time, other.number)
    }
  }

  subscript(run: Run.ID, kind: Alert.Kind) -> Entry? { entries[Key(run: run, kind: kind)] }

  /// Takes in an alert.
  ///
  /// - Returns: whether it is newer than what was known of this kind and run.
  @discardableResult
  mutating func add(_ alert: Alert, isSeen: Bool = false) -> Bool {
    let key = Key(run: alert.run, kind: alert.kind)
    if let known = entries[key], known.alert.time >= alert.time { return false }
    count += 1
    entries[key] = Entry(alert: alert, isSeen: isSeen, number: count)
    return true
  }

  /// Forgets an alert that another one says better.
  mutating func remove(_ run: Run.ID, _ kind: Alert.Kind) { entries[Key(run: run, kind: kind)] = nil }

  /// Somebody has looked at a run; or what was wrong with it is so no more.
  ///
  /// - Parameter time: only what happened until then.
  mutating func see(_ run: Run.ID, _ kinds: [Alert.Kind] = Alert.Kind.allCases, until time: Date? = nil) {
    for kind in kinds {
      let key = Key(run: run, kind: kind)
      if let time, let known = entries[key], known.alert.time > time { continue }
      entries[key]?.isSeen = true
    }
  }

  mutating func seeAll() {
    for key in entries.keys { entries[key]?.isSeen = true }
  }

  /// Drops the alerts of runs that are no more.
  mutating func keep(_ runs: Set<Run.ID>) {
    if entries.keys.contains(where: { !runs.contains($0.run) }) {
      entries = entries.filter { runs.contains($0.key.run) }
    }
  }
}
