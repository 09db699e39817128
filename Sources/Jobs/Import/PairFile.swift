import CEmbeddedFiles
import Foundation
import ModelFiles
import ProjectStore
import QAData

/// The question–answer pairs of a file, of any format that `PairReader` knows, as the project keeps them.
public struct PairFile: Sendable {
  /// Room for about a million pairs, all of which are held in memory.
  static let maximumBytes = 256 << 20
  /// The parser takes many times the memory of the line it reads.
  static let longestLine = 16 << 20
  /// How many left-out lines are described; the rest are only counted.
  static let mostRejected = 1000

  public private(set) var path = ""
  public private(set) var pairs: [QAPair] = []
  /// Lines that were left out, and why: the first ``mostRejected``.
  public private(set) var rejected: [LineError] = []
  /// All lines that were left out.
  public private(set) var rejectedCount = 0
  /// The same by reason.
  public private(set) var skipped: [String: Int] = [:]
  /// What the file was taken for.
  public private(set) var recognition: PairRecognition?
  /// Things to know of how it was read.
  public private(set) var notes: [String] = []
  /// Pairs with something that the project has no place for: other accepted answers, a system's words, fields.
  public private(set) var pairsWithMore = 0
  /// What that is.
  public private(set) var moreNames = ""

  /// - Parameter options: what is said of the file's format and columns.
  /// - Throws: when the file cannot be read, or no line of it holds a pair.
  public init(path: String, options: PairReader.Options = .init()) throws {
    var options = options
    options.longestLine = Self.longestLine
    let data = try Data(regularFile: path, upTo: Self.maximumBytes)
    let reader: PairReader
    do {
      reader = try PairReader(data, fileName: path, options: options)
    } catch {
      throw LineError(file: path, line: 0, problem: error.description)
    }
    take(reader, file: path, importedFrom: URL(fileURLWithPath: path).standardizedFileURL.path)
    if pairs.isEmpty { throw rejected.first ?? LineError(file: path, line: 1, problem: "the file is empty") }
  }

  /// Whether a file is one of pairs and not of documents.
  public static func holdsPairs(_ path: String, options: PairReader.Options = .init()) -> Bool {
    beginning(path).map { PairRecognition($0, fileName: path, map: options.map) != nil } ?? false
  }

  /// Whether a file is a list of objects that are neither pairs nor texts by the names of their fields.
  public static func holdsUnknownRecords(_ path: String) -> Bool {
    beginning(path).map(PairRecognition.isOfUnknownRecords) ?? false
  }

  private static func beginning(_ path: String) -> Data? {
    // A pipe would be waited for.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard
      let type = try? FileManager.default.attributesOfItem(atPath: target)[.type] as? FileAttributeType,
      type == .typeRegular, let handle = FileHandle(forReadingAtPath: target)
    else { return nil }
    defer { try? handle.close() }
    return try? handle.read(upToCount: PairRecognition.beginning)
  }

  /// The data-center pairs that come with the program.
  public static var sample: PairFile {
    PairFile(
      Data(String(cString: embedded_datacenter_qa()).utf8), file: "datacenter-qa.jsonl",
      importedFrom: "sample-data/datacenter-qa.jsonl")
  }

  /// Of JSON lines, whatever they hold.
  init(_ data: Data, file: String, importedFrom: String) {
    let options = PairReader.Options(format: .questionAnswer, longestLine: Self.longestLine)
    if let reader = try? PairReader(data, fileName: file, options: options) {
      take(reader, file: file, importedFrom: importedFrom)
    }
  }

  private mutating func take(_ reader: PairReader, file: String, importedFrom: String) {
    path = file
    recognition = reader.recognition
    notes = reader.notes
    let isDocument = reader.recognition.layout == .document
    var names: Set<String> = []
    reader.read { pair in
      let more = pair.more
      if !more.isEmpty { pairsWithMore += 1 }
      if names.count < 8 { names.formUnion(more) }
      pairs.append(QAPair(pair, importedFrom: importedFrom))
    } rejection: { rejection in
      rejectedCount += 1
      skipped[rejection.reason, default: 0] += 1
      guard rejected.count < Self.mostRejected else { return }
      rejected.append(
        LineError(file: file, line: rejection.place, problem: rejection.problem, isRecord: isDocument))
    }
    moreNames = names.sorted().joined(separator: ", ")
  }
}

extension FormatPair {
  /// The names of what `QAPair` has no place for.
  var more: [String] {
    let fields = [
      otherAnswers.isEmpty ? nil : "answers", system.map { _ in "system" }, context.map { _ in "context" },
      id.map { _ in "id" },
    ]
    return fields.compactMap(\.self) + extra.map(\.name)
  }

  /// A pair of the project, as it is written to files.
  public init(_ pair: QAPair) {
    self.init(question: pair.question, answer: pair.answer)
    category = pair.category.flatMap { Category(rawValue: $0.rawValue) }
    split = pair.split.flatMap { Split(rawValue: $0.rawValue) }
    source = pair.source
  }
}

extension QAPair {
  init(_ pair: FormatPair, importedFrom: String) {
    self.init(
      question: pair.question, answer: pair.answer,
      category: pair.category.flatMap { Category(rawValue: $0.rawValue) },
      split: pair.split.flatMap { Split(rawValue: $0.rawValue) }, source: pair.source,
      importedFrom: importedFrom,
      line: pair.place)
  }
}
