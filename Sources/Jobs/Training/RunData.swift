import FineTuning
import Foundation
import LanguageModels
import ModelFiles
import ProjectStore

/// The pairs of one run, frozen when it starts: relabelling or re-importing later does not change what a resumed run
/// trains on. Kept as `data.jsonl` in the run's folder.
public struct RunData: Sendable, Equatable {
  public struct Row: Codable, Sendable, Equatable {
    /// The pair's number in the project.
    public var id: Int
    public var question: String
    public var answer: String
    public var category: String?
    /// File and line, or the pair's number: what messages call it.
    public var place: String
  }

  public var training: [Row]
  public var evaluation: [Row]

  static let fileName = "data.jsonl"

  /// Chooses pairs: those of split `train` (or of none) are trained on, those of split `eval` evaluated. Where no
  /// pair has a split, every tenth is held out. Pairs of split `test` are never touched.
  ///
  /// - Parameters:
  ///   - limit: at most this many training pairs, drawn by the seed.
  public static func choose(
    from store: ProjectStore, filter terms: [String], limit: Int?, seed: UInt64
  ) throws -> RunData {
    let filter = try PairFilter(parsing: terms)
    let pairs = try store.pairs(where: filter).filter { $0.split != .test }
    let text = terms.joined(separator: ",")
    guard !pairs.isEmpty else { throw RunError.noPairs(filter: text, inProject: try store.pairCount()) }
    var training = pairs.filter { $0.split != .eval }
    var evaluation = pairs.filter { $0.split == .eval }
    var random = SplitMix64(seed: SplitMix64.mix(seed ^ 0xD))
    if pairs.allSatisfy({ $0.split == nil }), training.count >= 10 {
      let held = Set(training.indices.shuffled(using: &random).prefix(training.count / 10))
      evaluation = held.sorted().map { training[$0] }
      training = training.indices.filter { !held.contains($0) }.map { training[$0] }
    }
    if let limit, limit < training.count {
      training = training.indices.shuffled(using: &random).prefix(limit).sorted().map { training[$0] }
    }
    guard training.count >= 2 else { throw RunError.tooFewPairs(count: training.count, filter: text) }
    return RunData(training: training.map(row), evaluation: evaluation.map(row))
  }

  private static func row(_ pair: QAPair) -> Row {
    let place: String
    if let file = pair.importedFrom, let line = pair.line {
      place = "\(URL(fileURLWithPath: file).lastPathComponent):\(line)"
    } else {
      place = "pair \(pair.id)"
    }
    return Row(
      id: Int(pair.id), question: pair.question, answer: pair.answer, category: pair.category?.rawValue,
      place: place)
  }

  // MARK: - In the run's folder

  private struct Line: Codable {
    var split: String
    var row: Row
  }

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lines =
      training.map { Line(split: "train", row: $0) } + evaluation.map { Line(split: "eval", row: $0) }
    var data = Data()
    for line in lines {
      data += try encoder.encode(line)
      data.append(UInt8(ascii: "\n"))
    }
    try AtomicReplacement.file(at: folder.appendingPathComponent(Self.fileName), content: data)
  }

  static func read(from folder: URL) throws -> RunData {
    let file = folder.appendingPathComponent(fileName)
    let bytes = try Data(regularFile: file.path, upTo: 2 * PairFile.maximumBytes)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LineError(file: file.path, line: 0, problem: "not UTF-8 text")
    }
    let lines = try JSONLines.decode(Line.self, from: text, file: file.path)
    let data = RunData(
      training: lines.filter { $0.split == "train" }.map(\.row),
      evaluation: lines.filter { $0.split == "eval" }.map(\.row))
    guard !data.training.isEmpty else {
      throw LineError(file: file.path, line: 0, problem: "no row of it is for training")
    }
    return data
  }

  // MARK: - As tokens

  /// - Throws: `RunError` naming the pair that is empty or too long.
  static func sequences(_ rows: [Row], _ model: OpenedModel, maxLength: Int) throws -> [TrainingSequence] {
    let context = model.configuration.contextLength
    return try rows.map { row in
      guard !row.answer.allSatisfy(\.isWhitespace) else { throw RunError.emptyAnswer(pair: row.place) }
      let example = try model.encode(question: row.question, answer: row.answer)
      let limit = min(maxLength, context)
      guard example.ids.count <= limit else {
        throw RunError.tooLong(
          pair: row.place, tokens: example.ids.count, limit: limit,
          limitName: context < maxLength ? "the model's context" : "--max-length")
      }
      return TrainingSequence(id: row.id, tokens: example.ids.map(Int32.init), lossMask: example.lossMask)
    }
  }
}
