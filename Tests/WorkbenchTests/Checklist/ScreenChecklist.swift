import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// The checklist's section "Screen", a line a test. How frames reach a terminal is tested on a pseudo-terminal, and
/// latency beside training by `assay bench monitor`.
@MainActor @Suite("Checklist: screen") struct ScreenChecklist {
  // MARK: Frames

  @Test("First frame is final layout (no two-stage flash)", arguments: Checklist.sizes)
  func firstFrame(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      let frames = screen.display.frames
      let first = try #require(frames.first)
      #expect(!Screen.corners(first).isEmpty && first.text.contains("1 running"))
      #expect(frames.allSatisfy { Screen.corners($0) == Screen.corners(first) })
    }
  }

  @Test("Nothing written when nothing changed (0 bytes idle)", arguments: Checklist.sizes)
  func nothingChanged(_ size: Size) async throws {
    let project = try Checklist.twoRuns()
    for run in try project.store.runs() where run.state.isAlive { try project.finish(run.id) }
    try await Screen.script(on: project, size) { screen in
      await screen.press("2")
      let (frames, drawn) = (screen.display.frames.count, screen.display.drawnCount)
      await screen.press("F9", "k", "g", "esc", "2")
      await screen.send(.resumed)
      #expect(screen.display.drawnCount > drawn)
      #expect(screen.display.frames.count - frames == 2, "Esc and 2, no more")
    }
  }

  @Test("≤ 15 frames/s under live data")
  func frameRate() async throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("busy", steps: 2, of: 1_000)
    try await Screen.script(on: project) { screen in
      await screen.press("2")
      let other = try ProjectStore.open(projectFolder: project.folder)
      defer { try? other.close() }
      let before = screen.display.frameTimes.count
      for round in 1...6 {
        for step in (10 * round - 9)...(10 * round) { try other.updateRun(run) { $0.step = step } }
        try await screen.wait(for: "\(round) × 10 steps") { $0.text.contains(" \(10 * round)/1000") }
      }
      let times = screen.display.frameTimes[before...]
      #expect(times.count >= 6)
      let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
      #expect(gaps.allSatisfy { $0 >= .milliseconds(66) }, "\(gaps)")
    }
  }

  @Test("≤ 15 frames/s: the pacer draws for data no sooner than 1/15 s after a frame")
  func pacer() async {
    guard case .milliseconds(let interval) = FramePacer.interval else {
      Issue.record("\(FramePacer.interval)")
      return
    }
    #expect(interval * 15 >= 1_000)
    let busy = BusyCounter()
    var times: [ContinuousClock.Instant] = []
    let pacer = FramePacer(busy: busy) { times.append(.now) }
    for _ in 0..<6 {
      for _ in 0..<50 { pacer.needsFrame() }
      await busy.whenIdle()
    }
    #expect(times.count == 6, "what comes between two frames is in one")
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .milliseconds(interval) })
    // A key does not wait.
    let before = ContinuousClock.now
    pacer.needsFrameNow()
    await busy.whenIdle()
    #expect(times.count == 7 && times[6] >= before)
  }

  @Test("Pending keys drained before drawing")
  func burst() async throws {
    let project = try Checklist.manyRuns(30)
    for size in Checklist.sizes {
      try await Screen.script(on: project, size) { screen in
        await screen.press("2")
        let drawn = screen.display.drawnCount
        await screen.burst(Array(repeating: "j", count: 29) + ["k"])
        // One for the keys, and one for the points of the run that they lead to.
        #expect((1...2).contains(screen.display.drawnCount - drawn))
        #expect(screen.lines.contains { $0.contains("▌") && $0.contains("run-29") })
      }
    }
  }

  // MARK: Sizes

  @Test("0×0 and resize storms never crash", arguments: Checklist.sizes)
  func resizeStorm(_ size: Size) async throws {
    try await Screen.script(on: Checklist.twoRuns(), size) { screen in
      let before = screen.display.frame
      let sizes = [(0, 0), (1, 1), (0, 50), (50, 0), (39, 12), (40, 11), (300, 1), (1, 90), (310, 95)]
      for overlay in ["", ":", "?", "n", "q", "!"] {
        if !overlay.isEmpty { await screen.press(overlay) }
        for (width, height) in sizes { await screen.resize(width, height) }
        await screen.resizeStorm(sizes.map { Size(width: $0.0, height: $0.1) })
        #expect(screen.display.frame.size == Size(width: 310, height: 95))
        if !overlay.isEmpty { await screen.press("esc") }
      }
      await screen.resize(size.width, size.height)
      #expect(screen.display.frame == before, "it is as it was")
    }
  }

  // MARK: Status

  /// A run that trains and has been read by a part only.
  private func loading(_ size: Size) throws -> WorkbenchState {
    var state = try Checklist.twoRuns().state(size, screen: .runs)
    let run = try #require(state.currentRun)
    state.histories[run.id]?.storedCount = 1_000
    state.histories[run.id]?.readCount = 433
    state.settle()
    return state
  }

  @Test("Status line: run state, step, age of the newest point", arguments: Checklist.sizes)
  func status(_ size: Size) throws {
    let project = try Checklist.twoRuns()
    for screen in WorkbenchState.Screen.allCases {
      var state = try project.state(size, screen: screen)
      for seconds in [1.0, 75] {
        state.now = TemporaryProject.now.addingTimeInterval(seconds)
        state.settle()
        let text = state.frame().text
        #expect(text.contains("● 1 running"))
        #expect(text.contains("84/120"), "\(screen)")
        let age = seconds < 60 ? "5 s ago" : "1 min ago"
        #expect(text.contains(age), "\(screen) \(size): \(text)")
      }
    }
    var state = try project.state(size, screen: .runs)
    let paused = try #require(state.runs.firstIndex { $0.state == .running })
    state.runs[paused].state = .paused
    #expect(state.frame().text.contains("‖ 1 paused"))
  }

  @Test("Status line: \"loading 43 %\"", arguments: Checklist.sizes)
  func loadingShare(_ size: Size) throws {
    var state = try loading(size)
    #expect(state.frame().lines(state.statusArea)[0].contains("loading 43 %"))
    let run = try #require(state.currentRun)
    state.histories[run.id]?.readCount = 1_000
    state.settle()
    #expect(!state.frame().text.contains("loading"))
  }

  @Test("Status line: filters on", arguments: Checklist.sizes)
  func filter(_ size: Size) throws {
    var state = try Checklist.twoRuns().state(size, screen: .runs)
    func status() -> String { state.frame().lines(state.statusArea)[0] }
    #expect(!status().contains("filter"))
    state.press("/", "f", "a", "c", "enter")
    for _ in 0..<4 {
      #expect(status().contains("filter"), "on every pane")
      state.press("tab")
    }
    state.press("/", "^u", "enter")
    #expect(!status().contains("filter"))
  }

  @Test("Status line: clip on", arguments: Checklist.sizes)
  func clip(_ size: Size) throws {
    let project = try Checklist.twoRuns()
    for screen in WorkbenchState.Screen.allCases {
      var state = try project.state(size, screen: screen)
      func status() -> String { state.frame().lines(state.statusArea)[0] }
      #expect(!status().contains("clip"))
      state.press("C")
      #expect(status().contains("clip"))
    }
  }
}
