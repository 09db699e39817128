import Foundation
import TerminalUI
import Testing

@testable import Workbench

/// The README shows what the program draws: its capture is made by a script.
@MainActor @Suite struct ReadmeCaptureTests {
  private nonisolated static let readme = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("README.md")

  /// With `ASSAY_UPDATE_GOLDENS=1` the README's first block is written anew instead.
  @Test func runsScreen() async throws {
    var capture = ""
    try await Screen.script(on: ReadmeProject.make(), Size(width: 120, height: 33)) { screen in
      await screen.press("2", "space", "j", "space", "k")
      capture = screen.text
    }
    let text = try String(contentsOf: Self.readme, encoding: .utf8)
    let fence = "```\n"
    let start = try #require(text.firstRange(of: fence)?.upperBound)
    let end = try #require(text[start...].firstRange(of: fence)?.lowerBound)
    if ProcessInfo.processInfo.environment["ASSAY_UPDATE_GOLDENS"] == "1" {
      let updated = text[..<start] + capture + "\n" + text[end...]
      try String(updated).write(to: Self.readme, atomically: true, encoding: .utf8)
      return
    }
    #expect(text[start..<end] == capture + "\n")
  }
}
