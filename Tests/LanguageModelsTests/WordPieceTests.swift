import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("WordPiece ids equal the reference's")
struct WordPieceTests {
  static let folder = Golden.fixtures.appendingPathComponent("models/bert")

  static func tokenizer() throws -> WordPieceTokenizer {
    try WordPieceTokenizer(tokenizerJSON: Data(contentsOf: folder.appendingPathComponent("tokenizer.json")))
  }

  static func rows<Row: Decodable>(_ name: String, of type: Row.Type) throws -> [Row] {
    try TokenizerFixture.data(name).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(type, from: Data($0))
    }
  }

  @Test("every line, special tokens parsed; from tokenizer.json and from vocab.txt")
  func everyID() throws {
    let vocabulary = try Data(contentsOf: Self.folder.appendingPathComponent("vocab.txt"))
    for tokenizer in [try Self.tokenizer(), try WordPieceTokenizer(vocabulary: vocabulary)] {
      let goldens = try TokenizerFixture.ids("bert")
      #expect(goldens.count == TokenizerFixture.lines.count && goldens.count >= 2000)
      let differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair in
        TokenizerFixture.difference(
          tokenizer.encode(pair.0, limit: .max, parseSpecial: true).tokens.map(Int.init), pair.1, line: index)
      }
      #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
    }
  }

  struct Extra: Decodable {
    var text: String
    var ids: [Int32]
    var plain: [Int32]
  }

  @Test("lines that try BERT's own rules, with special tokens parsed and as text")
  func extra() throws {
    let tokenizer = try Self.tokenizer()
    let rows = try Self.rows("bert.extra.jsonl", of: Extra.self)
    #expect(rows.count > 80)
    for row in rows {
      let text = row.text.debugDescription.prefix(80)
      #expect(tokenizer.encode(row.text, limit: 4000, parseSpecial: true).tokens == row.ids, "\(text)")
      #expect(tokenizer.encode(row.text, limit: 4000).tokens == row.plain, "\(text)")
    }
  }

  struct Pair: Decodable {
    var a: String
    var b: String?
    var limit: Int
    var ids: [Int32]
    var types: [Int32]
  }

  @Test("pairs, token types, truncation of the longest first")
  func pairs() throws {
    let tokenizer = try Self.tokenizer()
    let rows = try Self.rows("bert.pairs.jsonl", of: Pair.self)
    #expect(rows.count == 120)
    for row in rows {
      let ours = tokenizer.encode(row.a, pair: row.b, limit: row.limit)
      #expect(ours.tokens == row.ids && ours.tokenTypes == row.types, "\(row)")
    }
  }

  @Test("every scalar of Unicode is cleaned, lower-cased and split as the reference does it")
  func everyScalar() throws {
    let goldens = try JSONDecoder().decode([String].self, from: TokenizerFixture.data("bert.scalars.json"))
    let normalizer = BERTNormalizer()
    var wrong: [String] = []
    for (block, golden) in goldens.enumerated() {
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      for value in UInt32(block * 4096)..<UInt32((block + 1) * 4096) {
        guard let scalar = Unicode.Scalar(value) else { continue }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: ["a", scalar, "b"])
        var isFirst = true
        normalizer.words(of: Array(String(text).utf8)[...]) { word, _ in
          if !isFirst { add(1) }
          isFirst = false
          word.forEach(add)
          return true
        }
        add(2)
      }
      if String(format: "%016lx", hash) != golden { wrong.append(String(block * 4096, radix: 16)) }
    }
    #expect(wrong.isEmpty, "blocks at U+\(wrong.joined(separator: ", U+"))")
  }

  @Test("a text of megabytes stops where its tokens do")
  func longText() throws {
    let tokenizer = try Self.tokenizer()
    for word in ["the rack ", "é漢 ", String(repeating: "x", count: 101) + " "] {
      let text = String(repeating: word, count: 40_000)
      let start = ContinuousClock.now
      let input = tokenizer.encode(text, limit: 64)
      #expect(input.tokens.count == 64)
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }

  @Test("a vocabulary that is none is refused by name")
  func refusals() throws {
    func message(_ json: String) -> String {
      do {
        _ = try WordPieceTokenizer(tokenizerJSON: Data(json.utf8))
        return "accepted"
      } catch {
        return "\(error)"
      }
    }
    #expect(message("{}").contains("model"))
    #expect(message(#"{"model":{"type":"BPE"}}"#).contains("BPE"))
    let model =
      ###""type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":9"###
    #expect(message("{\"model\":{\(model),\"vocab\":{\"a\":0,\"b\":0}}}").contains("0"))
    #expect(message("{\"model\":{\(model),\"vocab\":{\"[UNK]\":0}}}").contains("[CLS]"))
    // A folder whose model has fewer embeddings than its tokenizer tokens.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-wordpiece-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let c = BERTConfiguration(
      vocabularySize: 3, hiddenSize: 2, intermediateSize: 2, layerCount: 1, headCount: 1, positionCount: 4,
      tokenTypeCount: 2, layerNormEpsilon: 1e-12)
    var tensors: [String: FloatTensor] = [:]
    for tensor in c.embeddingTensors + c.layerTensors(0) {
      tensors[tensor.name] = FloatTensor(
        shape: tensor.shape, values: [Float](repeating: 0, count: tensor.shape.reduce(1, *)))
    }
    try StoredBERT.write(tensors, c, into: folder)
    func open(_ vocabulary: String) throws -> WordPieceTokenizer {
      try Data(vocabulary.utf8).write(to: folder.appendingPathComponent("vocab.txt"))
      return try WordPieceTokenizer(StoredBERT(path: folder.path))
    }
    #expect(try open("[UNK]\n[CLS]\n[SEP]\n").vocabularySize == 3)
    #expect(throws: ModelFileError.self) { try open("[UNK]\n[CLS]\n[SEP]\na\n") }
    #expect(throws: TokenizerError.self) { try WordPieceTokenizer(vocabulary: Data("a\nb\na\n".utf8)) }
  }
}

@Suite("The real MiniLM vocabulary", .enabled(if: RealBERT.path != nil))
struct WordPieceRealModelTests {
  @Test func everyID() throws {
    let tokenizer = try WordPieceTokenizer(StoredBERT(path: #require(RealBERT.path)))
    let goldens = try TokenizerFixture.ids("minilm")
    #expect(goldens.count >= 2000 && tokenizer.vocabularySize == 30522)
    let differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair in
      TokenizerFixture.difference(
        tokenizer.encode(pair.0, limit: .max, parseSpecial: true).tokens.map(Int.init), pair.1, line: index)
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
  }
}

enum RealBERT {
  /// The real MiniLM: named by ASSAY_TEST_BERT, or in the program's cache.
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["ASSAY_TEST_BERT"] { return path }
    let cache = environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    let folder = cache + "/assay/models/minilm"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }()
}
