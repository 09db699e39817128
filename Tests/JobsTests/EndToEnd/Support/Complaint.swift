import Testing

/// A command that failed: exit code 1, nothing on stdout, and one line on stderr that names what is wrong.
func expectOneLine(
  _ result: ChildProcess.Result, naming words: String..., sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(result.ending == .exit(1), sourceLocation: sourceLocation)
  #expect(result.output.isEmpty, sourceLocation: sourceLocation)
  let lines = result.errors.split(separator: "\n")
  #expect(lines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(result.errors.hasPrefix("assay: "), "\(result.errors)", sourceLocation: sourceLocation)
  for word in words {
    #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
  }
}
