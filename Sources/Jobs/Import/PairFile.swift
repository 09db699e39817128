import CEmbeddedFiles
import Foundation
import ProjectStore

/// Reads question–answer pairs from JSON lines: `{"question", "answer"}`, and `category`, `source` and `split` where
/// they are known.
public struct PairFile: Sendable {
  public var pairs: [QAPair]
  /// Lines that were left out, and why.
  public var rejected: [LineError]

  /// - Throws: when the file cannot be read, or no line of it holds a pair.
  public init(path: String) throws {
    let url = URL(fileURLWithPath: path)
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw LineError(file: path, line: 0, problem: "cannot be read: \(error.systemReason)")
    }
    self.init(data, file: path, importedFrom: url.standardizedFileURL.path)
    if pairs.isEmpty { throw rejected.first ?? LineError(file: path, line: 1, problem: "the file is empty") }
  }

  /// The data-center pairs that come with the program.
  public static var sample: PairFile {
    PairFile(
      Data(String(cString: embedded_datacenter_qa()).utf8), file: "datacenter-qa.jsonl",
      importedFrom: "sample-data/datacenter-qa.jsonl")
  }

  private init(_ data: Data, file: String, importedFrom: String) {
    pairs = []
    rejected = []
    for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
      func reject(_ problem: String) {
        rejected.append(LineError(file: file, line: index + 1, problem: problem))
      }
      guard let row = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any] else {
        reject("not a JSON object")
        continue
      }
      guard let question = row["question"] as? String, !question.allSatisfy(\.isWhitespace) else {
        reject("“question” is missing or empty")
        continue
      }
      guard let answer = row["answer"] as? String, !answer.allSatisfy(\.isWhitespace) else {
        reject("“answer” is missing or empty")
        continue
      }
      let category = (row["category"] as? String).flatMap(QAPair.Category.init(rawValue:))
      if let named = row["category"] as? String, category == nil {
        reject("category “\(named)” is neither factual nor conceptual")
        continue
      }
      let split = (row["split"] as? String).flatMap(QAPair.Split.init(rawValue:))
      if let named = row["split"] as? String, split == nil {
        reject("split “\(named)” is none of train, eval and test")
        continue
      }
      pairs.append(
        QAPair(
          question: question, answer: answer, category: category, split: split,
          source: row["source"] as? String, importedFrom: importedFrom, line: index + 1))
    }
  }
}
