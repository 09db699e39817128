import ArgumentParser
import Foundation
import Jobs
import ProjectStore

extension RunSort.Column: ExpressibleByArgument {}

/// A command that changes what people say of runs: all of the runs named, or none.
protocol RunsEditing: AsyncParsableCommand {
  var global: GlobalOptions { get }
  var runs: [String] { get }
  func changes(_ run: Run) -> [RunEdit.Change]
  /// `pinned`
  var done: String { get }
}

extension RunsEditing {
  func run() async throws { try edit() }

  func edit() throws {
    let store = try global.openStore()
    let edits = try runs.flatMap { id in
      let run = try store.run(id)
      return changes(run).map { RunEdit(id, $0) }
    }
    try store.edit(edits)
    if global.json {
      print(try jsonLine(try runs.map { RunsCommand.Row(try store.run($0), store) }))
    } else {
      print("\(runs.joined(separator: ", ")): \(done)")
    }
  }
}

extension RunsCommand {
  struct Tag: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Give runs tags.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "One tag, or several with commas between them.") var tags: String
    @Argument(help: "The runs' ids.") var runs: [String]
    func validate() throws {
      if RunLabels.tags(in: tags).isEmpty { throw ValidationError("a tag is a word such as lr-sweep") }
    }
    var done: String { "tagged " + RunLabels.tags(in: tags).map { visible($0) }.joined(separator: ", ") }
    func changes(_ run: Run) -> [RunEdit.Change] { [.tags(run.labels.tags + RunLabels.tags(in: tags))] }
  }

  struct Untag: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Take tags from runs.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "One tag, or several with commas between them.") var tags: String
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "untagged" }
    func changes(_ run: Run) -> [RunEdit.Change] {
      let removed = RunLabels.tags(in: tags)
      return [.tags(run.labels.tags.filter { !removed.contains($0) })]
    }
  }

  struct Note: RunsEditing {
    static let configuration = CommandConfiguration(
      abstract: "Set the note on runs; an empty text removes it.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The text, in quotes.") var text: String
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "noted" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.note(text)] }
  }

  struct Pin: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Keep runs at the top of lists.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "pinned" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.pinned(true)] }
  }

  struct Unpin: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Undo pin.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "not pinned any more" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.pinned(false)] }
  }

  struct Archive: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Leave runs out of lists.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "archived" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.archived(true)] }
  }

  struct Unarchive: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Undo archive.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids.") var runs: [String]
    var done: String { "back in the lists" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.archived(false)] }
  }

  struct Delete: RunsEditing {
    static let configuration = CommandConfiguration(
      abstract: "Delete runs; for 7 days `restore` brings them back, then their files go.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids.") var runs: [String]
    @Flag(help: "With their files and at once; nothing brings them back.") var now = false

    struct Output: Encodable {
      var deleted: [String]
    }

    var done: String { "deleted — assay runs restore brings back" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.deleted(true)] }
    func run() async throws {
      guard now else { return try edit() }
      let store = try global.openStore()
      try store.edit(runs.map { RunEdit($0, .deleted(true)) })
      // A run that was deleted this very moment counts as well.
      try say(purged: store.purgeDeletedRuns(Set(runs), before: .distantFuture), global)
    }
  }

  struct Restore: RunsEditing {
    static let configuration = CommandConfiguration(abstract: "Bring deleted runs back.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids; `assay runs list --deleted` shows them.") var runs: [String]
    var done: String { "restored" }
    func changes(_ run: Run) -> [RunEdit.Change] { [.deleted(false)] }
  }

  struct Purge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove all deleted runs for good, with their files.")
    @OptionGroup var global: GlobalOptions
    func run() async throws {
      try say(purged: global.openStore().purgeDeletedRuns(before: .distantFuture), global)
    }
  }

  private static func say(purged ids: [Run.ID], _ global: GlobalOptions) throws {
    if global.json { return print(try jsonLine(Delete.Output(deleted: ids))) }
    print(ids.isEmpty ? "no deleted runs" : "\(ids.joined(separator: ", ")): removed for good")
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "In what the recipes of runs differ, and what came of them.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The runs' ids, two or more.") var runs: [String]

    struct Output: Encodable {
      struct Field: Encodable {
        var field: String
        var values: [String?]

        init(_ row: RunComparison.Row) {
          field = row.name
          values = row.values
        }
      }
      var runs: [Row]
      var differences: [Field]
      var sameCount: Int
      var results: [Field]
    }

    func validate() throws {
      guard runs.count >= 2 else { throw ValidationError("runs diff compares two runs or more") }
    }

    func run() async throws {
      let store = try global.openStore()
      let runs = try runs.map { try store.run($0) }
      let comparison = RunComparison(runs)
      let results = RunComparison.results(of: runs)
      if global.json {
        let output = Output(
          runs: runs.map { Row($0, store) }, differences: comparison.differences.map(Output.Field.init),
          sameCount: comparison.sameCount, results: results.map(Output.Field.init))
        return print(try jsonLine(output))
      }
      let head = RunComparison.Row(name: "", values: runs.map { "\($0.id) \($0.name)" })
      let table = [head] + comparison.differences + results
      let nameWidth = table.map(\.name.count).max() ?? 0
      let widths = runs.indices.map { run in
        min(40, table.map { ($0.values[run] ?? "–").count }.max() ?? 0)
      }
      for (index, row) in table.enumerated() {
        if index == 1 + comparison.differences.count { print("same in all: \(comparison.sameCount) fields") }
        let cells = zip(row.values, widths).map { value, width in
          let text = String(visible(value ?? "–").prefix(width))
          return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        print(column(row.name, nameWidth + 2) + cells.joined(separator: "  "))
      }
    }
  }
}
