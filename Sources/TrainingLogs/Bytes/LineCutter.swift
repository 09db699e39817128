/// Cuts a growing file into lines. A line counts only with the line break at its end.
struct LineCutter: Sendable {
  /// Of the lines cut so far; the first is 1.
  private(set) var number = 0
  /// Inside a line that is too long for anything that is read here.
  private var isSkipping = false

  /// Calls `body` with every complete line of the window, without its line break (LF or CRLF).
  ///
  /// - Parameter tail: asked about the bytes after the last line break when the file ends there: whether they were
  ///   complete in themselves, and have been used.
  /// - Returns: how many bytes were consumed.
  mutating func cut(
    _ window: LogWindow, into output: inout LogOutput,
    tail: (ArraySlice<UInt8>, inout LogOutput) -> Bool = { _, _ in false },
    body: (ArraySlice<UInt8>, Int, inout LogOutput) -> Void
  ) -> Int {
    let bytes = window.bytes
    var start = 0
    while let end = bytes[start...].firstIndex(of: 0x0a) {
      number += 1
      if isSkipping {
        isSkipping = false
      } else {
        let isCRLF = end > start && bytes[end - 1] == 0x0d
        body(bytes[start..<(isCRLF ? end - 1 : end)], number, &output)
      }
      start = end + 1
    }
    let rest = bytes[start...]
    guard !rest.isEmpty else { return start }
    if isSkipping { return bytes.count }
    if window.reachesEnd, tail(rest, &output) { return bytes.count }
    if start == 0, window.isLargest {
      isSkipping = true
      output.notes.count(.longLines, at: "line \(number + 1)")
      return bytes.count
    }
    return start
  }
}
