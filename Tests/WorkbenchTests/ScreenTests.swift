import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// Drawings of whole screens, made from a real store.
@Suite struct ScreenTests {
  static let sizes = [
    Size(width: 120, height: 36), Size(width: 80, height: 24), Size(width: 40, height: 12),
  ]
  static let large = Array(sizes.prefix(2))

  private func twoRuns() throws -> TemporaryProject {
    let project = try TemporaryProject()
    try project.addPairs()
    let pilot = try project.addLiveRun("pilot-20", steps: 60, of: 60)
    try project.finish(pilot)
    _ = try project.addLiveRun("conceptual-60", steps: 84)
    _ = try project.addLiveRun("factual-60", steps: 71, curve: .init(start: 2.7, floor: 1, overfitsAfter: 40))
    return project
  }

  @Test(arguments: sizes)
  func emptyProject(_ size: Size) throws {
    let project = try TemporaryProject()
    var state = try project.state(size)
    try expectGolden(state.frame().text, "overview-empty-\(size.width)x\(size.height)")
    state.press("2")
    try expectGolden(state.frame().text, "runs-empty-\(size.width)x\(size.height)")
  }

  @Test(arguments: sizes)
  func twoLiveRuns(_ size: Size) throws {
    let project = try twoRuns()
    var state = try project.state(size)
    try expectGolden(state.frame().text, "overview-live-\(size.width)x\(size.height)")
    state.press("2", "space", "j", "space")
    try expectGolden(state.frame().text, "runs-live-\(size.width)x\(size.height)")
    state.press("tab")
    if size.width == 40 { try expectGolden(state.frame().text, "runs-live-curves-40x12") }
  }

  @Test func colours() throws {
    let project = try twoRuns()
    var state = try project.state(Size(width: 80, height: 24))
    try expectGolden(state.frame().styledText, "overview-live-styled")
    state.press("2", "space", "j", "space")
    try expectGolden(state.frame().styledText, "runs-live-styled")
  }

  @Test func withoutColoursLettersRepeatAndAsciiIsAscii() throws {
    let project = try twoRuns()
    var state = try project.state(Size(width: 80, height: 24))
    state.isMono = true
    state.glyphs = .ascii
    state.settle()
    let text = state.frame().text
    #expect(text.unicodeScalars.allSatisfy { $0.isASCII })
    try expectGolden(text, "overview-live-ascii")
  }

  @Test(arguments: large)
  func notANumber(_ size: Size) throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("lr-1e-2", steps: 52, curve: .init(notANumberAt: 52))
    let state = try project.state(size, screen: .runs)
    #expect(state.alertCount == 1)
    try expectGolden(state.frame().text, "runs-nan-\(size.width)x\(size.height)")
  }

  @Test(arguments: large)
  func crashed(_ size: Size) throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 47)
    project.kill(run)
    let state = try project.state(size, screen: .runs)
    #expect(state.runs.first?.state == .crashed)
    try expectGolden(state.frame().text, "runs-crashed-\(size.width)x\(size.height)")
  }

  @Test(arguments: large)
  func resumed(_ size: Size) throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("factual-60", steps: 47)
    project.kill(run)
    try project.revive(run)
    let again = TemporaryProject.now.addingTimeInterval(-60)
    try project.store.resumeRun(run, fromStep: 40, at: again)
    try project.store.updateRun(run) { $0.state = .running }
    try project.train(run, steps: 41...75, from: again, segment: 1, curve: .init(floor: 1.2))
    var state = try project.state(size, screen: .runs)
    try expectGolden(state.frame().text, "runs-resumed-\(size.width)x\(size.height)")
    // Along the time trained nothing doubles back, and the hours between do not count.
    state.press("x", "x")
    let clock = TrainingClock(
      run: try project.store.run(run), segments: try project.store.segments(run: run),
      points: state.histories[run]?[.trainLoss] ?? MetricHistory())
    let times = (state.histories[run]?.current(.trainLoss) ?? []).map(clock.seconds)
    #expect(times.count == 75)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    #expect(abs((times.last ?? 0) - 75 * 1.5) < 10)
  }

  @Test func hostileAnswersAreHarmless() throws {
    let project = try twoRuns()
    var state = try project.state(Size(width: 120, height: 50), screen: .runs)
    state.press("tab", "tab", "tab", "j")
    let text = state.frame().text
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
    #expect(text.contains("red clipboard"))
    #expect(!text.contains("aGk="))
  }

  @Test func everySizeDraws() throws {
    let project = try twoRuns()
    var state = try project.state()
    for screen in WorkbenchState.Screen.allCases {
      state.screen = screen
      for width in [0, 1, 2, 39, 40, 79, 80, 110, 160, 250] {
        for height in [0, 1, 3, 6, 12, 20, 24, 60] {
          state.size = Size(width: width, height: height)
          for overlay in ["", "n", "?", ":", "q"] {
            state.overlay = nil
            if !overlay.isEmpty { state.press(overlay) }
            state.settle()
            #expect(state.frame().size == state.size)
          }
        }
      }
    }
  }
}
