import Foundation
import ProjectStore

/// The lines of a file, pipe or device as they come: the whole need not fit into memory, nor end.
public struct LineReader {
  /// A longer line is no text that anyone wrote, and would be held in memory.
  public static let longestLine = 16 << 20

  private let handle: FileHandle
  private let file: String
  private var buffer = Data()
  /// Bytes of the buffer that hold no line break.
  private var searched = 0
  private var atEnd = false
  /// The number of the line that was read last; the first is 1.
  public private(set) var number = 0

  /// - Parameter file: how errors name the origin.
  public init(_ handle: FileHandle, file: String) {
    self.handle = handle
    self.file = file
  }

  /// The next line, without its line break; nil at the end.
  ///
  /// - Throws: ``LineError`` when reading fails or the line is too long.
  public mutating func next() throws -> Data? {
    while true {
      if let end = buffer[(buffer.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(buffer[..<end])
        buffer = buffer[(end + 1)...]
        searched = 0
        number += 1
        return line
      }
      searched = buffer.count
      guard searched <= Self.longestLine else {
        throw LineError(
          file: file, line: number + 1, problem: "the line is longer than \(Self.longestLine) bytes")
      }
      guard !atEnd else {
        guard !buffer.isEmpty else { return nil }
        defer { buffer = Data() }
        searched = 0
        number += 1
        return buffer
      }
      try fill()
    }
  }

  private mutating func fill() throws {
    do {
      let more = try handle.read(upToCount: 1 << 20) ?? Data()
      atEnd = more.isEmpty
      // A fresh copy, so that lines already read are let go.
      buffer = Data(buffer) + more
    } catch {
      throw LineError(file: file, line: 0, problem: error.systemReason)
    }
  }
}
