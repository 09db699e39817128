import Foundation
import QAData

/// The text of a PDF, by poppler's `pdftotext`, if that is installed.
enum PDFText {
  /// A page takes milliseconds; a file that takes longer is broken, or made to be.
  private static let timeLimit = 120.0
  private static let mostBytes = 256 << 20

  /// - Throws: `DocumentError` with one line on what to do.
  static func read(_ path: String) throws -> Data {
    guard let program = executable else {
      throw DocumentError(
        path: path, reason: "PDF needs pdftotext, which is not installed: apt-get install poppler-utils")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    // A name that begins with a dash is no option.
    let file = path.hasPrefix("/") ? path : "./" + path
    process.arguments = ["-enc", "UTF-8", "-q", file, "-"]
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw DocumentError(path: path, reason: "pdftotext could not be started")
    }
    let deadline = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeLimit, execute: deadline)
    defer { deadline.cancel() }
    var text = Data()
    while let part = try? output.fileHandleForReading.read(upToCount: 1 << 20), !part.isEmpty {
      text += part
      if text.count > mostBytes {
        process.terminate()
        throw DocumentError(path: path, reason: "its text is larger than \(mostBytes >> 20) MB")
      }
    }
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw DocumentError(path: path, reason: "pdftotext could not read it")
    }
    return text
  }

  private static var executable: String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/pdftotext" }
      .first(where: FileManager.default.isExecutableFile)
  }
}
