import Foundation
import ProjectStore
import Testing

@testable import Jobs

/// The workbench itself, on a terminal, beside a worker that trains.
@Suite(.serialized) struct WorkbenchSessionTests {
  /// From a paused run to a finished one, by keys.
  @Test func watchesARunToItsEnd() async throws {
    let place = try Workplace()
    let steps = 150
    let (id, worker) = try await place.startPausedRun(steps: steps)
    let store = try place.openStore()

    let terminal = try TerminalSession(place.workbench(), width: 120, height: 36)
    let before = terminal.initialSettings
    let overview = try await terminal.wait(for: "1 paused")
    #expect(overview.title == "assay · project")
    #expect(overview.lines[0].hasPrefix(" assay · project   1 Overview  2 Runs"))
    for text in ["╭ Loss · x step", "╭ QA pairs · 24", "╭ Judge scores", "factual", "0/\(steps)"] {
      #expect(overview.text.contains(text), "\(text)")
    }
    #expect(overview.brailleCount == 0)
    #expect(overview.modes.isSuperset(of: [1049, 2004]))
    #expect(!overview.modes.contains(25))
    #expect(try await !terminal.isCooked())

    try await terminal.type("2")
    try await terminal.wait(for: "╭ Runs · 1")
    try await terminal.type("?")
    try await terminal.wait(for: "set learning rate")
    try await terminal.type("?")
    try await terminal.wait(whileShown: "set learning rate")
    try await terminal.type(":overv")
    try await terminal.wait(for: "▌ Overview")
    try await terminal.type("\r")
    try await terminal.wait(for: "╭ Judge scores")

    // A run that is not done is not left without a word.
    try await terminal.type("q")
    try await terminal.wait(for: "quit and leave running")
    try await terminal.type("\u{1B}")
    try await terminal.wait(whileShown: "quit and leave running")
    #expect(try store.run(id).step == 0)

    try await terminal.type("2")
    try await terminal.wait(for: "╭ Runs · 1")
    try await terminal.type("p")
    try await terminal.wait(for: "1 running")
    // The worker cannot run ahead of its reader, so it is in the middle of its steps when it is seen there.
    let early = try await terminal.wait(for: "a step") { ($0.step(of: steps) ?? 0) > 0 }
    let first = try #require(early.step(of: steps))
    #expect(first < steps / 2)
    _ = try await worker.line("half of the steps") { $0.contains(#""step":\#(steps / 2),"#) }
    let later = try await terminal.wait(for: "a later step") { ($0.step(of: steps) ?? 0) >= steps / 2 }
    #expect(try #require(later.step(of: steps)) < steps)
    #expect(later.brailleCount > early.brailleCount)
    #expect(try await worker.finish().ending == .exit(0))
    let end = try await terminal.wait(for: "the end") {
      $0.step(of: steps) == steps && $0.text.contains("finished") && $0.text.contains("no run alive")
    }
    #expect(end.brailleCount > 40)
    #expect(end.text.contains("╭ Events"))
    try await terminal.type("1")
    let done = try await terminal.wait(for: "Newest runs")
    #expect(done.brailleCount > 40)

    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    try await expectRestored(terminal, to: before)
    #expect(try store.run(id).state == .finished)
  }

  /// A new run from the form, then out while it trains: it goes on.
  @Test(arguments: [false, true])
  func startsARunAndLeavesIt(useRSLoRA: Bool) async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let settings = """
      [model]
      name = "\(Workplace.model)"
      [training]
      max_steps = 100000
      threads = 2
      use_rslora = \(useRSLoRA)
      """
    try Data(settings.utf8).write(to: place.project.appendingPathComponent("assay.toml"))
    let store = try place.openStore()

    let terminal = try TerminalSession(place.workbench(), width: 100, height: 30)
    try await terminal.wait(for: "╭ QA pairs · 24")
    try await terminal.type("n")
    try await terminal.wait(for: "╭ New run")
    try await terminal.type("\r")
    try await terminal.wait(for: "1 running")
    try await terminal.wait(for: "steps") { ($0.step(of: 100_000) ?? 0) > 1 }
    try await terminal.type("q")
    try await terminal.wait(for: "quit and leave running")
    try await terminal.type("l")
    #expect(try await terminal.finish() == .exit(0))

    let run = try #require(try store.runs().first)
    #expect(run.state == .running)
    // What the form does not show is as the settings say.
    #expect(try RunRecipe(json: run.recipeJSON).training.lora.useRSLoRA == useRSLoRA)
    try await place.wait(for: "more steps", of: run.id, in: store) { $0.step > run.step }
    try await place.succeed(["runs", "stop", run.id, "--now"])
    try await place.wait(for: .stopped, of: run.id, in: store)
  }

  /// What is done in the list is in the store, and how it was looked at is there again the next time.
  @Test func theListAndItsLookLast() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let store = try place.openStore()
    for number in 1...3 {
      let run = try store.createRun(name: "sweep \(number)", recipeJSON: "{}", modelName: "m", totalSteps: 9)
      try store.updateRun(run.id) {
        $0.state = .finished
        $0.evalLoss = Double(number)
      }
    }
    var terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2/eval<2.5\r")
    try await terminal.wait(for: "Runs · 2 of 3 · eval<2.5")
    try await terminal.type("Tgood\r")
    try await terminal.wait(for: "sweep 2 #good")
    try await terminal.type("jDd")
    try await terminal.wait(for: "Deleted sweep 1")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(try store.runs().map(\.labels.tags) == [[], ["good"]])

    terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "Runs · 1 of 2 · eval<2.5")
    try await terminal.type("\u{1B}")
    try await terminal.wait(for: "Runs · 2 ")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(try store.deletedRuns().map(\.name) == ["sweep 1"])

    try place.write("project/view.json", "{\"version\": 1, \"filter\":")
    terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "view.json is damaged, so the screen begins afresh.")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  enum Goodbye: String, CaseIterable {
    case q, interrupt, terminate, hangUp, segmentationFault, abort, floatingPoint
    /// How an uncaught Swift error and a failed precondition end, by processor.
    case illegalInstruction, trap
  }

  /// However it ends, the terminal is left as it was found, its mouse too.
  @Test(
    "Terminal restored after: normal exit, ^C, SIGTERM, SIGHUP, SIGSEGV, SIGABRT, an uncaught Swift error",
    arguments: Goodbye.allCases)
  func givesTheTerminalBack(_ goodbye: Goodbye) async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    let before = terminal.initialSettings
    #expect(try await terminal.isCooked())
    let shown = try await terminal.wait(for: "no run alive")
    #expect(shown.modes.contains(1049))
    #expect(try await !terminal.isCooked())
    #expect(try await terminal.settings() != before)
    #expect(
      shown.modes.isDisjoint(with: Self.mouseModes), "the mouse is the terminal's until it is asked for")
    try await terminal.type("m")
    #expect(try await terminal.wait(for: "Mouse on").modes.isSuperset(of: Self.mouseModes))

    let expected: Ending
    switch goodbye {
    case .q:
      try await terminal.type("q")
      expected = .exit(0)
    case .interrupt:
      try await terminal.type("\u{3}")
      expected = .exit(130)
    case .terminate: expected = .signal(SIGTERM)
    case .hangUp: expected = .signal(SIGHUP)
    case .segmentationFault: expected = .signal(SIGSEGV)
    case .abort: expected = .signal(SIGABRT)
    case .floatingPoint: expected = .signal(SIGFPE)
    case .illegalInstruction: expected = .signal(SIGILL)
    case .trap: expected = .signal(SIGTRAP)
    }
    if case .signal(let number) = expected { terminal.send(signal: number) }
    #expect(try await terminal.finish() == expected)
    try await expectRestored(terminal, to: before)
  }

  /// A worker dies: bell, title, list and command tell it, until somebody has looked.
  @Test func alerts() async throws {
    let place = try Workplace()
    try await place.succeed(["init"])
    try place.writeAlerts("command = 'echo $ASSAY_ALERT $ASSAY_RUN >> told'")
    let (id, worker) = try await place.startPausedRun(steps: 100)
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    let quiet = try await terminal.wait(for: "1 paused")
    #expect(quiet.bellCount == 0 && quiet.title == "assay · project")

    kill(worker.pid, SIGKILL)
    let loud = try await terminal.wait(for: "▲ 1 alert")
    #expect(loud.bellCount == 1)
    #expect(loud.title == "▲ assay · project")
    try await terminal.type("!")
    try await terminal.wait(for: "its worker died without a word")
    try await terminal.type("\r")
    let seen = try await terminal.wait(for: "a title without a mark") { $0.title == "assay · project" }
    #expect(seen.bellCount == 1)
    try await terminal.wait(for: "╭ Runs · 1")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(try String(decoding: place.content("told"), as: UTF8.self) == "crashed \(id)\n")
  }

  private static let mouseModes: Set<Int> = [1002, 1006]

  /// Pressed, turned and switched off again, as a terminal reports it.
  @Test func hearsTheMouse() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    let before = terminal.initialSettings
    try await terminal.wait(for: "no run alive")
    try await terminal.type("m")
    let shown = try await terminal.wait(for: "Mouse on")
    let line = shown.lines[0]
    let tab = try #require(line.firstRange(of: "2 Runs")).lowerBound
    let column = line.distance(from: line.startIndex, to: tab) + 1
    try await terminal.type("\u{1B}[<0;\(column);1M\u{1B}[<0;\(column);1m")
    try await terminal.wait(for: "╭ Runs · 0")
    // In two pieces, as a slow line may bring it, and with a key right behind.
    try await terminal.type("\u{1B}[<0;2;1")
    try await terminal.type("M?")
    try await terminal.wait(for: "╭ Keys")
    try await terminal.type("?m")
    #expect(try await terminal.wait(for: "Mouse off").modes.isDisjoint(with: Self.mouseModes))
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    try await expectRestored(terminal, to: before)
  }

  @Test("Terminal restored after ^Z; `fg` redraws; termios and private modes equal to before")
  func suspendedAndContinued() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    let before = terminal.initialSettings
    try await terminal.wait(for: "no run alive")
    try await terminal.type("m")
    try await terminal.wait(for: "Mouse on")
    try await terminal.type("\u{1A}")
    try await terminal.waitUntilSuspended()
    try await expectRestored(terminal, to: before)

    terminal.send(signal: SIGCONT)
    let again = try await terminal.wait(for: "no run alive")
    #expect(again.modes.isSuperset(of: Self.mouseModes))
    #expect(try await !terminal.isCooked())
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    try await expectRestored(terminal, to: before)
  }

  /// A terminal that cannot place text is told so and left alone.
  @Test func dumbTerminal() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    var program = place.workbench()
    program.environment["TERM"] = "dumb"
    let terminal = try TerminalSession(program, width: 120, height: 24)
    let before = terminal.initialSettings
    #expect(try await terminal.finish() == .exit(1))
    #expect(try await terminal.settings() == before)
    let screen = await terminal.screen
    #expect(screen.lines[0].hasPrefix("assay: the terminal type \"dumb\" is unknown or cannot place text"))
    #expect(screen.lines[1...].allSatisfy { $0.isEmpty })
  }

  @Test func everySize() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let terminal = try TerminalSession(place.workbench(), width: 120, height: 36)
    try await terminal.wait(for: "╭ QA pairs · 24")
    for (width, height) in [(80, 24), (1, 1), (40, 12), (39, 12), (200, 60), (3, 40), (60, 1), (80, 24)] {
      try await terminal.resize(width: width, height: height)
      if width < 40 || height < 12 {
        let complaint = "Too small: \(width)×\(height), needs 40×12"
        try await terminal.wait(for: "\(width)×\(height)") {
          ($0.lines[0] == complaint || $0.lines[0] == complaint.prefix(width - 1) + "…")
            && $0.lines.dropFirst().allSatisfy { $0.isEmpty }
        }
      } else {
        let screen = try await terminal.wait(for: "\(width)×\(height)") {
          $0.lines[0].hasPrefix(" assay · project") && $0.lines[1].count == width
            && $0.lines[1].hasSuffix("╮")
            && $0.lines[height - 1].contains("? help")
        }
        #expect(screen.lines[height - 2].hasPrefix("╰"))
      }
    }
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(await terminal.screen.unknown.isEmpty)
  }

  /// Without a terminal the same command prints the runs.
  @Test func withoutATerminal() async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let result = try await place.run()
    #expect(result.ending == .exit(0))
    #expect(result.output == "no runs yet — assay train, or n in the workbench\n")
  }

  private func expectRestored(
    _ terminal: TerminalSession, to before: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    #expect(try await terminal.settings() == before, sourceLocation: sourceLocation)
    let screen = await terminal.screen
    // The cursor is there again; 7 and 1034 (lines wrap, the eighth bit counts) are as terminals begin.
    #expect(screen.modes.subtracting([7, 1034]) == [25], sourceLocation: sourceLocation)
    #expect(screen.lines.allSatisfy { $0.isEmpty }, "\(screen.text)", sourceLocation: sourceLocation)
    #expect(screen.unknown.isEmpty, sourceLocation: sourceLocation)
  }
}

extension ScreenEmulator {
  /// Signs of curves.
  var brailleCount: Int {
    text.unicodeScalars.count { (0x2801...0x28FF).contains($0.value) }
  }

  /// The first number before `/total`.
  func step(of total: Int) -> Int? {
    guard let slash = text.firstRange(of: "/\(total)") else { return nil }
    return Int(
      text[..<slash.lowerBound].reversed().prefix { $0.isNumber }.reversed().map(String.init).joined())
  }
}

extension Workplace {
  /// The workbench on the project in the current folder. A crash leaves no core file.
  func workbench() -> Spawn.Program {
    let script = "cd \"$1\" && ulimit -c 0 && exec \"$2\""
    return program("/bin/sh", ["-c", script, "sh", project.path, Self.program])
  }

  /// A run whose worker finds a pause waiting, so that nothing is trained before a test says so.
  func startPausedRun(steps: Int) async throws -> (Run.ID, ChildProcess) {
    try await succeed(["import", pairs])
    let store = try openStore()
    var settings = TrainingSettings()
    settings.maxSteps = steps
    settings.threads = 2
    let run = try RunPreparation(
      name: nil, model: Self.model, template: nil, filter: ["category=factual"], limit: nil,
      settings: settings
    ).createRun(in: store)
    try store.file(.pause, run: run.id)
    let worker = try ChildProcess(assay(["worker", run.id]))
    try await wait(for: .paused, of: run.id, in: store)
    return (run.id, worker)
  }
}
