import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

/// How the screens are looked at lasts from one session to the next.
@Suite struct ViewStateTests {
  private let project: TemporaryProject
  private let run: Run.ID
  private var file: URL { project.folder.appendingPathComponent("view.json") }

  init() throws {
    project = try TemporaryProject()
    run = try project.addLiveRun("factual-60", steps: 20)
    _ = try project.addLiveRun("conceptual-60", steps: 10)
  }

  @Test func everythingComesBack() throws {
    var state = try project.state()
    state.press("2", "j", "space", "o", "o", "o", "A", "f", "x", "y", "+", "/")
    state.type("step>5")
    state.press("enter")
    let kept = ViewFile(file)
    kept.begin(with: ViewState(try project.state(), theme: nil))
    kept.keep(ViewState(state, theme: "light"))
    kept.flush()
    let read = try #require(ViewFile(file).read().view)
    #expect(read.theme == "light")
    var again = WorkbenchState(projectName: "data-center", size: state.size, now: state.now)
    #expect(read.apply(to: &again) == nil)
    var bookmark = ProjectBookmark()
    again.apply(try bookmark.read(project.store))
    again.settle()
    #expect(again.screen == .runs && again.runList.marked == [run])
    #expect(again.runList.wish == state.runList.wish && again.runList.wish.sort == RunSort(.progress))
    #expect(!again.runList.showsDetails && again.options == state.options)
    #expect(ViewState(again, theme: "light") == read)
  }

  @Test func aFilterOfMetricsComesBackAndABrokenOneDoesNot() throws {
    var state = try project.state()
    state.press("2", "w", "tab", "/")
    state.type("loss|norm")
    #expect(ViewState(state, theme: nil).metricFilter == "", "It may be dropped yet")
    state.press("enter")
    var view = ViewState(state, theme: nil)
    var again = try project.state()
    #expect(view.apply(to: &again) == nil)
    #expect(again.options.metricFilter.text == "loss|norm")
    view.metricFilter = "(((("
    #expect(view.apply(to: &again) == nil)
    #expect(again.options.metricFilter.isEmpty)
  }

  @Test func onlyChangesAreWritten() throws {
    var state = try project.state()
    let kept = ViewFile(file)
    kept.begin(with: ViewState(state, theme: nil))
    kept.keep(ViewState(state, theme: nil))
    state.press("j", "?", "esc")
    kept.keep(ViewState(state, theme: nil))
    kept.flush()
    #expect(!FileManager.default.fileExists(atPath: file.path))
    // What is being typed is not kept.
    state.press("2", "/")
    state.type("factual")
    kept.keep(ViewState(state, theme: nil))
    kept.flush()
    #expect(ViewFile(file).read().view?.filter == "")
    let before = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? UInt64
    kept.keep(ViewState(state, theme: nil))
    kept.flush()
    let after = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? UInt64
    #expect(before == after, "an atomic write would have made another file")
    // There and back again is no change.
    state.press("enter", "esc")
    kept.keep(ViewState(state, theme: nil))
    kept.flush()
    #expect(ViewFile(file).read().view?.filter == "")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: project.folder.path).filter {
        $0.hasPrefix("view")
      } == ["view.json"])
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}", "{\"version\":\"1\"}", "{\"version\":1e999}", "\u{0}\u{1}",
    "{\"version\":1,\"smoothing\":NaN}",
  ])
  func aDamagedFileIsIgnoredWithANote(_ text: String) throws {
    try Data(text.utf8).write(to: file)
    let read = ViewFile(file).read()
    #expect(read.view == nil)
    #expect(read.problem == "view.json is damaged, so the screen begins afresh.")
  }

  @Test func otherVersionsAndHugeFilesAreIgnoredWithANote() throws {
    try Data("{\"version\":2,\"screen\":{\"new\":true}}".utf8).write(to: file)
    #expect(ViewFile(file).read().problem?.contains("another version's") == true)
    try Data("{\"version\":1}".utf8).write(to: file)
    #expect(ViewFile(file).read().view != nil)
    let huge = "{\"version\":1,\"filter\":\"" + String(repeating: "x", count: 2 << 20) + "\"}"
    try Data(huge.utf8).write(to: file)
    #expect(ViewFile(file).read().problem?.contains("cannot be read") == true)
    try FileManager.default.removeItem(at: file)
    #expect(ViewFile(file).read() == (nil, nil))
    try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
    #expect(ViewFile(file).read().view == nil)
  }

  @Test func unknownAndHostileValuesLeaveTheUsual() throws {
    let marks = (0..<5000).map { "\"m\($0)\"" }.joined(separator: ",")
    let text = """
      {"version":1,"screen":"holograms","sort":"luck","sortsDescending":"yes","progress":"parsecs","lossScale":7,
       "smoothing":1e308,"marked":[\(marks)],"showsArchived":3,"filter":"eval<low","extra":[1,2],"theme":5}
      """
    try Data(text.utf8).write(to: file)
    let view = try #require(ViewFile(file).read().view)
    var state = try project.state()
    let problem = view.apply(to: &state)
    #expect(problem?.hasPrefix("The filter of the last time is not understood") == true)
    state.settle()
    #expect(state.screen == .overview && state.options.progress == .step && state.options.smoothing == 0.999)
    #expect(state.runList.wish == RunListing.Wish() && state.runList.showsDetails)
    #expect(state.runList.marked.count == 1000, "until the store tells what runs there are")
    var bookmark = ProjectBookmark()
    state.apply(try bookmark.read(project.store))
    #expect(state.runList.marked.isEmpty && view.theme == nil)
    for smoothing in ["-5", "0.5", "1e-300"] {
      try Data("{\"version\":1,\"smoothing\":\(smoothing)}".utf8).write(to: file)
      _ = ViewFile(file).read().view?.apply(to: &state)
      #expect((0...0.999).contains(state.options.smoothing))
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNoFailure() throws {
    let kept = ViewFile(URL(fileURLWithPath: "/proc/no/view.json"))
    var state = try project.state()
    kept.begin(with: ViewState(state, theme: nil))
    state.press("2")
    kept.keep(ViewState(state, theme: nil))
    kept.flush()
    #expect(kept.read() == (nil, nil))
  }
}
