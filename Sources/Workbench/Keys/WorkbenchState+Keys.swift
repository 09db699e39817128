import ProjectStore
import TerminalUI

extension WorkbenchState {
  /// Takes an event of the terminal and says what is to be done.
  mutating func handle(_ event: Terminal.Event) -> [Effect] {
    switch event {
    case .key(let key):
      return handle(key)
    case .paste(let text):
      paste(text)
    case .mouse(let event):
      return handle(event)
    case .resize(let size):
      self.size = size
      chartDrag = nil
    case .interrupt:
      return [.quit(code: 130)]
    case .terminate(let signal):
      return [.die(signal: signal)]
    case .resumed:
      // Others may have set it meanwhile.
      alerts.forgetTitle()
    }
    return []
  }

  private mutating func handle(_ key: Key) -> [Effect] {
    defer { seeCurrentRun() }
    message = nil
    chartDrag = nil
    // Keys that come faster than frames find the list as they have left it.
    settleListing()
    if overlay != nil { return handleOverlay(key) }
    guard let command = keyTable.command(for: key, in: sections),
      let action = Action(rawValue: command.name)
    else { return [] }
    return perform(action)
  }

  private mutating func paste(_ text: String) {
    message = nil
    switch overlay {
    case .palette(var palette):
      palette.paste(text)
      overlay = .palette(palette)
    case .learningRate(var form, let run):
      form.paste(text)
      overlay = .learningRate(form, run: run)
    case .newRun(var form):
      form.paste(text)
      overlay = .newRun(form)
    case .export(var form):
      form.paste(text)
      overlay = .export(form)
    case .filter(let line):
      pasteIntoFilter(text, line)
    case .metricFilter(let line):
      pasteIntoMetricFilter(text, line)
    case .tags(var form, let runs):
      form.paste(text)
      overlay = .tags(form, runs: runs)
    case .note(var form, let run):
      form.paste(text)
      overlay = .note(form, run: run)
    case .help, .stop, .quit, .alerts, .delete, .compare, nil:
      break
    }
  }

  // MARK: Actions

  mutating func perform(_ action: Action) -> [Effect] {
    switch action {
    case .moveDown, .moveUp, .moveToFirst, .moveToLast, .pageDown, .pageUp:
      move(action)
    case .newRun where isWatching:
      message = Message(
        kind: .note, text: "Only logs are watched here; runs are begun in a project: assay init.")
    case .newRun:
      overlay = .newRun(NewRunForm(newRunDefaults))
    case .openRuns:
      show(.runs)
    case .markRun, .pauseRun, .stopRun, .resumeRun, .checkpoint, .evaluate, .learningRate:
      return performOnRun(action)
    case .toggleDetails:
      runList.showsDetails.toggle()
    case .filterRuns where options.showsAllMetrics && runList.pane == .curves:
      overlay = .metricFilter(MetricFilterLine(options.metricFilter))
    case .filterRuns:
      overlay = .filter(FilterLine(runList.wish.filter))
    case .nextMatch:
      moveToMatch(by: 1)
    case .previousMatch:
      moveToMatch(by: -1)
    case .sortByNext:
      sortByNextColumn()
    case .sortReversed:
      runList.wish.sort.isDescending.toggle()
    case .showArchived:
      runList.wish.showsArchived.toggle()
    case .editTags, .editNote, .pinRun, .archiveRun, .deleteRun:
      return editRuns(action)
    case .undo:
      return undo()
    case .compareRuns:
      compareRuns()
    case .progressAxis:
      options.progress = options.progress.next
      options.leaveAxis()
    case .lossScale:
      options.lossScale = options.lossScale == .linear ? .logarithmic : .linear
    case .smoothMore:
      options.smooth(more: true)
      message = Message(kind: .note, text: options.smoothingSlider(glyphs))
    case .smoothLess:
      options.smooth(more: false)
      message = Message(kind: .note, text: options.smoothingSlider(glyphs))
    case .cursorRight:
      moveCursor(by: 1)
    case .cursorLeft:
      moveCursor(by: -1)
    case .zoomIn, .zoomOut, .panLeft, .panRight, .showAll:
      moveWindow(action)
    case .pinCursor:
      pinCursor()
    case .zoomToPin:
      zoomToPin()
    case .clipOutliers:
      options.clipsOutliers.toggle()
    case .allMetrics:
      show(.runs)
      options.showsAllMetrics.toggle()
      if size.width < 80 || size.height < 20 { runList.pane = .curves }
    case .exportChart:
      let name = shownRuns.count == 1 ? shownRuns[0].name : projectName
      overlay = .export(.export("\(options.showsAllMetrics ? "metrics" : "loss")-\(Self.fileName(name)).svg"))
    case .copyValues:
      guard let values = copiedValues else {
        message = Message(kind: .note, text: "There are no values yet.")
        return []
      }
      return [.copy(values)]
    case .nextPane:
      movePane(by: 1)
    case .previousPane:
      movePane(by: -1)
    case .showOverview:
      show(.overview)
    case .showRuns:
      show(.runs)
    case .alerts:
      overlay = openedAlerts()
    case .help:
      overlay = .help(offset: 0)
    case .palette:
      overlay = .palette(CommandPalette(keyTable.commands(in: sections)))
    case .nextTheme:
      return [.nextTheme]
    case .toggleMouse:
      return [.listenToMouse(!isMouseOn)]
    case .leave:
      leave()
    case .quit:
      let alive = aliveRuns.count
      if alive == 0 { return [.quit(code: 0)] }
      overlay = .quit(.quit(alive: alive))
    }
    return []
  }

  /// A name for people as one for a file.
  private static func fileName(_ name: String) -> String {
    let shown = DisplayText.truncated(name, to: 60)
    return String(shown.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : "-" })
  }

  private mutating func pinCursor() {
    if options.pin != nil, options.pin == options.cursor {
      options.pin = nil
    } else if let cursor = options.cursor {
      options.pin = cursor
    } else {
      message = Message(
        kind: .note, text: "Put the cursor somewhere first: ← and → move it along the curves.")
    }
  }

  private mutating func zoomToPin() {
    guard let pin = options.pin, let cursor = options.cursor, pin != cursor else {
      let (pin, zoom) = (keyName(.pinCursor), keyName(.zoomToPin))
      message = Message(
        kind: .note,
        text: "\(pin) pins one end, ← and → go to the other, then \(zoom) shows what lies between.")
      return
    }
    options.window = .part(min(pin, cursor)...max(pin, cursor))
    options.pin = nil
  }

  /// Zooms around the cursor, or towards the newest points.
  private mutating func moveWindow(_ action: Action) {
    guard let data = progressRange else { return }
    switch action {
    case .zoomIn: options.window.zoom(by: 2, around: options.cursor, in: data)
    case .zoomOut: options.window.zoom(by: 0.5, around: options.cursor, in: data)
    case .panLeft: options.window.pan(by: -0.25, in: data)
    case .panRight: options.window.pan(by: 0.25, in: data)
    default: options.window = .all
    }
  }

  private mutating func show(_ screen: Screen) {
    guard screens.contains(screen) else { return }
    guard screen != self.screen else { return }
    self.screen = screen
    options.cursor = nil
    options.pin = nil
  }

  /// Goes out one layer: the chart's cursor, the pane, the screen.
  private mutating func leave() {
    if options.pin != nil {
      options.pin = nil
    } else if options.cursor != nil {
      options.cursor = nil
    } else if options.window != .all {
      options.window = .all
    } else if screen == .runs, options.showsAllMetrics, !options.metricFilter.isEmpty {
      options.metricFilter = .all
    } else if screen == .runs, runList.pane != .list {
      runList.pane = .list
    } else if screen == .runs, !runList.wish.filter.isEmpty {
      runList.wish.filter = .all
    } else if screen == .overview, overview.pane != .curves {
      overview.pane = .curves
    } else if let first = screens.first {
      screen = first
    }
  }

  private mutating func movePane(by step: Int) {
    switch screen {
    case .overview: overview.pane = overview.pane.moved(by: step)
    case .runs:
      repeat { runList.pane = runList.pane.moved(by: step) } while isWatching && runList.pane == .answers
    }
  }

  // MARK: On the current run

  private mutating func performOnRun(_ action: Action) -> [Effect] {
    guard let run = currentRun else {
      message = Message(
        kind: .note,
        text: runs.isEmpty
          ? "There is no run yet; \(keyName(.newRun)) begins one."
          : "No run passes the filter; \(keyName(.leave)) drops it.")
      return []
    }
    switch action {
    case .markRun:
      if runList.marked.remove(run.id) == nil { runList.marked.insert(run.id) }
    case .pauseRun:
      return file(run.state == .paused ? .resume : .pause, run)
    case .stopRun where isReachable(run):
      overlay = .stop(.stop(run), run: run.id)
    case .resumeRun:
      switch run.state {
      case .crashed, .stopped, .failed, .finished:
        if isWatching { return file(.resume, run) }
        return [.resume(run.id)]
      case .paused: return file(.resume, run)
      case .followed: _ = isReachable(run)
      default: message = Message(kind: .note, text: "\(run.name) is \(run.state.rawValue) already.")
      }
    case .checkpoint:
      return file(.checkpoint, run)
    case .evaluate:
      return file(.evaluate, run)
    case .learningRate where isReachable(run):
      overlay = .learningRate(.learningRate(run), run: run.id)
    default:
      break
    }
    return []
  }

  /// Whether a worker is there to take commands; says so if not.
  private mutating func isReachable(_ run: Run) -> Bool {
    if isWatching {
      message = Message(
        kind: .note, text: "\(run.name) is another tool's run: it can be watched, not commanded.")
      return false
    }
    guard run.state.isOver else { return true }
    let hint = run.state == .finished ? "" : "; \(keyName(.resumeRun)) resumes it"
    message = Message(kind: .note, text: "\(run.name) is \(run.state.rawValue)\(hint).")
    return false
  }

  private mutating func file(_ command: RunCommand, _ run: Run) -> [Effect] {
    isReachable(run) ? [.file(command, run: run.id)] : []
  }

  // MARK: Answers from outside

  mutating func filed(_ command: RunCommand, run id: Run.ID, _ result: Result<Int64, any Error>) {
    let name = run(id)?.name ?? id
    switch result {
    case .success(let commandID):
      message = Message(
        kind: .note, text: "\(name): \(command.title) asked for, waiting for its worker …",
        command: commandID)
    case .failure(let error):
      message = Message(kind: .error, text: "\(error)")
    }
  }

  /// The worker of a new run has started, or could not.
  mutating func started(_ result: Result<Run.ID, any Error>) {
    switch result {
    case .success(let id):
      if case .newRun = overlay { overlay = nil }
      runList.selected = id
      runList.expected = id
    case .failure(let error):
      if case .newRun(var form) = overlay {
        form.failed(because: "\(error)")
        overlay = .newRun(form)
      } else {
        message = Message(kind: .error, text: "\(error)")
      }
    }
  }

  mutating func resumed(_ id: Run.ID, _ result: Result<Run.ID, any Error>) {
    switch result {
    case .success: message = nil
    case .failure(let error):
      message = Message(kind: .error, text: "\(run(id)?.name ?? id) was not resumed: \(error)")
    }
  }
}
