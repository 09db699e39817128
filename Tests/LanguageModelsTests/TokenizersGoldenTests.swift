import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("Token ids equal the reference's")
struct TokenizersGoldenTests {
  static let families = ["gpt2", "smollm", "llama3", "qwen2", "llama2"]

  @Test("with special tokens", arguments: families)
  func everyID(family: String) throws {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    let goldens = try TokenizerFixture.ids(family)
    #expect(goldens.count == TokenizerFixture.lines.count && goldens.count >= 2000)
    let differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair in
      TokenizerFixture.difference(
        tokenizer.encode(pair.0, addSpecialTokens: true, parseSpecial: true), pair.1, line: index)
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
  }

  @Test("with special tokens kept as text", arguments: families)
  func everyPlainID(family: String) throws {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    let goldens = try TokenizerFixture.plainRows(family)
    #expect(goldens.count > 100)
    let differences = goldens.compactMap { row in
      TokenizerFixture.difference(
        tokenizer.encode(TokenizerFixture.lines[row.line]), row.ids, line: row.line)
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
  }

  @Test("with Metaspace in place of the Llama-2 normalizer")
  func metaspace() throws {
    // Edited as text: Foundation's JSON would merge keys that are canonically equivalent.
    var json = String(decoding: try TokenizerFixture.data("llama2.tokenizer.json"), as: UTF8.self)
    let normalizer = try #require(json.firstRange(of: #""normalizer":{"#))
    let end = try #require(json.firstRange(of: #","pre_tokenizer":null"#))
    json.replaceSubrange(
      normalizer.lowerBound..<end.upperBound,
      with: #""normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"▁","#
        + #""prepend_scheme":"first","split":false}"#)
    let tokenizer = try Tokenizer(tokenizerJSON: Data(json.utf8))
    let goldens = try TokenizerFixture.ids("metaspace")
    let differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair in
      TokenizerFixture.difference(
        tokenizer.encode(pair.0, addSpecialTokens: true, parseSpecial: true), pair.1, line: index)
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
  }

  @Test("SentencePiece's scores give the ids of the converted merges")
  func sentencePieceScores() throws {
    struct Metadata: Decodable {
      let tokens: [String]
      let scores: [Float]
      let types: [Int]
    }
    let stored = try JSONDecoder().decode(Metadata.self, from: TokenizerFixture.data("sentencepiece.json"))
    let tokenizer = try Tokenizer(ggufMetadata: [
      "tokenizer.ggml.model": .string("llama"), "tokenizer.ggml.tokens": .strings(stored.tokens),
      "tokenizer.ggml.scores": .numbers(stored.scores), "tokenizer.ggml.token_type": .integers(stored.types),
    ])
    let goldens = try TokenizerFixture.ids("llama2")
    let differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair -> String? in
      // The metadata lacks the added tokens that the golden's file has.
      guard !pair.0.unicodeScalars.contains("<") else { return nil }
      return TokenizerFixture.difference(
        tokenizer.encode(pair.0, addSpecialTokens: true), pair.1, line: index)
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
    #expect(tokenizer.bosID == 1 && tokenizer.eosID == 2)
  }

  @Test("byte-level ids decode to the text they came from", arguments: ["gpt2", "smollm", "llama3"])
  func roundTrip(family: String) throws {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    for line in TokenizerFixture.lines where !line.unicodeScalars.contains("<") {
      #expect(Array(tokenizer.decode(tokenizer.encode(line)).utf8) == Array(line.utf8))
    }
  }

  @Test("Llama-2 ids decode to the text without the space that was put before it")
  func sentencePieceRoundTrip() throws {
    let tokenizer = try TokenizerFixture.tokenizer("llama2")
    for line in TokenizerFixture.lines
    where !line.unicodeScalars.contains("<") && !line.unicodeScalars.contains("▁") {
      #expect(Array(tokenizer.decode(tokenizer.encode(line)).utf8) == Array(line.utf8))
    }
  }
}

@Suite("The real SmolLM2 vocabulary", .enabled(if: RealModel.path != nil))
struct TokenizersRealModelTests {
  @Test func everyID() throws {
    let model = try StoredModel.open(path: #require(RealModel.path))
    let tokenizer = try Tokenizer(source: model.tokenizerSource)
    let goldens = try TokenizerFixture.ids("smollm2")
    var differences = zip(TokenizerFixture.lines, goldens).enumerated().compactMap { index, pair in
      TokenizerFixture.difference(
        tokenizer.encode(pair.0, addSpecialTokens: true, parseSpecial: true), pair.1, line: index)
    }
    for row in try TokenizerFixture.plainRows("smollm2") {
      let ids = tokenizer.encode(TokenizerFixture.lines[row.line])
      TokenizerFixture.difference(ids, row.ids, line: row.line).map { differences.append($0) }
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5).joined(separator: "\n"))")
    #expect(tokenizer.vocabularySize == 49152)
    #expect(tokenizer.eosID == tokenizer.id(of: "<|im_end|>"))
  }

  @Test func chatTemplate() throws {
    let model = try StoredModel.open(path: #require(RealModel.path))
    let tokenizer = try Tokenizer(source: model.tokenizerSource)
    let template = ChatTemplate.detect(for: tokenizer)
    #expect(
      template
        == ChatTemplate(
          .chatML,
          defaultSystem: "You are a helpful AI assistant named SmolLM, trained by Hugging Face"))
    let example = try template.encode(
      question: "What is a PDU?", answer: "A power strip.", tokenizer: tokenizer)
    let rendered =
      "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
      + "<|im_start|>user\nWhat is a PDU?<|im_end|>\n<|im_start|>assistant\nA power strip.<|im_end|>"
    #expect(example.ids == tokenizer.encode(rendered, parseSpecial: true))
    #expect(tokenizer.decode(example.ids, skipSpecialTokens: false) == rendered)
  }
}

enum RealModel {
  /// The real model: named by ASSAY_TEST_GGUF, or in the program's cache.
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["ASSAY_TEST_GGUF"] { return path }
    let cache = environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    let file = cache + "/assay/models/smollm2-135m.gguf"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }()
}
