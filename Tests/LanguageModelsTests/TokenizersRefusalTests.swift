import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("Refused tokenizer definitions")
struct TokenizersRefusalTests {
  /// A `tokenizer.json` of five tokens, with parts replaced.
  private func refusal(
    vocab: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#, added: String = "[]",
    normalizer: String = "null", preTokenizer: String = #"{"type":"ByteLevel"}"#,
    decoder: String = #"{"type":"ByteLevel"}"#, processor: String = "null", type: String = "BPE",
    options: String = ""
  ) -> TokenizerError? {
    let json = """
      {"added_tokens":\(added),"normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),
      "post_processor":\(processor),"decoder":\(decoder),
      "model":{"type":"\(type)",\(options)"vocab":\(vocab),"merges":\(merges)}}
      """
    do {
      _ = try Tokenizer(tokenizerJSON: Data(json.utf8))
      return nil
    } catch { return error as? TokenizerError }
  }

  @Test func theUnchangedDefinitionIsRead() { #expect(refusal() == nil) }

  @Test func unknownParts() {
    #expect(refusal(type: "Unigram") == .unsupported(field: "model.type", name: "Unigram"))
    #expect(refusal(normalizer: #"{"type":"NFKC"}"#) == .unsupported(field: "normalizer", name: "NFKC"))
    #expect(
      refusal(normalizer: #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]}"#)
        == .unsupported(field: "normalizer.normalizers[1]", name: "Lowercase"))
    #expect(
      refusal(preTokenizer: #"{"type":"Whitespace"}"#)
        == .unsupported(field: "pre_tokenizer", name: "Whitespace"))
    #expect(
      refusal(preTokenizer: #"{"type":"Split","pattern":{"Regex":"x+"},"behavior":"Isolated"}"#)
        == .unsupported(field: "pre_tokenizer.pattern", name: "x+"))
    #expect(
      refusal(
        preTokenizer: #"{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}"#)
        == .unsupported(field: "pre_tokenizer.pretokenizers[1]", name: "Digits after ByteLevel"))
    #expect(refusal(decoder: #"{"type":"WordPiece"}"#) == .unsupported(field: "decoder", name: "WordPiece"))
    #expect(refusal(decoder: "null") == .unsupported(field: "decoder", name: "no ByteLevel decoder"))
    #expect(
      refusal(processor: #"{"type":"BertProcessing"}"#)
        == .unsupported(field: "post_processor", name: "BertProcessing"))
    #expect(
      refusal(options: #""dropout":0.1,"#) == .unsupported(field: "model.dropout", name: "random merges"))
    #expect(
      refusal(options: #""end_of_word_suffix":"</w>","#)
        == .unsupported(field: "model.end_of_word_suffix", name: "</w>"))
  }

  @Test func hostileVocabularies() {
    #expect(
      refusal(vocab: #"{"a":0,"b":1,"ab":2,"a":3}"#)
        == .duplicateToken(field: #"model.vocab["a"]"#, token: "a"))
    #expect(refusal(vocab: #"{"a":0,"b":0,"ab":2}"#) == .duplicateID(field: #"model.vocab["b"]"#, id: 0))
    #expect(
      refusal(vocab: #"{"a":0,"b":-1,"ab":2}"#)
        == .idOutOfRange(field: #"model.vocab["b"]"#, id: -1, limit: 1 << 22))
    #expect(
      refusal(vocab: #"{"a":0,"b":1,"ab":9000000000000}"#)
        == .idOutOfRange(field: #"model.vocab["ab"]"#, id: 9_000_000_000_000, limit: 1 << 22))
    #expect(
      refusal(vocab: #"{"a":0,"b":"1","ab":2}"#)
        == .wrongType(field: #"model.vocab["b"]"#, expected: "an integer id"))
    #expect(refusal(merges: #"["a c"]"#) == .unknownToken(field: "model.merges[0]", token: "c"))
    #expect(refusal(merges: #"[["b","a"]]"#) == .unknownToken(field: "model.merges[0]", token: "ba"))
    #expect(
      refusal(merges: #"["a b c"]"#) == .wrongType(field: "model.merges[0]", expected: "a pair of tokens"))
    #expect(
      refusal(options: #""unk_token":"<unk>","#)
        == .unknownToken(field: "model.unk_token", token: "<unk>"))
    #expect(
      refusal(added: #"[{"id":1,"content":"<x>"}]"#) == .duplicateID(field: "added_tokens[0].id", id: 1))
    #expect(
      refusal(added: #"[{"id":3,"content":"<x>"},{"id":4,"content":"<x>"}]"#)
        == .duplicateToken(field: "added_tokens[1]", token: "<x>"))
    #expect(
      refusal(
        processor: #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},"#
          + #"{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[77]}}}"#)
        == .unknownToken(field: "post_processor.special_tokens", token: "<s>"))
  }

  @Test("canonically equivalent tokens are two tokens")
  func equivalentTokens() throws {
    let json = """
      {"pre_tokenizer":null,"decoder":null,"model":{"type":"BPE","merges":[],
      "vocab":{"\u{E9}":0,"e":1,"\u{301}":2,"\u{212B}":3,"\u{C5}":4}}}
      """
    let tokenizer = try Tokenizer(tokenizerJSON: Data(json.utf8))
    #expect(tokenizer.encode("\u{E9}e\u{301}\u{212B}\u{C5}") == [0, 1, 2, 3, 4])
  }

  @Test func malformedJSON() {
    func error(_ text: String) -> TokenizerError? {
      do {
        _ = try Tokenizer(tokenizerJSON: Data(text.utf8))
        return nil
      } catch { return error as? TokenizerError }
    }
    #expect(error("") == .malformedJSON(offset: 0, expected: "a value"))
    #expect(error("{\"a\":1") == .malformedJSON(offset: 6, expected: "',' or '}'"))
    #expect(error("{} x") == .malformedJSON(offset: 3, expected: "the end of the document"))
    #expect(error("{\"\\ud800\":1}")?.description.contains("surrogate") == true)
    #expect(
      error(String(repeating: "[", count: 1_000_000))
        == .malformedJSON(offset: 64, expected: "at most 64 levels of nesting"))
    #expect(error("{}") == .missingField("model"))
  }

  @Test func hostileGGUFMetadata() {
    func error(_ change: [String: GGUFValue], without key: String? = nil) -> TokenizerError? {
      var metadata: [String: GGUFValue] = [
        "tokenizer.ggml.model": .string("gpt2"), "tokenizer.ggml.pre": .string("gpt-2"),
        "tokenizer.ggml.tokens": .strings(["a", "b", "ab"]), "tokenizer.ggml.merges": .strings(["a b"]),
      ]
      metadata.merge(change) { $1 }
      if let key { metadata[key] = nil }
      do {
        _ = try Tokenizer(ggufMetadata: metadata)
        return nil
      } catch { return error as? TokenizerError }
    }
    #expect(error([:]) == nil)
    #expect(
      error(["tokenizer.ggml.model": .string("t5")])
        == .unsupported(field: "tokenizer.ggml.model", name: "t5"))
    #expect(
      error(["tokenizer.ggml.pre": .string("falcon")])
        == .unsupported(field: "tokenizer.ggml.pre", name: "falcon"))
    #expect(error([:], without: "tokenizer.ggml.pre") == .missingField("tokenizer.ggml.pre"))
    #expect(error([:], without: "tokenizer.ggml.tokens") == .missingField("tokenizer.ggml.tokens"))
    #expect(
      error(["tokenizer.ggml.tokens": .strings(["a", "b", "ab", "a"])])
        == .duplicateToken(field: "tokenizer.ggml.tokens[3]", token: "a"))
    #expect(
      error(["tokenizer.ggml.merges": .strings(["a b", "b c"])])
        == .unknownToken(field: "tokenizer.ggml.merges[1]", token: "c"))
    #expect(
      error(["tokenizer.ggml.eos_token_id": .integer(3)])
        == .idOutOfRange(field: "tokenizer.ggml.eos_token_id", id: 3, limit: 3))
    #expect(
      error(["tokenizer.ggml.token_type": .integers([1, 1])])
        == .lengthMismatch(field: "tokenizer.ggml.token_type", expected: 3, found: 2))
    #expect(
      error(["tokenizer.ggml.model": .string("llama"), "tokenizer.ggml.scores": .numbers([0, .nan, 0])])
        == .wrongType(field: "tokenizer.ggml.scores", expected: "free of NaN"))
  }
}
