import Jobs
import ProjectStore
import TerminalUI

/// What a key asks to be done outside of the state.
enum Effect: Sendable {
  case file(RunCommand, run: Run.ID)
  /// Changes what people say of runs; the number names it in the answer.
  case edit([RunEdit], number: Int)
  case start(RunRequest)
  case resume(Run.ID)
  /// Writes the curves into a new file, whose name's end says how.
  case export(String)
  /// Puts a text into the clipboard.
  case copy(String)
  case nextTheme
  case ringBell
  case setTitle(String)
  /// Runs the command of the settings for an alert.
  case runHook(Alert, runName: String)
  case listenToMouse(Bool)
  case quit(code: Int32)
  case die(signal: Int32)
}

/// What lies over a screen and takes the keys until it is closed.
enum Overlay: Sendable {
  case help(offset: Int)
  case palette(CommandPalette)
  case stop(Dialog, run: Run.ID)
  case quit(Dialog)
  case learningRate(Form, run: Run.ID)
  case newRun(NewRunForm)
  case export(Form)
  case metricFilter(MetricFilterLine)
  case alerts(AlertsView)
  case filter(FilterLine)
  case tags(Form, runs: [Run.ID])
  case note(Form, run: Run.ID)
  case delete(Dialog, runs: [Run.ID])
  case compare(CompareView)
}
