import ProjectStore
import TerminalUI

extension Dialog {
  static func stop(_ run: Run) -> Dialog {
    Dialog(
      title: "Stop \(run.name)?",
      message: "Step \(Figures.steps(run.step, of: run.totalSteps)). A stopped run can be resumed later.",
      choices: [
        Choice(name: "save", title: "stop after this step and save", key: "s"),
        Choice(name: "now", title: "stop now; the last checkpoint stays", key: "n"),
        Choice(name: "cancel", title: "go on", key: "c"),
      ])
  }

  static func delete(_ runs: [Run]) -> Dialog {
    let names = runs.prefix(4).map(\.name).joined(separator: ", ") + (runs.count > 4 ? " …" : "")
    return Dialog(
      title: runs.count == 1 ? "Delete \(names)?" : "Delete \(runs.count) runs?",
      message: (runs.count == 1 ? "" : "\(names). ")
        + "u brings back what is deleted, and for 7 days `assay runs restore`. Then the files are removed.",
      choices: [
        Choice(name: "cancel", title: "cancel", key: "c"),
        Choice(name: "delete", title: "delete", key: "d"),
      ])
  }

  static func quit(alive: Int) -> Dialog {
    let runs = alive == 1 ? "A run is" : "\(alive) runs are"
    let they = alive == 1 ? "It trains" : "They train"
    return Dialog(
      title: "Quit?",
      message: "\(runs) not done. \(they) on without the screen; `assay` shows them again.",
      choices: [
        Choice(name: "leave", title: "quit and leave running", key: "l"),
        Choice(name: "stop", title: "stop and save, then quit", key: "s"),
        Choice(name: "cancel", title: "cancel", key: "c"),
      ])
  }
}

extension Form {
  static func export(_ name: String) -> Form {
    let field = FormField(
      name: "file", label: "File", kind: .text(isRequired: true), value: name,
      help: ".svg and .txt draw the curves, .csv and .jsonl hold their points.")
    return Form(title: "Export curves", submitTitle: "write", fields: [field])
  }

  static func learningRate(_ run: Run) -> Form {
    let field = FormField(
      name: "learning_rate", label: "Learning rate", kind: .number(0...1),
      value: Figures.learningRate(run.learningRate).replacing("–", with: ""),
      help: "The highest of the schedule from the next step on.")
    return Form(title: "\(run.name): learning rate", submitTitle: "set", fields: [field])
  }

  /// One run's tags are edited as they are; to several, tags are added, or taken away with a minus.
  static func tags(_ runs: [Run]) -> Form {
    let field =
      runs.count == 1
      ? FormField(
        name: "tags", label: "Tags", kind: .text(isRequired: false),
        value: runs[0].labels.tags.joined(separator: " "), help: "Words; the filter tag:x finds them.")
      : FormField(
        name: "tags", label: "Add tags", kind: .text(isRequired: true),
        help: "Words; -word takes one away.")
    let title = runs.count == 1 ? runs[0].name : "\(runs.count) runs"
    return Form(title: "\(title): tags", submitTitle: "set", fields: [field])
  }

  static func note(_ run: Run) -> Form {
    let field = FormField(
      name: "note", label: "Note", kind: .text(isRequired: false), value: run.labels.note,
      help: "What is worth remembering; empty removes it.")
    return Form(title: "\(run.name): note", submitTitle: "set", fields: [field])
  }
}
