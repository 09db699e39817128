import Foundation
import ProjectStore
import Synchronization
import Testing

@testable import Jobs

@Suite("The command that is run for an alert")
struct AlertHookTests {
  private let scratch: ScratchFolder
  private let failures = Failures()

  private final class Failures: Sendable {
    private let list = Mutex<[String]>([])
    var told: [String] { list.withLock { $0 } }
    func add(_ text: String) { list.withLock { $0.append(text) } }
  }

  init() throws { scratch = try ScratchFolder() }

  private var log: URL { scratch.url.appendingPathComponent("log") }

  private func makeHook(_ command: String, timeLimit: DispatchTimeInterval = .seconds(30)) -> AlertHook? {
    AlertHook(
      command: command, folder: scratch.url, project: scratch.url.path, timeLimit: timeLimit
    ) { [failures] in failures.add($0) }
  }

  private func alert(_ message: String = "train loss is NaN at step 52", step: Int = 52) -> Alert {
    Alert(kind: .nan, run: "r2a", step: step, time: .distantPast, message: message)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: scratch.url.appendingPathComponent(name), encoding: .utf8)
  }

  @Test("It reads the facts in its environment, and its output goes into the log")
  func facts() throws {
    try scratch.write(
      "tell.sh",
      Data(
        """
        for name in ALERT RUN RUN_NAME STEP MESSAGE PROJECT; do
          eval "printf '%s|' \\"\\$ASSAY_$name\\""
        done > facts
        echo told; echo complained >&2
        readlink /proc/self/fd/0
        [ -t 2 ] || echo no terminal
        """.utf8))
    let hook = try #require(makeHook("sh tell.sh"))
    hook.run(alert(), runName: "factual-60", log: log)
    hook.finish()
    #expect(
      try text("facts") == "nan|r2a|factual-60|52|train loss is NaN at step 52|\(scratch.url.path)|")
    #expect(try text("log") == "told\ncomplained\n/dev/null\nno terminal\n")
    #expect(failures.told.isEmpty)
  }

  @Test("A run's name and a message are never a command, and bring no escape sequences")
  func hostile() throws {
    let hook = try #require(makeHook(#"printf '%s\n%s\n' "$ASSAY_RUN_NAME" "$ASSAY_MESSAGE" > out"#))
    hook.run(
      alert("a\u{1B}]0;title\u{7}b\u{9B}31mc\r\nd\u{0}e\u{2028}f; touch y"),
      runName: "$(touch x) `touch x`; touch x\n'\"&& touch x", log: log)
    hook.finish()
    let lines = try text("out")
    #expect(lines == "$(touch x) `touch x`; touch x '\"&& touch x\na]0;titleb31mc def; touch y\n")
    #expect(scratch.names(in: "").sorted() == ["log", "out"])
    #expect(AlertHook.plain(String(repeating: "x", count: 1_000_000)).count == 4000)
  }

  @Test("A command that hangs is killed with all that it started")
  func hanging() throws {
    let pipe = scratch.url.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let hook = try #require(
      makeHook("exec 9>pipe; trap '' TERM HUP; sleep 1000 & sleep 1000", timeLimit: .milliseconds(100)))
    hook.run(alert(), runName: "a", log: log)
    // Ends when nobody has the other end any more.
    let reader = try #require(FileHandle(forReadingAtPath: pipe))
    #expect(try reader.readToEnd() ?? Data() == Data())
    hook.finish()
    #expect(failures.told == ["the alert command failed: it was ended, for it took longer than 100 ms"])
  }

  @Test("Whoever ends does not wait for longer than told")
  func ending() throws {
    let pipe = scratch.url.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let hook = try #require(makeHook("exec 9>pipe; sleep 1000"))
    for _ in 0..<5 { hook.run(alert(), runName: "a", log: log) }
    let reader = try #require(FileHandle(forReadingAtPath: pipe))
    hook.finish(within: .milliseconds(50))
    #expect(try reader.readToEnd() ?? Data() == Data())
  }

  @Test("At most three run at once; the others follow")
  func few() throws {
    let hook = try #require(
      makeHook(
        """
        mkdir running.$ASSAY_STEP
        ls -d running.* | wc -l >> counts
        until [ -e go ] || [ $(ls -d running.* | wc -l) -ge 3 ]; do :; done
        touch go; rmdir running.$ASSAY_STEP; echo $ASSAY_STEP >> done
        """))
    for step in 1...12 { hook.run(alert(step: step), runName: "a", log: log) }
    hook.finish()
    let done = try text("done").split(separator: "\n").compactMap { Int($0) }
    #expect(done.sorted() == Array(1...12))
    let counts = try text("counts").split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    #expect(counts.max() == 3)
    #expect(failures.told.isEmpty)
  }

  @Test("What goes wrong is told once")
  func failing() throws {
    let hook = try #require(makeHook("exit $ASSAY_STEP"))
    for step in [7, 8, 0, 9] {
      hook.run(alert(step: step), runName: "a", log: log)
      hook.finish()
    }
    #expect(failures.told == ["the alert command failed: exit code 7"])
    let other = try #require(makeHook("true"))
    other.run(alert(), runName: "a", log: scratch.url.appendingPathComponent("no/such/log"))
    other.finish()
    #expect(failures.told.count == 2, "another hook tells its own")
    #expect(makeHook("") == nil && makeHook("  \n") == nil && makeHook("a\u{0}b") == nil)
  }
}
