import Foundation
import Testing

@testable import Jobs

@Suite struct PairFileTests {
  private let row = #"{"question":"Q","answer":"A"}"#

  private func file(_ text: String) -> PairFile {
    PairFile(Data(text.utf8), file: "d.jsonl", importedFrom: "/d.jsonl")
  }

  @Test func linesAreCountedAndJudgedOneByOne() {
    let read = file("\(row)\r\n\n  \nx\n\(row)\n{\"question\":\"Q\"}\n[[[]]]\n\(row)")
    #expect(read.pairs.map(\.line) == [1, 5, 8])
    #expect(read.pairs.allSatisfy { $0.importedFrom == "/d.jsonl" })
    #expect(
      read.rejected.map(\.description) == [
        "d.jsonl:4: not a JSON object", "d.jsonl:6: “answer” is missing or empty",
        "d.jsonl:7: not a JSON object",
      ])
    #expect(read.rejectedCount == 3)
  }

  @Test("no line is guessed to be of another encoding")
  func onlyUTF8() throws {
    let utf16 = try #require("\(row)\n\(row)\n".data(using: .utf16LittleEndian))
    let read = PairFile(utf16 + Data([0x22, 0xFF, 0x0A]), file: "d.jsonl", importedFrom: "/d.jsonl")
    #expect(read.pairs.isEmpty)
    #expect(Set(read.rejected.map(\.problem)) == ["not UTF-8 text"])
    #expect(file("\u{FEFF}\(row)").pairs.count == 1)
  }

  @Test("a line that would exhaust the parser is left out")
  func longLines() {
    let count = PairFile.longestLine + 1
    let read = file(row + "\n[" + String(repeating: "1", count: count - 1) + "\n" + row)
    #expect(read.pairs.map(\.line) == [1, 3])
    #expect(read.rejected.map(\.problem) == ["\(count) bytes in one line, more than \(count - 1)"])
  }

  @Test("of very many bad lines the first are described, all counted")
  func manyBadLines() {
    let read = file(String(repeating: "x\n", count: 3000))
    #expect(read.rejected.count == PairFile.mostRejected)
    #expect(read.rejectedCount == 3000)
  }

  @Test func deepNestingIsNoObject() {
    #expect(file(String(repeating: "[", count: 100_000)).rejected.map(\.problem) == ["not a JSON object"])
    #expect(file(String(repeating: #"{"question":"#, count: 50_000)).rejectedCount == 1)
  }

  @Test("a run's frozen pairs that were damaged are named")
  func damagedRunData() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("data.jsonl")
    for (bytes, problem) in [
      (Data(), ": no row of it is for training"), (Data([0xFF]), ": not UTF-8 text"),
      (Data("{".utf8), ":1: not a JSON object"),
    ] {
      try bytes.write(to: file)
      let error = #expect(throws: LineError.self) { try RunData.read(from: folder) }
      #expect(error?.description == file.path + problem)
    }
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func refusal(_ path: String) -> String? {
      do {
        _ = try PairFile(path: path)
        return nil
      } catch { return "\(error)" }
    }
    let pipe = folder.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(refusal(pipe) == "\(pipe): not a regular file")
    #expect(refusal("/dev/zero") == "/dev/zero: not a regular file")
    #expect(refusal(folder.path) == "\(folder.path): this is a folder, not a file")
    let empty = folder.appendingPathComponent("empty").path
    try Data().write(to: URL(fileURLWithPath: empty))
    #expect(refusal(empty) == "\(empty):1: the file is empty")
  }
}
