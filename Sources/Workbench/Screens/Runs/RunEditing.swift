import ProjectStore
import TerminalUI

/// Changes of labels and deletions made here: those on their way to the store, and how to undo them.
struct RunEdits: Sendable {
  struct Step: Sendable {
    var number: Int
    /// `deleted factual-60`
    var title: String
    var edits: [RunEdit]
    /// The runs as they were before, so that they can be shown at once again.
    var runs: [Run]
  }

  /// What `u` undoes, the last at the end.
  private(set) var undoable: [Step] = []
  /// Made here and not answered by the store yet.
  private(set) var pending: [Step] = []
  private var number = 0

  static let depth = 50

  mutating func begin(_ edits: [RunEdit], title: String, runs: [Run], isUndo: Bool = false) -> Int {
    number += 1
    pending.append(Step(number: number, title: title, edits: edits, runs: runs))
    if !isUndo {
      let known = Dictionary(runs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      let inverse = edits.reversed().compactMap { edit in
        known[edit.run].map { RunEdit.undoing(edit, of: $0) }
      }
      undoable.append(Step(number: number, title: title, edits: inverse, runs: runs))
      undoable.removeFirst(max(0, undoable.count - Self.depth))
    }
    return number
  }

  mutating func takeLast() -> Step? { undoable.popLast() }

  /// The store has answered; what failed cannot be undone.
  mutating func end(_ number: Int, failed: Bool) {
    if failed { undoable.removeAll { $0.number == number } }
    pending.removeAll { $0.number == number }
  }

  /// The runs with what the store does not know yet.
  func applied(to runs: [Run]) -> [Run] {
    pending.reduce(runs) { $0.edited(by: $1.edits, known: $1.runs) }
  }
}

extension [Run] {
  /// The list, newest first, as the edits make it.
  ///
  /// - Parameter known: runs that come back by an edit.
  func edited(by edits: [RunEdit], known: [Run]) -> [Run] {
    var list = self
    for edit in edits {
      let place = list.firstIndex { $0.id == edit.run }
      guard let run = place.map({ list[$0] }) ?? known.first(where: { $0.id == edit.run }) else { continue }
      let after = run.edited(by: edit.change)
      switch (place, after.deletedAt) {
      case (let place?, nil): list[place] = after
      case (let place?, _?): list.remove(at: place)
      case (nil, nil): list.insert(after, at: list.firstIndex { $0.ordinal < after.ordinal } ?? list.count)
      case (nil, _?): break
      }
    }
    return list
  }
}

extension WorkbenchState {
  /// The runs that an action on several is for: the marked ones, or the current one.
  var targets: [Run] {
    let marked = markedRuns
    return marked.isEmpty ? currentRun.map { [$0] } ?? [] : marked
  }

  mutating func editRuns(_ action: Action) -> [Effect] {
    let runs = action == .editNote ? currentRun.map { [$0] } ?? [] : targets
    guard let first = runs.first else { return [] }
    guard !isWatching else {
      message = Message(kind: .note, text: "\(first.name) is another tool's run: it is only watched.")
      return []
    }
    let name = Self.names(runs)
    switch action {
    case .editTags: overlay = .tags(.tags(runs), runs: runs.map(\.id))
    case .editNote: overlay = .note(.note(first), run: first.id)
    case .pinRun:
      let isOn = runs.contains { !$0.labels.isPinned }
      return edit(runs.map { ($0, .pinned(isOn)) }, isOn ? "pinned \(name)" : "unpinned \(name)")
    case .archiveRun:
      let isOn = runs.contains { !$0.labels.isArchived }
      return edit(runs.map { ($0, .archived(isOn)) }, isOn ? "archived \(name)" : "unarchived \(name)")
    case .deleteRun:
      if let alive = runs.first(where: \.state.isAlive) {
        message = Message(
          kind: .note,
          text:
            "\(alive.name) is \(alive.state.rawValue) and cannot be deleted; \(keyName(.stopRun)) stops it.")
        return []
      }
      overlay = .delete(.delete(runs), runs: runs.map(\.id))
    default: break
    }
    return []
  }

  // What the forms and the dialog have become by a key or a click.

  mutating func take(_ outcome: Form.Outcome, of form: Form, tagging runs: [Run.ID]) -> [Effect] {
    overlay = outcome == .editing ? .tags(form, runs: runs) : nil
    return outcome == .submitted ? setTags(form.value("tags"), of: runs) : []
  }

  mutating func take(_ outcome: Form.Outcome, of form: Form, noting run: Run.ID) -> [Effect] {
    overlay = outcome == .editing ? .note(form, run: run) : nil
    return outcome == .submitted ? setNote(form.value("note"), of: run) : []
  }

  mutating func take(_ outcome: Dialog.Outcome, of dialog: Dialog, deleting runs: [Run.ID]) -> [Effect] {
    overlay = outcome == .open ? .delete(dialog, runs: runs) : nil
    return outcome == .chosen("delete") ? delete(runs) : []
  }

  private mutating func setTags(_ text: String, of ids: [Run.ID]) -> [Effect] {
    let runs = ids.compactMap(run)
    let words = text.split { $0.isWhitespace || $0 == "," }.map(String.init)
    let added = words.filter { !$0.hasPrefix("-") }
    let removed = words.filter { $0.hasPrefix("-") }.map { String($0.dropFirst()) }
    let changes = runs.map { run -> (Run, RunEdit.Change) in
      let before = runs.count == 1 ? [] : run.labels.tags.filter { !removed.contains($0) }
      return (run, .tags(before + (runs.count == 1 ? words : added)))
    }
    return edit(changes, "tagged \(Self.names(runs))")
  }

  private mutating func setNote(_ text: String, of id: Run.ID) -> [Effect] {
    guard let run = run(id) else { return [] }
    return edit([(run, .note(text))], "noted on \(run.name)")
  }

  private mutating func delete(_ ids: [Run.ID]) -> [Effect] {
    let runs = ids.compactMap(run)
    return edit(runs.map { ($0, .deleted(true)) }, "deleted \(Self.names(runs))")
  }

  /// Shows the changes at once and asks for them.
  private mutating func edit(_ changes: [(run: Run, change: RunEdit.Change)], _ title: String) -> [Effect] {
    let changes = changes.filter { $0.run.edited(by: $0.change) != $0.run }
    guard !changes.isEmpty else { return [] }
    let edits = changes.map { RunEdit($0.run.id, $0.change) }
    let number = runEdits.begin(edits, title: title, runs: changes.map(\.run))
    runs = runs.edited(by: edits, known: [])
    message = Message(kind: .note, text: "\(Self.sentence(title)) — \(keyName(.undo)) undoes it")
    return [.edit(edits, number: number)]
  }

  mutating func undo() -> [Effect] {
    guard let step = runEdits.takeLast() else {
      message = Message(
        kind: .note, text: "There is nothing to undo: tags, notes, pins, archiving, deletion.")
      return []
    }
    let number = runEdits.begin(step.edits, title: "undo of \(step.title)", runs: step.runs, isUndo: true)
    runs = runs.edited(by: step.edits, known: step.runs)
    if let back = step.edits.last(where: { $0.change == .deleted(false) }) { select(back.run) }
    message = Message(kind: .note, text: "Undone: \(step.title)")
    return [.edit(step.edits, number: number)]
  }

  /// The store has made an edit, or could not.
  mutating func edited(_ number: Int, _ failure: (any Error)?) {
    runEdits.end(number, failed: failure != nil)
    // The source tells all runs anew after a failure.
    if let failure { message = Message(kind: .error, text: "\(failure)") }
  }

  /// `factual-60`, `factual-60 and 2 more`
  private static func names(_ runs: [Run]) -> String {
    guard let first = runs.first else { return "" }
    return runs.count == 1 ? first.name : "\(first.name) and \(runs.count - 1) more"
  }

  private static func sentence(_ title: String) -> String { title.prefix(1).uppercased() + title.dropFirst() }
}
