import Foundation
import Jobs
import ProjectStore
import TerminalUI

/// The terminal application: Assay's screens on one project, or on the logs of other tools.
///
/// It belongs to the main actor and never waits: the store is read and written on a queue of its own, runs
/// are started by child processes, and both report back here. Nothing is polled, and no frame is written when
/// nothing changed.
///
///     let workbench = try await Workbench(projectFolder: folder)
///     exit(try await workbench.run())
@MainActor
public final class Workbench {
  /// Makes what the runs come from; it tells its news on a queue of its own.
  private let makeSource: (BusyCounter?, @escaping @Sendable (ProjectUpdate) -> Void) -> any RunSource
  /// `nil` where only logs are watched.
  private let store: ProjectStore?
  private let launcher: (any RunLaunching)?
  /// Where files without a folder in their name go.
  private let exportFolder: URL
  private let options: WorkbenchOptions
  private let surroundings: Surroundings
  private let themes: ThemeCatalog
  private var theme: Theme
  /// The theme that was chosen by key, here or before.
  private var chosenTheme: String?
  /// Keeps how the screen is looked at.
  private let viewFile: ViewFile?
  private var state: WorkbenchState
  private var hook: WorkbenchHook?
  private var display: (any Display)?
  private var source: (any RunSource)?
  private var pacer: FramePacer?
  private var exitCode: Int32?
  private var leave: CheckedContinuation<Int32, Never>?
  private let opensWithMouse: Bool
  /// Commands on their way to the store; the program does not end before they are there.
  private var unfiled = 0

  /// Opens a project that exists.
  ///
  /// - Throws: `StoreError`, `SettingsFileError`, `ThemeError`, ``WorkbenchError``.
  public convenience init(projectFolder: URL, options: WorkbenchOptions = WorkbenchOptions()) throws {
    try self.init(
      projectFolder: projectFolder, options: options,
      launcher: RunLauncher(projectFolder: projectFolder),
      viewFile: projectFolder.appendingPathComponent(ViewFile.name))
  }

  /// - Parameter viewFile: where the look at the screen is kept; `nil` forgets it.
  init(
    projectFolder: URL, options: WorkbenchOptions, launcher: any RunLaunching,
    surroundings: Surroundings = Surroundings(), viewFile: URL? = nil
  ) throws {
    let settings = try ProjectSettings(
      file: projectFolder.appendingPathComponent(ProjectStore.settingsName))
    themes = ThemeCatalog(folder: ThemeCatalog.folder(in: surroundings.configuration))
    theme = try Self.theme(options.themeName ?? settings.theme, in: themes)
    self.viewFile = viewFile.map(ViewFile.init)
    let store = try ProjectStore.open(projectFolder: projectFolder)
    self.store = store
    makeSource = { ProjectReader(store: store, busy: $0, onUpdate: $1) }
    self.launcher = launcher
    exportFolder = projectFolder
    self.options = options
    self.surroundings = surroundings
    let name = settings.name.isEmpty ? projectFolder.standardizedFileURL.lastPathComponent : settings.name
    state = WorkbenchState(projectName: name, size: Size(width: 80, height: 24), now: surroundings.now())
    state.options = CurveOptions(smoothing: settings.smoothing)
    opensWithMouse = settings.mouse
    state.usualSmoothing = state.options.smoothing
    state.newRunDefaults = NewRunDefaults(model: settings.modelName, settings: settings.training)
    finishState()
    takeAlertSettings(projectFolder: store.folder, project: store.folder.path)
  }

  /// Opens the runs that the logs under some paths tell of, and follows them. Nothing is written there.
  ///
  /// - Parameter viewFile: where the look at the screen is kept; `nil` forgets it.
  /// - Throws: `ThemeError`, ``WorkbenchError``.
  public convenience init(watching paths: [String], options: WorkbenchOptions = WorkbenchOptions()) throws {
    try self.init(
      watching: paths, options: options, surroundings: Surroundings(),
      viewFile: UserFolder.state.appendingPathComponent(ViewFile.watchName))
  }

  init(
    watching paths: [String], options: WorkbenchOptions, surroundings: Surroundings, viewFile: URL? = nil
  ) throws {
    themes = ThemeCatalog(folder: ThemeCatalog.folder(in: surroundings.configuration))
    theme = try Self.theme(options.themeName ?? Theme.dark.name, in: themes)
    store = nil
    self.viewFile = viewFile.map(ViewFile.init)
    makeSource = { FollowedReader(paths: paths, busy: $0, onUpdate: $1) }
    launcher = nil
    exportFolder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
    opensWithMouse = false
    self.options = options
    self.surroundings = surroundings
    let name = paths.count == 1 ? paths[0] : "\(paths.count) paths"
    state = WorkbenchState(projectName: name, size: Size(width: 80, height: 24), now: surroundings.now())
    state.isWatching = true
    state.screen = .runs
    finishState()
    takeAlertSettings(
      projectFolder: nil, project: paths.map { URL(fileURLWithPath: $0).path }.joined(separator: " "))
  }

  /// What is wrong in the user's own settings is said, and the rest works.
  private func takeAlertSettings(projectFolder: URL?, project: String) {
    do {
      let settings = try AlertSettings.read(
        projectFolder: projectFolder,
        userFile: surroundings.configuration.appendingPathComponent("config.toml"))
      state.alerts.bell = settings.bell
      hook = WorkbenchHook(settings, store: store, project: project) { [weak self] problem in
        self?.surroundings.busy?.begin()
        self?.onMain { $0.state.message = WorkbenchState.Message(kind: .error, text: problem) }
      }
    } catch {
      state.message = WorkbenchState.Message(kind: .error, text: "\(error)")
    }
  }

  private func finishState() {
    state.timeZone = surroundings.timeZone
    recallView()
    let keys = KeyMap(configuration: surroundings.configuration)
    state.keyTable = keys.table
    if let problem = keys.problems.first {
      let more = keys.problems.count > 1 ? " (and \(keys.problems.count - 1) more: assay keys)" : ""
      state.message = WorkbenchState.Message(kind: .error, text: "\(problem.short)\(more)")
    } else if let problem = themes.problems.first {
      state.message = WorkbenchState.Message(kind: .error, text: problem.short)
    }
  }

  /// Lets the screen look as it did the last time.
  private func recallView() {
    guard let viewFile else { return }
    let (view, problem) = viewFile.read()
    // A theme that was removed since is no reason not to begin.
    if let theme = view?.theme.flatMap({ themes[$0] }) {
      chosenTheme = theme.name
      if options.themeName == nil { self.theme = theme }
    }
    if let note = view?.apply(to: &state) ?? problem {
      state.message = WorkbenchState.Message(kind: .note, text: note)
    }
    viewFile.begin(with: ViewState(state, theme: chosenTheme))
  }

  private static func theme(_ name: String, in themes: ThemeCatalog) throws -> Theme {
    if let theme = themes[name] { return theme }
    // A file of that name says best itself what is wrong with it.
    if let problem = themes.problems.first(where: { $0.isOf(name) }) { throw problem }
    throw WorkbenchError.unknownTheme(name, known: themes.themes.map(\.name))
  }

  /// Takes the terminal until the user leaves, and gives it back as it was. Runs go on.
  ///
  /// - Returns: the exit code: 0, or 130 after ^C.
  /// - Throws: `Terminal.OpenError`.
  public func run() async throws -> Int32 {
    try await run(on: Terminal(theme: theme, tier: options.colours))
  }

  /// The same on any display.
  func run(on display: any Display) async -> Int32 {
    self.display = display
    state.size = display.size
    adoptGlyphs()
    if opensWithMouse { state.isMouseOn = display.setMouse(true) }
    perform(state.announce())
    let busy = surroundings.busy
    let pacer = FramePacer(busy: busy) { [weak self] in self?.drawFrame() }
    self.pacer = pacer
    display.onEvent = { [weak self] in self?.handle($0) }

    let source = makeSource(busy) { [weak self] update in
      busy?.begin()
      DispatchQueue.main.async {
        MainActor.assumeIsolated { self?.take(update) }
        busy?.end()
      }
    }
    self.source = source
    source.want(state.wantedRuns)
    source.start()

    let code = await withCheckedContinuation { leave = $0 }
    source.stop()
    display.close()
    keepView(now: true)
    hook?.finish()
    try? store?.close()
    return code
  }

  // MARK: Events

  private func handle(_ event: Terminal.Event) {
    guard exitCode == nil else { return }
    perform(state.handle(event))
    pacer?.needsFrameNow()
  }

  private func take(_ update: ProjectUpdate) {
    let isFirst = !state.isLoaded
    state.now = surroundings.now()
    state.apply(update)
    // The first one is waited for.
    if isFirst { pacer?.needsFrameNow() } else { pacer?.needsFrame() }
  }

  private func perform(_ effects: [Effect]) {
    for effect in effects {
      switch effect {
      case .file(let command, let run): file(command, run)
      case .edit(let edits, let number): edit(edits, number)
      case .start(let request):
        guard let launcher else { continue }
        surroundings.busy?.begin()
        launcher.start(request) { [weak self] result in
          self?.onMain { $0.state.started(result.mapError { $0 }) }
        }
      case .resume(let run):
        guard let launcher else { continue }
        state.message = WorkbenchState.Message(
          kind: .note, text: "Resuming \(state.run(run)?.name ?? run) …")
        surroundings.busy?.begin()
        launcher.resume(run) { [weak self] result in
          self?.onMain { $0.state.resumed(run, result.mapError { $0 }) }
        }
      case .export(let name): export(to: name)
      case .copy(let text): copy(text)
      case .nextTheme:
        nextTheme()
      case .ringBell: display?.ringBell()
      case .setTitle(let title): display?.setTitle(title)
      case .runHook(let alert, let name): hook?.run(alert, runName: name)
      case .listenToMouse(let isOn):
        listenToMouse(isOn)
      case .quit(let code):
        exitCode = code
        leaveWhenFiled()
      case .die(let signal):
        keepView(now: true)
        display?.die(of: signal)
      }
    }
  }

  private func file(_ command: RunCommand, _ run: Run.ID) {
    guard let source else { return }
    unfiled += 1
    surroundings.busy?.begin()
    source.file(command, run: run) { [weak self] result in
      self?.onMain { workbench in
        workbench.unfiled -= 1
        workbench.leaveWhenFiled()
        workbench.state.filed(command, run: run, result)
      }
    }
  }

  private func edit(_ edits: [RunEdit], _ number: Int) {
    unfiled += 1
    source?.edit(edits) { [weak self] failure in
      self?.onMain { workbench in
        workbench.unfiled -= 1
        workbench.leaveWhenFiled()
        workbench.state.edited(number, failure)
      }
    }
  }

  /// Writes what is shown now, beside the screen.
  private func export(to name: String) {
    unfiled += 1
    surroundings.busy?.begin()
    let (state, folder) = (state, exportFolder)
    DispatchQueue.global(qos: .userInitiated).async { [weak self] in
      let result = Result { try state.writeExport(name, in: folder) }
      self?.onMain { workbench in
        workbench.unfiled -= 1
        workbench.leaveWhenFiled()
        switch result {
        case .success(let path): workbench.state.message = .init(kind: .note, text: "Wrote \(path)")
        case .failure(let error): workbench.state.message = .init(kind: .error, text: "\(error)")
        }
      }
    }
  }

  /// Asks the terminal to take a text. It does not say whether it did, so the text is in a file as well.
  private func copy(_ text: String) {
    let isSent = display?.copy(text) ?? false
    let kept = Result { try CopiedText.keep(text) }
    let count = text.split(separator: "\n").count
    let what = "\(count) value\(count == 1 ? "" : "s")"
    switch kept {
    case .success(let path):
      state.message = .init(
        kind: .note,
        text: isSent ? "Copied \(what); also in \(path)" : "Too long for the clipboard: in \(path)")
    case .failure(let error):
      state.message =
        isSent ? .init(kind: .note, text: "Copied \(what)") : .init(kind: .error, text: "\(error)")
    }
  }

  private func leaveWhenFiled() {
    guard let exitCode, unfiled == 0 else { return }
    leave?.resume(returning: exitCode)
    leave = nil
  }

  /// What comes back from elsewhere is taken in here, and seen in the next frame. It ends what was begun when it was
  /// asked for.
  private nonisolated func onMain(_ change: @escaping @MainActor @Sendable (Workbench) -> Void) {
    DispatchQueue.main.async {
      MainActor.assumeIsolated {
        change(self)
        self.pacer?.needsFrame()
        self.surroundings.busy?.end()
      }
    }
  }

  /// - Parameter isLast: nothing comes after it, so it is not waited for more.
  private func keepView(now isLast: Bool = false) {
    viewFile?.keep(ViewState(state, theme: chosenTheme))
    if isLast { viewFile?.flush() }
  }

  private func nextTheme() {
    theme = themes.theme(after: theme.name)
    chosenTheme = theme.name
    display?.theme = theme
    adoptGlyphs()
    state.message = WorkbenchState.Message(kind: .note, text: "Theme: \(theme.name)")
  }

  private func listenToMouse(_ isOn: Bool) {
    guard let display else { return }
    let isThere = display.setMouse(isOn)
    state.isMouseOn = isOn && isThere
    let text =
      !isThere
      ? "This terminal has no mouse"
      : isOn ? "Mouse on; with Shift held the terminal selects text" : "Mouse off"
    state.message = WorkbenchState.Message(kind: .note, text: text)
  }

  private func adoptGlyphs() {
    guard let display else { return }
    state.glyphs = options.usesAscii ? .ascii : display.glyphs
    state.isMono = display.tier == .mono || theme.isMono
  }

  // MARK: Drawing

  private func drawFrame() {
    guard exitCode == nil, let display else { return }
    state.now = surroundings.now()
    state.settle()
    perform(state.announce())
    source?.want(state.wantedRuns)
    display.present(state.frame())
    keepView()
  }
}
