import Jobs
import TerminalUI
import Testing

@testable import Workbench

/// The form for a new run.
@Suite struct NewRunTests {
  private var state: WorkbenchState

  init() throws {
    state = try TemporaryProject().state(Size(width: 80, height: 24))
    state.newRunDefaults.model = "tiny"
    state.newRunDefaults.settings.loraR = 4
    state.press("n")
  }

  /// Goes to a field by its label and replaces its text.
  private mutating func fill(_ label: String, _ text: String) {
    for _ in 0..<30 where !isFocused(label) { state.press("tab") }
    state.press("^u")
    state.type(text)
    state.settle()
  }

  private func isFocused(_ label: String) -> Bool {
    state.frame().text.contains("▌ \(label)")
  }

  @Test func startsWithTheProjectsDefaults() throws {
    var state = state
    let request = try #require(state.press("enter").requests.first)
    #expect(request.model == "tiny")
    #expect(request.name == nil)
    #expect(request.filter.isEmpty)
    #expect(request.limit == nil)
    var expected = TrainingSettings()
    expected.loraR = 4
    #expect(request.settings == expected)
    #expect(state.press("enter").requests.isEmpty, "it is starting already")
  }

  @Test func asksForWhatWasEntered() throws {
    var test = self
    test.fill("Name", "factual-60")
    test.fill("Category", "")
    test.state.press("right")
    test.fill("Only pairs where", "source=cooling|storage")
    test.fill("Pairs at most", "60")
    test.fill("Learning rate", "5e-4")
    test.fill("Steps", "40")
    let request = try #require(test.state.press("enter").requests.first)
    #expect(request.name == "factual-60")
    #expect(request.filter == ["category=factual", "source=cooling|storage"])
    #expect(request.limit == 60)
    #expect(request.settings.learningRate == 5e-4)
    #expect(request.settings.maxSteps == 40)
  }

  @Test(
    arguments: [
      ("Model", "", "Model must not be empty"),
      ("Only pairs where", "colour=red", "asks for “colour”"),
      ("Pairs at most", "0", "Pairs at most must be a whole number from 1"),
      ("Learning rate", "-1", "Learning rate must be a number above 0"),
      ("Learning rate", "quick", "Learning rate must be a number above 0"),
      ("LoRA rank", "1.5", "LoRA rank must be a whole number from 1 to 1024"),
      ("Seed", "", "Seed must not be empty"),
    ])
  func checksEveryField(_ label: String, _ text: String, _ message: String) {
    var test = self
    test.fill(label, text)
    #expect(test.state.press("enter").isEmpty)
    let drawing = test.state.frame().text
    #expect(drawing.contains(message), "\(drawing)")
    #expect(test.isFocused(label))
  }

  @Test func aFailureLosesNothing() throws {
    var test = self
    test.fill("Name", "keep-me")
    #expect(test.state.press("enter").requests.count == 1)
    #expect(test.state.frame().text.contains("Starting"))
    test.state.started(.failure(LaunchError("The model needs 9.1 GB, and 3.2 GB are free.")))
    var drawing = test.state.frame().text
    #expect(drawing.contains("The model needs 9.1 GB, and 3.2 GB are free."))
    #expect(drawing.contains("keep-me"))
    test.state.press("tab")
    drawing = test.state.frame().text
    #expect(!drawing.contains("9.1 GB"))
    #expect(test.state.press("enter").requests.first?.name == "keep-me")
    test.state.started(.success("r7k2"))
    #expect(!test.state.hasOverlay)
    #expect(test.state.runList.selected == "r7k2")
  }

  @Test func drawing() throws { try expectGolden(state.frame().text, "new-run-80x24") }
}
