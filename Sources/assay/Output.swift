import Foundation

// stdout is data, stderr is messages. Whoever reads them may be gone, like the terminal of a lost ssh session: what is
// said to nobody is no reason to end a run, so errors of writing are left unheard.

func standardOutput(_ text: String) {
  try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
}

/// A whole line at once, so that readers of a pipe see events as they come.
func writeLine(_ text: String) { standardOutput(text + "\n") }

/// One line for people.
func standardError(_ text: String, terminator: String = "\n") {
  try? FileHandle.standardError.write(contentsOf: Data((text + terminator).utf8))
}

/// A message that may quote a file: one line without control characters, its middle left out when it is very long.
func oneLine(_ message: String) -> String {
  let (longest, end) = (1000, 300)
  let line = visible(message).unicodeScalars
  guard line.count > longest else { return String(line) }
  return String(line.prefix(longest - end)) + " … " + String(line.suffix(end))
}

/// Text of data or models for a terminal: one line, control characters shown, not obeyed.
func visible(_ text: String) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control:
      result.append(
        scalar == "\n" || scalar == "\t" ? " " : Unicode.Scalar(0x2400 + (scalar.value & 0x1F)) ?? "?")
    case .format where (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value):
      result.append("?")
    default: result.append(scalar)
    }
  }
  return String(result)
}
