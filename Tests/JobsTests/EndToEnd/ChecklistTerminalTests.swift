import Foundation
import ProjectStore
import Testing

@testable import Jobs

/// The checklist of terminal manners where only a terminal can tell: the program itself on a pseudo-terminal.
@Suite("Checklist: on a pseudo-terminal", .serialized) struct ChecklistTerminalTests {
  static let sizes: [ScreenSize] = [ScreenSize(80, 24), ScreenSize(40, 12), ScreenSize(300, 90)]

  // MARK: Input

  private static let down = ["j", "\u{1B}[B", "\u{1B}OB"]
  private static let up = ["k", "\u{1B}[A", "\u{1B}OA"]
  private static let first = ["g", "\u{1B}[H", "\u{1B}OH", "\u{1B}[1~", "\u{1B}[7~"]
  private static let last = ["G", "\u{1B}[F", "\u{1B}OF", "\u{1B}[4~", "\u{1B}[8~"]
  private static let pageDown = ["\u{4}", "\u{1B}[6~"]
  private static let pageUp = ["\u{15}", "\u{1B}[5~"]

  @Test("Arrows and hjkl; g/G, Home/End; PgUp/PgDn, ^U/^D; Tab/Shift-Tab: as terminals send them")
  func keys() async throws {
    let place = try Workplace()
    try place.makeRuns((1...40).reversed().map { String(format: "run-%02d", $0) })
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2")
    func expect(_ run: String) async throws {
      try await terminal.wait(for: "the cursor on \(run)") {
        $0.lines.contains { $0.contains("▌") && $0.contains(run) }
      }
    }
    try await expect("run-01")
    for (there, back) in zip(Self.down, Self.up) {
      try await terminal.type(there)
      try await expect("run-02")
      try await terminal.type(back)
      try await expect("run-01")
    }
    for (there, back) in zip(Self.last, Self.first) {
      try await terminal.type(there)
      try await expect("run-40")
      try await terminal.type(back)
      try await expect("run-01")
    }
    var pages: Set<String> = []
    for (there, back) in zip(Self.pageDown, Self.pageUp) {
      try await terminal.type(there)
      let screen = try await terminal.wait(for: "a page further") {
        $0.lines.contains { $0.contains("▌") && $0.contains("run-") && !$0.contains("run-01") }
      }
      let row = try #require(screen.lines.first { $0.contains("▌") && $0.contains("run-") })
      pages.insert(try #require(row.firstMatch(of: /run-\d+/)).output.description)
      try await terminal.type(back)
      try await expect("run-01")
    }
    #expect(pages.count == 1)
    // To the curves and back: the list has the cursor of the keys again.
    try await terminal.type("\t\u{1B}[Z" + "j")
    try await expect("run-02")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(await terminal.screen.unknown.isEmpty)
  }

  @Test("ESCDELAY ≈ 25 ms: Esc alone is heard at once, and a key in two pieces is one key")
  func escape() async throws {
    let place = try Workplace()
    try place.makeRuns(["b", "a"])
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "no run alive")
    let clock = ContinuousClock()
    var fastest = Duration.seconds(60)
    for _ in 0..<3 {
      try await terminal.type("?")
      try await terminal.wait(for: "╭ Keys")
      let start = clock.now
      try await terminal.type("\u{1B}")
      try await terminal.wait(whileShown: "╭ Keys")
      fastest = min(fastest, clock.now - start)
    }
    // ncurses waits for a second where nobody tells it otherwise.
    #expect(fastest < .milliseconds(500))
    #expect(fastest > .milliseconds(20), "or what follows an Esc would not be waited for")

    try await terminal.type("2")
    try await terminal.wait(for: "╭ Runs · 2")
    try await terminal.type(pieces: "\u{1B}[", "B")
    try await terminal.wait(for: "the second row") { $0.lines[4].contains("▌") }
    try await terminal.type(pieces: "\u{1B}", "[", "A")
    try await terminal.wait(for: "the first row") { $0.lines[3].contains("▌") }
    #expect(await terminal.screen.text.contains("╭ Runs · 2"), "no Esc was heard")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  @Test("Mouse optional (`m` toggles; Shift-drag still selects text)")
  func mouse() async throws {
    let place = try Workplace()
    try place.makeRuns(["a"])
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    // Those that report presses and movement; 1001 and 1003 would keep the terminal from selecting text.
    let reporting: Set<Int> = [9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016]
    let before = try await terminal.wait(for: "no run alive")
    #expect(before.modes.isDisjoint(with: reporting))
    try await terminal.type("m")
    let on = try await terminal.wait(for: "with Shift held the terminal selects text")
    #expect(on.modes.intersection(reporting) == [1002, 1006])
    try await terminal.type("m")
    #expect(try await terminal.wait(for: "Mouse off").modes.isDisjoint(with: reporting))
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  @Test("Copy by OSC 52, with a file as fallback", arguments: sizes)
  func copy(_ size: ScreenSize) async throws {
    let place = try Workplace()
    try place.makeRuns(["früh \u{1B}[31m"])
    let terminal = try TerminalSession(place.workbench(), width: size.width, height: size.height)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2")
    try await terminal.wait(for: "1.250")
    try await terminal.type("Y")
    let screen = try await terminal.wait(for: "Copied 1 value")
    let copied = try #require(screen.clipboard.flatMap { Data(base64Encoded: $0) })
    let text = String(decoding: copied, as: UTF8.self)
    #expect(text.hasPrefix("früh") && text.contains("\ttrain_loss\t1.25\tstep\t30"), "\(text)")
    #expect(!text.contains("\u{1B}"))
    let file = place.folder.appendingPathComponent("state/assay/copied.txt")
    #expect(try String(contentsOf: file, encoding: .utf8) == text + "\n")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  // MARK: Screen

  @Test("First frame is final layout (no two-stage flash)", arguments: sizes)
  func firstFrame(_ size: ScreenSize) async throws {
    let place = try Workplace()
    try place.makeRuns(["a", "b"])
    let terminal = try TerminalSession(place.workbench(), width: size.width, height: size.height)
    let screen = try await terminal.wait(for: "curves") { $0.brailleCount > 10 }
    let first = try #require(screen.firstFrame)
    #expect(first.contains("no run alive"))
    func corners(_ text: String) -> [String] {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.enumerated().filter { "╭╮╰╯".contains($1) }.map { "\($0)\($1)" }.joined()
      }
    }
    #expect(corners(first) == corners(screen.text))
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  @Test("One write per frame; nothing written when nothing changed (0 bytes idle)", arguments: sizes)
  func writes(_ size: ScreenSize) async throws {
    let place = try Workplace()
    #expect(try await place.run("init").ending == .exit(0))
    let terminal = try TerminalSession(place.workbench(), width: size.width, height: size.height)
    let before = try await terminal.wait(for: "no run alive")
    var frames = before.frameCount
    // A frame is told to begin and to end; all that is drawn is in between, however much it is.
    let shown = ["2": "Runs · 0", "?": "╭ Keys", "\u{1B}": "Runs · 0", "n": "╭ New run"]
    for key in ["2", "?", "\u{1B}", "n", "\u{1B}"] {
      try await terminal.type(key)
      try await terminal.wait(for: "a frame") { [frames] in
        $0.frameCount > frames && $0.text.contains(shown[key] ?? "")
      }
      frames += 1
      #expect(await terminal.screen.frameCount == frames, "one for each key")
    }
    // A key without a meaning draws nothing, and neither does time.
    try await terminal.type("\u{1B}[20~")
    #expect(await terminal.isSilent(seconds: 0.25))
    #expect(await terminal.screen.frameCount == frames)
    #expect(await terminal.screen.drawnOutsideFrames == before.drawnOutsideFrames)
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  @Test("Pending keys drained before drawing")
  func burst() async throws {
    let place = try Workplace()
    try place.makeRuns((1...40).reversed().map { String(format: "run-%02d", $0) })
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2")
    let before = try await terminal.wait(for: "╭ Runs · 40")
    try await terminal.type(String(repeating: "jjk", count: 100) + "gjjjj")
    let after = try await terminal.wait(for: "the fifth run") {
      $0.lines.contains { $0.contains("▌") && $0.contains("run-05") }
    }
    #expect(after.frameCount - before.frameCount < 30, "far less than one for each of 305 keys")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  @Test("Sizes from 40×12 up work; below that a one-line message; 0×0 and resize storms never crash")
  func resizes() async throws {
    let place = try Workplace()
    try place.makeRuns(["a", "b"])
    let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
    try await terminal.wait(for: "curves") { $0.brailleCount > 10 }
    for round in 0..<3 {
      for step in 0..<40 {
        try await terminal.setSize(width: (step * 37 + round) % 310, height: (step * 13) % 95)
        if step % 10 == 0 { try await terminal.type("2?\u{1B}1") }
      }
      try await terminal.setSize(width: 0, height: 0)
      for size in [ScreenSize(39, 12), ScreenSize(40, 11)] {
        try await terminal.resize(width: size.width, height: size.height)
        try await terminal.wait(for: "the message") {
          $0.lines[0].hasPrefix("Too small: \(size.width)×\(size.height)")
            && $0.lines.dropFirst().allSatisfy(\.isEmpty)
        }
      }
      let size = Self.sizes[round]
      try await terminal.resize(width: size.width, height: size.height)
      try await terminal.wait(for: "the screen at \(size.testDescription)") {
        $0.lines[0].contains("no run alive") && $0.lines[size.height - 1].contains("? help")
      }
    }
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(await terminal.screen.unknown.isEmpty)
  }

  // MARK: Colour and text

  /// How colours are asked for, and what may then be sent: `38;5` for one of 256, `9x` for the bright eight.
  struct Colours: CustomTestStringConvertible {
    var terminal = "xterm-256color"
    var arguments: [String] = []
    var noColour = false
    var sends: Set<Kind>

    enum Kind { case eight, bright, indexed, direct }

    var testDescription: String {
      ([terminal] + arguments + (noColour ? ["NO_COLOR"] : [])).joined(separator: " ")
    }
  }

  static let palettes = [
    Colours(sends: [.eight, .bright, .indexed]),
    Colours(arguments: ["--color", "16"], sends: [.eight, .bright]),
    Colours(arguments: ["--color", "8"], sends: [.eight]),
    Colours(terminal: "xterm", sends: [.eight]),
    Colours(terminal: "xterm-mono", sends: []),
    Colours(noColour: true, sends: []), Colours(arguments: ["--color", "never"], sends: []),
    Colours(arguments: ["--color", "16"], noColour: true, sends: [.eight, .bright]),
    Colours(terminal: "xterm", arguments: ["--color", "direct"], sends: [.eight]),
  ]

  @Test(
    "`use_default_colors`; 8, 16 and 256 colours; `NO_COLOR`, `--color`: the same facts", arguments: palettes)
  func colours(_ colours: Colours) async throws {
    let place = try Workplace()
    try place.makeRuns(["a", "b"])
    var program = place.workbench(colours.arguments)
    program.environment["TERM"] = colours.terminal
    if colours.noColour { program.environment["NO_COLOR"] = "1" }
    let terminal = try TerminalSession(program, width: 80, height: 24)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2")
    let screen = try await terminal.wait(for: "curves") {
      $0.brailleCount > 10 && $0.text.contains("╭ Runs · 2")
    }
    for fact in ["1.250", "30/30", "✓", "│▌ ○ ✓ B b", "╭ Loss · x step · EMA 0.9", "No events yet"] {
      #expect(screen.text.contains(fact), "\(fact)")
    }
    var kinds: Set<Colours.Kind> = []
    for graphics in screen.graphics {
      if graphics.contains(38) || graphics.contains(48) {
        kinds.insert(graphics.contains(5) ? .indexed : .direct)
      } else {
        if graphics.contains(where: { (30...37).contains($0) || (40...47).contains($0) }) {
          kinds.insert(.eight)
        }
        if graphics.contains(where: { (90...107).contains($0) }) { kinds.insert(.bright) }
      }
    }
    #expect(kinds.isSubset(of: colours.sends), "\(screen.graphics)")
    #expect(kinds.isEmpty == colours.sends.isEmpty)
    if colours.sends.contains(.indexed) { #expect(kinds.contains(.indexed)) }
    // Where nothing is selected the ground is the terminal's own.
    let grounds = screen.graphics.filter { graphics in
      graphics.contains { (40...48).contains($0) || (100...107).contains($0) }
    }
    #expect(grounds.count <= 1, "the selected row's, at most: \(grounds)")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    // xterm-mono names a second set of characters, and never switches to it.
    #expect(await terminal.screen.unknown.allSatisfy { $0 == "charset 0" })
  }

  @Test("Non-UTF-8 locale (`nl_langinfo(CODESET)`) → ASCII glyphs, no braille", arguments: sizes)
  func otherLocale(_ size: ScreenSize) async throws {
    let place = try Workplace()
    try place.makeRuns(["früh 日本語 👍", "b"])
    var program = place.workbench()
    program.environment["LC_ALL"] = "C"
    let terminal = try TerminalSession(program, width: size.width, height: size.height)
    try await terminal.wait(for: "no run alive")
    try await terminal.type("2")
    try await terminal.wait(for: "+ Runs . 2")
    for key in ["j", "\t", "\t", "\t", "?", "\u{1B}", ":", "\u{1B}", "n", "\u{1B}", "1"] {
      let frames = await terminal.screen.frameCount
      try await terminal.type(key)
      try await terminal.wait(for: "a frame") { $0.frameCount > frames }
    }
    let screen = try await terminal.wait(for: "no run alive")
    #expect(screen.text.contains("+ Loss"))
    #expect(!screen.sawOtherThanASCII)
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
    #expect(await terminal.screen.unknown.isEmpty)
  }

  @Test(
    "All model and data text is stripped of control and escape sequences before it reaches the screen",
    arguments: sizes)
  func hostileText(_ size: ScreenSize) async throws {
    let hostile =
      "x\u{1B}]2;owned\u{7}\u{1B}]52;c;b3duZWQ=\u{1B}\\\u{1B}[2J\u{1B}[?1049l\u{9B}2J\u{9D}2;c1\u{9C}\u{202E}y"
    let place = try Workplace()
    try place.makeRuns([hostile, "b\(hostile)"]) { store, run in
      try store.append(RunEvent(run: run, step: 20, kind: .nan, message: hostile))
      try store.append([
        SampleAnswer(
          run: run, step: 20, question: hostile, expected: hostile, baseAnswer: hostile, answer: hostile)
      ])
      _ = try store.edit([RunEdit(run, .note(hostile)), RunEdit(run, .tags(["t\(hostile)"]))])
      try store.updateRun(run) {
        $0.state = .failed
        $0.message = hostile
      }
    }
    try place.write("project/assay.toml", "[project]\nname = \"p\\u001b]52;c;b3duZWQ=\\u0007\"\n")
    let terminal = try TerminalSession(place.workbench(), width: size.width, height: size.height)
    try await terminal.wait(for: "2 alerts")
    try await terminal.type("2")
    try await terminal.wait(for: "╭ Runs · 2")
    for key in ["\t", "\t", "\t", "!", "\u{1B}", "s", "T", "\u{1B}", "i", "\u{1B}", "E", "\u{1B}", "1"] {
      let frames = await terminal.screen.frameCount
      try await terminal.type(key)
      try await terminal.wait(for: "a frame") { $0.frameCount > frames }
    }
    let screen = await terminal.screen
    #expect(screen.unknown.isEmpty && screen.clipboard == nil)
    #expect(screen.title.hasSuffix("assay · p"))
    #expect(screen.modes.isSuperset(of: [1049, 2004]))
    #expect(!screen.sawControlCharacters)
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }
}

/// Of a terminal, in cells.
struct ScreenSize: CustomTestStringConvertible {
  var width: Int
  var height: Int

  init(_ width: Int, _ height: Int) {
    self.width = width
    self.height = height
  }

  var testDescription: String { "\(width)×\(height)" }
}

extension Workplace {
  /// The workbench with more words on its command line.
  func workbench(_ arguments: [String]) -> Spawn.Program {
    let script = "cd \"$1\" && ulimit -c 0 && shift && exec \"$@\""
    return program("/bin/sh", ["-c", script, "sh", project.path, Self.program, "workbench"] + arguments)
  }

  /// Finished runs of thirty steps, the last one the newest, made without training.
  func makeRuns(_ names: [String], also: (ProjectStore, Run.ID) throws -> Void = { _, _ in }) throws {
    let store = try ProjectStore.open(projectFolder: project, create: true)
    defer { try? store.close() }
    for name in names {
      let run = try store.createRun(name: name, recipeJSON: "{}", modelName: "tiny", totalSteps: 30)
      try store.append(
        (1...30).map { step in
          (
            .trainLoss,
            MetricPoint(
              step: step, trainedTokens: step * 100, epoch: Double(step) / 10,
              wallTime: Date.now.timeIntervalSince1970 + Double(step), value: 1.25, segment: 0)
          )
        }, run: run.id)
      try store.updateRun(run.id) {
        $0.state = .finished
        $0.step = 30
        $0.trainLoss = 1.25
        $0.finishedAt = .now
      }
      try also(store, run.id)
    }
  }
}
