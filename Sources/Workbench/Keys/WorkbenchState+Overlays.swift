import ProjectStore
import TerminalUI

/// What keys do in what lies over a screen: help, palette, dialogs and forms.
extension WorkbenchState {
  mutating func handleOverlay(_ key: Key) -> [Effect] {
    switch overlay {
    case .help(let offset):
      scrollHelp(key, from: offset)
    case .palette(var palette):
      let outcome = palette.handle(key)
      return take(outcome, of: palette)
    case .stop(var dialog, let run):
      let outcome = dialog.handle(key)
      return take(outcome, of: dialog, stopping: run)
    case .quit(var dialog):
      let outcome = dialog.handle(key)
      return take(outcome, of: dialog)
    case .learningRate(var form, let run):
      let outcome = form.handle(key)
      return take(outcome, of: form, for: run)
    case .export(var form):
      let outcome = form.handle(key)
      return take(exporting: outcome, of: form)
    case .newRun(var form):
      let outcome = form.handle(key)
      return take(outcome, of: form)
    case .alerts(let view):
      handleAlerts(key, view)
    case .filter(let line):
      handleFilter(key, line)
    case .metricFilter(let line):
      handleMetricFilter(key, line)
    case .tags(var form, let runs):
      let outcome = form.handle(key)
      return take(outcome, of: form, tagging: runs)
    case .note(var form, let run):
      let outcome = form.handle(key)
      return take(outcome, of: form, noting: run)
    case .delete(var dialog, let runs):
      let outcome = dialog.handle(key)
      return take(outcome, of: dialog, deleting: runs)
    case .compare(let view):
      handleCompare(key, view)
    case nil:
      break
    }
    return []
  }

  // What an overlay has become by a key or a click, and what was chosen in it.

  mutating func take(_ outcome: CommandPalette.Outcome, of palette: CommandPalette) -> [Effect] {
    switch outcome {
    case .open: overlay = .palette(palette)
    case .cancelled: overlay = nil
    case .chosen(let command):
      overlay = nil
      return Action(rawValue: command.name).map { perform($0) } ?? []
    }
    return []
  }

  mutating func take(_ outcome: Dialog.Outcome, of dialog: Dialog, stopping run: Run.ID) -> [Effect] {
    switch outcome {
    case .open: overlay = .stop(dialog, run: run)
    case .cancelled: overlay = nil
    case .chosen(let name):
      overlay = nil
      if name == "save" { return [.file(.stopAndSave, run: run)] }
      if name == "now" { return [.file(.stopNow, run: run)] }
    }
    return []
  }

  /// Of the dialog on quitting.
  mutating func take(_ outcome: Dialog.Outcome, of dialog: Dialog) -> [Effect] {
    switch outcome {
    case .open: overlay = .quit(dialog)
    case .cancelled: overlay = nil
    case .chosen(let name):
      overlay = nil
      if name == "leave" { return [.quit(code: 0)] }
      if name == "stop" {
        return aliveRuns.map { .file(.stopAndSave, run: $0.id) } + [.quit(code: 0)]
      }
    }
    return []
  }

  /// Of the form for a learning rate.
  mutating func take(_ outcome: Form.Outcome, of form: Form, for run: Run.ID) -> [Effect] {
    switch outcome {
    case .editing: overlay = .learningRate(form, run: run)
    case .cancelled: overlay = nil
    case .submitted:
      guard let rate = Double(form.value("learning_rate")), rate > 0 else {
        var form = form
        form.externalProblems["learning_rate"] = "Learning rate must be above 0"
        overlay = .learningRate(form, run: run)
        return []
      }
      overlay = nil
      return [.file(.setLearningRate(rate), run: run)]
    }
    return []
  }

  /// Of the form for a file to export to.
  mutating func take(exporting outcome: Form.Outcome, of form: Form) -> [Effect] {
    switch outcome {
    case .editing: overlay = .export(form)
    case .cancelled: overlay = nil
    case .submitted:
      let name = form.value("file")
      guard ChartFile(fileName: name) != nil else {
        var form = form
        form.externalProblems["file"] = "The name must end in \(ChartFile.endings)"
        overlay = .export(form)
        return []
      }
      overlay = nil
      return [.export(name)]
    }
    return []
  }

  mutating func take(_ outcome: NewRunForm.Outcome, of form: NewRunForm) -> [Effect] {
    switch outcome {
    case .editing: overlay = .newRun(form)
    case .cancelled: overlay = nil
    case .submitted(let request):
      overlay = .newRun(form)
      return [.start(request)]
    }
    return []
  }

  private mutating func scrollHelp(_ key: Key, from offset: Int) {
    let sheet = HelpSheet(keyTable, sections: sections)
    let rows = sheet.visibleRows(in: bodyArea)
    switch key {
    case .escape, .enter, .character("q"), .character("?"):
      overlay = nil
    case _ where keyTable.command(for: key, in: sections)?.name == Action.help.rawValue:
      overlay = nil
    default:
      var lines = ListSelection(selected: offset)
      _ = lines.handle(key, height: rows, count: max(1, sheet.lineCount - rows + 1))
      overlay = .help(offset: lines.selected)
    }
  }
}
