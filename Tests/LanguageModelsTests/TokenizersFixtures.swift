import Foundation
import LanguageModels
import Testing

/// The files written by Tests/Reference/make_tokenizer_goldens.py.
enum TokenizerFixture {
  static func url(_ name: String) -> URL {
    Bundle.module.resourceURL!.appendingPathComponent("Fixtures/tokenizers/\(name)")
  }

  static func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

  private static func rows<Row: Decodable>(_ name: String, of type: Row.Type) throws -> [Row] {
    let text = try data(name)
    return try text.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(type, from: Data($0))
    }
  }

  /// The texts that the goldens are about.
  static let lines: [String] = {
    // A lone string is no JSON document to every Foundation, so each row is wrapped.
    let text = (try? data("lines.jsonl")) ?? Data()
    return text.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode([String].self, from: Data("[".utf8) + $0 + Data("]".utf8)).first
    }
  }()

  static func ids(_ family: String) throws -> [[Int]] { try rows("\(family).ids.jsonl", of: [Int].self) }

  struct PlainRow: Decodable {
    let line: Int
    let ids: [Int]

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      line = try container.decode(Int.self)
      ids = try container.decode([Int].self)
    }
  }

  /// Rows with special tokens kept as text.
  static func plainRows(_ family: String) throws -> [PlainRow] {
    try rows("\(family).plain.jsonl", of: PlainRow.self)
  }

  static func tokenizer(_ family: String, config: String? = nil) throws -> Tokenizer {
    try Tokenizer(
      tokenizerJSON: data("\(family).tokenizer.json"), tokenizerConfig: config.map { Data($0.utf8) })
  }

  /// How two lists of ids differ, for failure messages; nil when they are equal.
  static func difference(_ found: [Int], _ expected: [Int], line: Int) -> String? {
    guard found != expected else { return nil }
    return "line \(line) \(lines[line].debugDescription): \(found), reference \(expected)"
  }
}
