import Foundation
import ProjectStore
import TerminalUI
import Testing

@testable import Workbench

@Suite struct ExportTests {
  private func state(_ project: TemporaryProject) throws -> WorkbenchState {
    var state = try project.state(Size(width: 120, height: 36))
    state.press("2")
    return state
  }

  @Test func keysAskForAFileAndItsNameForTheFormat() throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("lora/60 a", steps: 30)
    var state = try state(project)
    state.press("E")
    #expect(state.frame().text.contains("loss-lora-60-a.svg"))
    state.press("^u")
    state.type("curves.pdf")
    #expect(state.press("enter").isEmpty)
    #expect(state.frame().text.contains("must end in .svg, .txt, .csv or .jsonl"))
    state.press("^u")
    state.type("curves.CSV")
    guard case .export("curves.CSV")? = state.press("enter").first else {
      Issue.record("no export was asked for")
      return
    }
    #expect(state.overlay == nil)
  }

  @Test func tablesHaveEveryPointThatIsKept() throws {
    let project = try TemporaryProject()
    let run = try project.addLiveRun("a", steps: 30, curve: .init(notANumberAt: 12))
    var state = try state(project)
    state.press("z", "right")
    let rows = try state.exported(.csv).split(separator: "\n")
    #expect(rows.count == 1 + 30 + 3)
    #expect(rows.contains { $0.hasPrefix("\(run),a,train_loss,0,false,12,") && $0.hasSuffix(",NaN") })
    #expect(try state.exported(.jsonl).split(separator: "\n").count == 33)
    state.press("w")
    #expect(try state.exported(.csv).split(separator: "\n").count == 1 + 5 * 30 + 3)
  }

  @Test func drawingsAreThoseOfTheScreen() throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("a", steps: 30)
    var state = try state(project)
    state.press("y")
    let svg = try state.exported(.svg)
    #expect(svg.contains("Loss · x step · EMA 0.9 · log y"))
    #expect(try state.exported(.txt).contains("╭ Loss · x step"))
    state.press("w")
    let all = try state.exported(.svg)
    #expect(all.contains("learning rate") && all.contains("gradient norm"))
  }

  @Test func nothingIsOverwrittenAndNothingHalfWritten() throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("a", steps: 30)
    let state = try state(project)
    let path = try state.writeExport("curves.svg", in: project.folder)
    #expect(path == project.folder.appendingPathComponent("curves.svg").path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(throws: (any Error).self) { try state.writeExport("curves.svg", in: project.folder) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(throws: (any Error).self) { try state.writeExport("missing/curves.svg", in: project.folder) }

    let empty = try TemporaryProject()
    #expect(throws: ChartFileError.self) { try self.state(empty).writeExport("x.svg", in: empty.folder) }
    #expect(!FileManager.default.fileExists(atPath: empty.folder.appendingPathComponent("x.svg").path))
  }

  @Test func copiesWhatTheCursorReads() throws {
    let project = try TemporaryProject()
    _ = try project.addLiveRun("a\u{1B}[31m", steps: 30)
    var state = try state(project)
    guard case .copy(let newest)? = state.press("Y").first else {
      Issue.record("nothing was copied")
      return
    }
    #expect(newest.split(separator: "\n").count == 2)
    #expect(newest.hasPrefix("a\ttrain_loss\t"))
    #expect(newest.contains("\tstep\t30"))
    state.press("right", "right")
    let cursor = try #require(state.options.cursor)
    guard case .copy(let text)? = state.press("Y").first else {
      Issue.record("nothing was copied")
      return
    }
    #expect(text.contains("\tstep\t\(cursor)"))
    let history = try #require(state.histories.values.first)
    let value = try #require(history[.trainLoss].first { Double($0.step) == cursor }).value
    #expect(text.contains("a\ttrain_loss\t\(Float(value))\t"))
  }
}
