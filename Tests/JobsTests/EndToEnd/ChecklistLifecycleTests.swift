import Foundation
import ProjectStore
import Testing

@testable import Jobs

/// The checklist's section "Lifecycle", a line a test, but for how the terminal is given back:
/// ``WorkbenchSessionTests`` has that.
@Suite("Checklist: lifecycle", .serialized) struct ChecklistLifecycleTests {
  private static let hostile = "b\u{1B}]2;owned\u{7}\u{1B}[31m日\u{202E}本"

  private func project() throws -> Workplace {
    let place = try Workplace()
    try place.makeRuns(["factual-60", Self.hostile])
    return place
  }

  /// Neither boxes nor blocks nor braille, nor anything that a terminal obeys.
  private func expectPlain(_ text: String, location: SourceLocation = #_sourceLocation) {
    for scalar in text.unicodeScalars {
      let isDrawing = (0x2500...0x259F).contains(scalar.value) || (0x2800...0x28FF).contains(scalar.value)
      let isObeyed =
        (scalar.value < 0x20 && scalar != "\n" && scalar != "\r") || (0x7F..<0xA0).contains(scalar.value)
        || (0x202A...0x202E).contains(scalar.value)
      #expect(!isDrawing && !isObeyed, "U+\(String(scalar.value, radix: 16))", sourceLocation: location)
    }
  }

  private func expectFacts(_ text: String, location: SourceLocation = #_sourceLocation) {
    for fact in ["factual-60", "finished", "30/30", "1.250"] {
      #expect(text.contains(fact), "\(fact) in \(text)", sourceLocation: location)
    }
  }

  @Test("Not a TTY, or `--plain`/`--json`/`--once`: the same facts as lines")
  func lines() async throws {
    let place = try project()
    // No terminal at all.
    let piped = try await place.run()
    #expect(piped.ending == .exit(0) && piped.errors.isEmpty)
    expectFacts(piped.output)
    #expect(piped.lines.count == 3, "a line a run, and one for the columns")

    // A terminal, but lines are asked for.
    let terminal = try TerminalSession(place.workbench(["--plain"]), width: 120, height: 24)
    let before = terminal.initialSettings
    #expect(try await terminal.finish() == .exit(0))
    let screen = await terminal.screen
    expectFacts(screen.text)
    #expect(screen.modes == [25] && screen.graphics.isEmpty && screen.unknown.isEmpty && screen.title.isEmpty)
    #expect(try await terminal.settings() == before)

    let json = try await place.succeed(["--json"])
    let rows = try JSONText.objects(json.output)
    #expect(rows.map { $0["state"] as? String } == ["finished", "finished"])
    #expect(rows.map { $0["step"] as? Int } == [30, 30])
    #expect(rows.map { $0["train_loss"] as? Double } == [1.25, 1.25])

    let log = try place.write(
      "logs/train.jsonl", (1...5).map { "{\"step\": \($0), \"loss\": 2.5}\n" }.joined())
    let once = try await place.succeed(["watch", log, "--once"])
    #expect(once.output.contains("train_loss") && once.output.contains("2.5"))
  }

  @Test("`--plain` reads well to a screen reader: no boxes, no braille")
  func plain() async throws {
    let place = try project()
    let run = try #require(try place.openStore().runs().first?.id)
    let log = try place.write("logs/\u{1B}[31mred.csv", "step,loss\n1,3\n2,2\n3,nan\n")
    for words in [["--plain"], ["runs", "list", "--plain"], ["watch", log, "--once", "--plain"]] {
      let result = try await place.succeed(words)
      #expect(!result.output.isEmpty)
      expectPlain(result.output + result.errors)
    }
    let trained = try await place.succeed(place.training(steps: 3).filter { $0 != "--json" } + ["--plain"])
    expectPlain(trained.output + trained.errors)
    #expect(run.count > 1)
  }

  @Test("stdout is data, stderr is messages; exit codes documented")
  func streams() async throws {
    let place = try project()
    // 0: done, and data alone on stdout.
    let done = try await place.run("runs", "list", "--json")
    #expect(done.ending == .exit(0) && done.errors.isEmpty)
    _ = try JSONText.objects(done.output)
    // 1: failed, 2: usage, both with nothing on stdout.
    let failed = try await place.run("runs", "show", "nobody")
    #expect(failed.ending == .exit(1) && failed.output.isEmpty && failed.errors.hasPrefix("assay: "))
    let usage = try await place.run("runs", "set-learning-rate", "x", "7")
    #expect(usage.ending == .exit(2) && usage.output.isEmpty && usage.errors.contains("Usage:"))
    // 130: interrupted.
    let log = try place.write(
      "logs/train.jsonl", "{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": 2.25}\n")
    let watch = try ChildProcess(place.assay(["watch", log, "--json"]))
    _ = try await watch.line("a point") { $0.contains("2.25") }
    watch.send(signal: SIGINT)
    #expect(try await watch.finish().ending == .exit(130))
    // So it is written down.
    let readme = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../README.md")
    let text = try String(contentsOf: readme.standardizedFileURL, encoding: .utf8)
    #expect(text.contains("Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted."))
    #expect(text.contains("stdout is data, stderr is messages."))
  }

  @Test("Progress throttled where stderr is no terminal")
  func progress() async throws {
    let place = try Workplace()
    // Large enough to be read in many pieces.
    try place.write("pairs-many.jsonl", Workplace.pairLines(30_000))
    let result = try await place.succeed([
      "import", place.folder.appendingPathComponent("pairs-many.jsonl").path,
    ])
    #expect(result.errors.split(separator: "\n").count <= 12, "\(result.errors)")
    expectPlain(result.errors)
  }

  @Test("Settings follow XDG; one that is wrong is told and the rest works")
  func userFolder() async throws {
    let place = try project()
    try place.write("config/assay/keys.toml", "\"runs.new\" = \"F5\"\n")
    try place.write("config/assay/themes/sea.toml", "name = \"sea\"\n[roles]\naccent = \"#004466\"\n")
    try place.write("elsewhere/.config/assay/keys.toml", "\"runs.new\" = \"F6\"\n")
    #expect(try await place.succeed(["keys"]).output.contains("F5"))
    // A path that is not absolute does not count, and without the variable it is ~/.config.
    for folder in [nil, "config"] {
      var program = place.assay(["keys"])
      program.environment["XDG_CONFIG_HOME"] = folder
      program.environment["HOME"] = place.folder.appendingPathComponent("elsewhere").path
      let result = try await ChildProcess(program).finish()
      #expect(result.output.contains("F6") && !result.output.contains("F5"))
    }
    try place.write("config/assay/themes/bad.toml", "name = \"bad\"\n[roles]\naccent = \"blurple\"\n")
    let terminal = try TerminalSession(place.workbench(["--theme", "sea"]), width: 80, height: 24)
    try await terminal.wait(for: "bad.toml:3")
    try await terminal.type("q")
    #expect(try await terminal.finish() == .exit(0))
  }

  /// What a view file may have become, and what is then said.
  static let brokenViews = [
    ("", "is damaged"), ("{\"version\": 1, \"screen\":", "is damaged"), ("[1, 2]", "is damaged"),
    ("\u{0}\u{1}\u{2}", "is damaged"), (String(repeating: "[", count: 100_000), "is damaged"),
    (String(repeating: " ", count: 2 << 20), "cannot be read"),
  ]

  @Test("Older or broken view state is ignored with a note, never a crash; writes are atomic")
  func brokenView() async throws {
    let place = try project()
    for (text, note) in Self.brokenViews {
      try place.write("project/view.json", text)
      let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
      try await terminal.wait(for: "view.json \(note)")
      try await terminal.type("2")
      try await terminal.wait(for: "╭ Runs · 2")
      try await terminal.type("q")
      #expect(try await terminal.finish() == .exit(0))
      // It has been written whole in place of the other, with nothing left beside it.
      let view = try JSONSerialization.jsonObject(with: place.content("view.json")) as? [String: Any]
      #expect(view?["version"] != nil)
      #expect(place.names(in: "").filter { $0.contains("view") } == ["view.json"])
    }
    // An older version, and one that is yet to come.
    var view = try JSONText.object(String(decoding: place.content("view.json"), as: UTF8.self))
    for version in [0, 1_000] {
      view["version"] = version
      try JSONSerialization.data(withJSONObject: view).write(
        to: place.project.appendingPathComponent("view.json"))
      let terminal = try TerminalSession(place.workbench(), width: 80, height: 24)
      try await terminal.wait(for: "view.json is another version's")
      try await terminal.type("q")
      #expect(try await terminal.finish() == .exit(0))
    }
  }

  @Test("An error before the screen leaves the terminal alone")
  func earlyError() async throws {
    let place = try project()
    let terminal = try TerminalSession(place.workbench(["--theme", "nobody"]), width: 80, height: 24)
    let before = terminal.initialSettings
    #expect(try await terminal.finish() == .exit(1))
    #expect(try await terminal.settings() == before)
    let screen = await terminal.screen
    #expect(screen.text.hasPrefix("assay: ") && screen.text.contains("nobody"))
    #expect(screen.modes == [25])
  }

  @Test("UI killed -9, training goes on, re-attach")
  func killed() async throws {
    let place = try Workplace()
    let id = try await place.startRun(steps: 100_000)
    let store = try place.openStore()
    let terminal = try TerminalSession(place.workbench(), width: 100, height: 30)
    try await terminal.wait(for: "a step") { ($0.step(of: 100_000) ?? 0) > 0 }
    terminal.send(signal: SIGKILL)
    #expect(try await terminal.finish() == .signal(SIGKILL))
    let left = try store.run(id).step
    try await place.wait(for: "more steps", of: id, in: store) { $0.step > left + 3 }

    let again = try TerminalSession(place.workbench(), width: 100, height: 30)
    let screen = try await again.wait(for: "the run again") {
      $0.text.contains("1 running") && ($0.step(of: 100_000) ?? 0) > left
    }
    #expect(!screen.text.contains("crashed"))
    try await again.type("ql")
    #expect(try await again.finish() == .exit(0))
    try await place.succeed(["runs", "stop", id, "--now"])
    try await place.wait(for: .stopped, of: id, in: store)
  }
}
