import Foundation
import ModelFiles
import ProjectStore
import QAData

/// Pairs of a project as files for other programs.
public struct PairExport {
  /// What is written: a file, or a folder with what a tool expects to find in it.
  public enum Format: String, CaseIterable, Sendable {
    case alpaca, sharegpt, messages
    case promptCompletion = "prompt-completion"
    case squad, csv, tsv, jsonl
    case syntheticDataKit = "synthetic-data-kit"
    /// A folder of train, valid and test.jsonl.
    case mlx

    /// Of one file; nil for a folder's.
    public var writer: PairWriter.Format? { PairWriter.Format(rawValue: rawValue) }

    /// By the ending of a file's name.
    public init?(fileName: String) {
      guard
        let format = Format(
          rawValue: fileName.lowercased().split(separator: ".").last.map(String.init) ?? ""),
        [.csv, .tsv, .jsonl].contains(format)
      else { return nil }
      self = format
    }
  }

  /// How many pairs are held at once. The store counts from the first pair for each.
  private static let page = 50_000
  /// The columns of what a project keeps.
  private static let columns = ["question", "answer", "category", "split", "source"]

  private let store: ProjectStore
  private let filter: PairFilter
  private let forSpreadsheets: Bool

  public init(store: ProjectStore, filter: PairFilter, forSpreadsheets: Bool = false) {
    self.store = store
    self.filter = filter
    self.forSpreadsheets = forSpreadsheets
  }

  /// Writes all pairs that pass, piece by piece.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func write(_ format: PairWriter.Format, to sink: (String) throws -> Void) throws -> Int {
    var writer = PairWriter(format, columns: Self.columns, forSpreadsheets: forSpreadsheets)
    var count = 0
    try eachPage { pairs in
      count += pairs.count
      try sink(pairs.map { writer.text(FormatPair($0)) }.joined())
    }
    try sink(writer.end())
    return count
  }

  private func eachPage(_ body: ([QAPair]) throws -> Void) throws {
    var offset = 0
    while true {
      let pairs = try store.pairs(where: filter, limit: Self.page, offset: offset)
      if pairs.isEmpty { return }
      try body(pairs)
      offset += pairs.count
      if pairs.count < Self.page { return }
    }
  }

  // MARK: - Folders

  /// A folder for LLaMA-Factory: the pairs, and `dataset_info.json` that says how they are to be read.
  ///
  /// - Parameter format: alpaca or sharegpt.
  public func writeLLaMAFactory(_ format: PairWriter.Format, folder: URL) throws -> Int {
    let columns =
      format == .sharegpt
      ? #""columns":{"messages":"conversations"},"# + "\n"
        + #"    "tags":{"role_tag":"from","content_tag":"value","user_tag":"human","assistant_tag":"gpt"}"#
      : #""columns":{"prompt":"instruction","query":"input","response":"output"}"#
    let info = """
      {
        "assay":{"file_name":"pairs.json","formatting":"\(format.rawValue)",
          \(columns)}
      }

      """
    var count = 0
    try AtomicReplacement.folder(at: folder) { folder in
      try AtomicReplacement.file(at: folder.appendingPathComponent("pairs.json")) { file in
        count = try write(format) { try file.write(contentsOf: Data($0.utf8)) }
      }
      try AtomicReplacement.file(
        at: folder.appendingPathComponent("dataset_info.json"), content: Data(info.utf8))
    }
    return count
  }

  /// A folder for mlx-lm: `train.jsonl`, `valid.jsonl` and `test.jsonl` of messages. Where no pair is of a split, every
  /// tenth is for validation, without which mlx-lm does not train.
  public func writeMLX(folder: URL) throws -> [String: Int] {
    var counts = ["train": 0, "valid": 0, "test": 0]
    let hasSplits =
      try store.pairCount(where: PairFilter(filter.terms + [.init(.split, .isNot, [nil])])) > 0
    try AtomicReplacement.folder(at: folder) { folder in
      var files: [String: FileHandle] = [:]
      defer { for file in files.values { try? file.close() } }
      for name in counts.keys {
        let path = folder.appendingPathComponent("\(name).jsonl")
        try AtomicReplacement.file(at: path, content: Data())
        files[name] = try FileHandle(forWritingTo: path)
      }
      var writer = PairWriter(.messages)
      var number = 0
      try eachPage { pairs in
        var texts: [String: String] = [:]
        for pair in pairs {
          number += 1
          let name: String
          switch pair.split {
          case .train: name = "train"
          case .eval: name = "valid"
          case .test: name = "test"
          case nil: name = !hasSplits && number % 10 == 0 ? "valid" : "train"
          }
          counts[name, default: 0] += 1
          texts[name, default: ""] += writer.text(FormatPair(pair))
        }
        for (name, text) in texts { try files[name]?.write(contentsOf: Data(text.utf8)) }
      }
    }
    return counts
  }
}
