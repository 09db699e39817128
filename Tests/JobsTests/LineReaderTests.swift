import Foundation
import Testing

@testable import Jobs

@Suite struct LineReaderTests {
  private func lines(_ data: Data) throws -> [String] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try data.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var reader = LineReader(try FileHandle(forReadingFrom: file), file: "f")
    var lines: [String] = []
    while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(reader.number == lines.count)
    return lines
  }

  @Test func lineBreaksEndLines() throws {
    #expect(try lines(Data()) == [])
    #expect(try lines(Data("\n".utf8)) == [""])
    #expect(try lines(Data("a\n\nb\r\nc".utf8)) == ["a", "", "b\r", "c"])
    #expect(try lines(Data("a\n".utf8)) == ["a"])
    // Over the seams of what is read at once.
    let long = (0..<40).map { String(repeating: "\($0 % 10)", count: 99_999) }
    #expect(try lines(Data(long.joined(separator: "\n").utf8)) == long)
  }

  @Test("a device without end is given up")
  func endless() throws {
    var reader = LineReader(try #require(FileHandle(forReadingAtPath: "/dev/zero")), file: "/dev/zero")
    let error = #expect(throws: LineError.self) { try reader.next() }
    #expect(error?.description == "/dev/zero:1: the line is longer than 16777216 bytes")
  }

  @Test func aFolderIsNamed() throws {
    guard let handle = FileHandle(forReadingAtPath: "/etc") else { return }
    var reader = LineReader(handle, file: "/etc")
    let error = #expect(throws: LineError.self) { try reader.next() }
    #expect(error?.description == "/etc: Is a directory")
  }
}
