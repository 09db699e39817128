import CEmbeddedFiles
import Foundation
import ModelFiles
import ProjectStore

/// Reads question–answer pairs from JSON lines: `{"question", "answer"}`, and `category`, `source` and `split` where
/// they are known.
public struct PairFile: Sendable {
  /// Room for about a million pairs, all of which are held in memory.
  static let maximumBytes = 256 << 20
  /// The parser takes many times the memory of the line it reads.
  static let longestLine = 16 << 20
  /// How many left-out lines are described; the rest are only counted.
  static let mostRejected = 1000

  public private(set) var pairs: [QAPair] = []
  /// Lines that were left out, and why: the first ``mostRejected``.
  public private(set) var rejected: [LineError] = []
  /// All lines that were left out.
  public private(set) var rejectedCount = 0

  /// - Throws: when the file cannot be read, or no line of it holds a pair.
  public init(path: String) throws {
    let data = try Data(regularFile: path, upTo: Self.maximumBytes)
    self.init(data, file: path, importedFrom: URL(fileURLWithPath: path).standardizedFileURL.path)
    if pairs.isEmpty { throw rejected.first ?? LineError(file: path, line: 1, problem: "the file is empty") }
  }

  /// Whether a file is one of pairs and not of documents: its first line that says anything is an object with a question.
  public static func holdsPairs(_ path: String) -> Bool {
    let ending = path.lowercased().split(separator: ".").last ?? ""
    guard ending == "jsonl" || ending == "ndjson", let handle = FileHandle(forReadingAtPath: path) else {
      return false
    }
    defer { try? handle.close() }
    guard let beginning = try? handle.read(upToCount: 1 << 20) else { return false }
    let lines = beginning.split(separator: UInt8(ascii: "\n")).prefix(20)
    let objects = lines.lazy.compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0))) as? [String: Any]
    }
    return objects.first?["question"] != nil
  }

  /// The data-center pairs that come with the program.
  public static var sample: PairFile {
    PairFile(
      Data(String(cString: embedded_datacenter_qa()).utf8), file: "datacenter-qa.jsonl",
      importedFrom: "sample-data/datacenter-qa.jsonl")
  }

  init(_ data: Data, file: String, importedFrom: String) {
    var number = 0
    var start = data.startIndex
    while start < data.endIndex {
      let end = data[start...].firstIndex(of: UInt8(ascii: "\n")) ?? data.endIndex
      let line = data[start..<end]
      start = min(end + 1, data.endIndex)
      number += 1
      do {
        guard var pair = try Self.pair(line) else { continue }
        pair.importedFrom = importedFrom
        pair.line = number
        pairs.append(pair)
      } catch {
        rejectedCount += 1
        guard rejected.count < Self.mostRejected else { continue }
        rejected.append(LineError(file: file, line: number, problem: error.description))
      }
    }
  }

  /// Why a line is left out.
  private struct Rejection: Error {
    var description: String

    init(_ description: String) { self.description = description }
  }

  /// - Returns: nil for a blank line.
  private static func pair(_ line: Data) throws(Rejection) -> QAPair? {
    guard line.count <= longestLine else {
      throw Rejection("\(line.count) bytes in one line, more than \(longestLine)")
    }
    guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return nil }
    guard JSONLines.isUTF8(line) else { throw Rejection("not UTF-8 text") }
    guard let row = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any] else {
      throw Rejection("not a JSON object")
    }
    guard let question = row["question"] as? String, !question.allSatisfy(\.isWhitespace) else {
      throw Rejection("“question” is missing or empty")
    }
    guard let answer = row["answer"] as? String, !answer.allSatisfy(\.isWhitespace) else {
      throw Rejection("“answer” is missing or empty")
    }
    let category = (row["category"] as? String).flatMap(QAPair.Category.init(rawValue:))
    if let named = row["category"] as? String, category == nil {
      throw Rejection("category “\(named)” is neither factual nor conceptual")
    }
    let split = (row["split"] as? String).flatMap(QAPair.Split.init(rawValue:))
    if let named = row["split"] as? String, split == nil {
      throw Rejection("split “\(named)” is none of train, eval and test")
    }
    return QAPair(
      question: question, answer: answer, category: category, split: split, source: row["source"] as? String)
  }
}
