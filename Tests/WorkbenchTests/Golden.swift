import Foundation
import Testing

/// Compares a drawing with the text in `Goldens/NAME.txt`. With `ASSAY_UPDATE_GOLDENS=1` the file is written
/// instead; look at the difference before committing it.
func expectGolden(_ drawing: String, _ name: String, location: SourceLocation = #_sourceLocation) throws {
  let text = drawing + "\n"
  if ProcessInfo.processInfo.environment["ASSAY_UPDATE_GOLDENS"] == "1" {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
    try text.write(to: folder.appendingPathComponent("\(name).txt"), atomically: true, encoding: .utf8)
    return
  }
  let url = try #require(
    Bundle.module.url(forResource: name, withExtension: "txt", subdirectory: "Goldens"),
    "no golden \(name).txt", sourceLocation: location)
  let golden = try String(contentsOf: url, encoding: .utf8)
  #expect(text == golden, sourceLocation: location)
}
