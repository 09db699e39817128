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

  @Test("a value of another type is not taken for the default")
  func wrongTypes() {
    for key in ["fuse_unk", "ignore_merges"] {
      #expect(
        refusal(options: "\"\(key)\":1,") == .wrongType(field: "model.\(key)", expected: "true or false"))
      #expect(refusal(options: "\"\(key)\":null,") == nil)
    }
    #expect(
      refusal(options: #""unk_token":5,"#) == .wrongType(field: "model.unk_token", expected: "a string"))
    #expect(
      refusal(added: #"[{"id":5,"content":"<x>","special":"yes"}]"#)
        == .wrongType(field: "added_tokens[0].special", expected: "true or false"))
    #expect(
      refusal(preTokenizer: #"{"type":"ByteLevel","use_regex":"x"}"#)
        == .wrongType(field: "pre_tokenizer.use_regex", expected: "true or false"))
    #expect {
      try TokenizerFixture.tokenizer("gpt2", config: #"{"eos_token":5}"#)
    } throws: {
      $0 as? TokenizerError == .wrongType(field: "tokenizer_config.eos_token", expected: "a token")
    }
  }

  @Test("definitions that would make a short text huge or its encoding endless")
  func explosions() {
    func sequence(_ key: String, _ steps: [String]) -> String {
      #"{"type":"Sequence","\#(key)":[\#(steps.joined(separator: ","))]}"#
    }
    func replace(_ pattern: String, _ content: String) -> String {
      #"{"type":"Replace","pattern":{"String":"\#(pattern)"},"content":"\#(content)"}"#
    }
    let long = String(repeating: "a", count: 65)
    #expect(
      refusal(normalizer: sequence("normalizers", Array(repeating: replace("a", "aa"), count: 7)))
        == .tooMuch(field: "normalizer.normalizers[6]", limit: "a text 64 times as long"))
    #expect(
      refusal(normalizer: replace("a", long)) == .tooMuch(field: "normalizer.content", limit: "64 bytes"))
    #expect(
      refusal(normalizer: replace(long, "a")) == .tooMuch(field: "normalizer.pattern", limit: "64 bytes"))
    #expect(
      refusal(normalizer: #"{"type":"Prepend","prepend":"\#(long)"}"#)
        == .tooMuch(field: "normalizer.prepend", limit: "64 bytes"))
    let digits = Array(repeating: #"{"type":"Digits"}"#, count: 17)
    #expect(
      refusal(preTokenizer: sequence("pretokenizers", digits))
        == .tooMuch(field: "pre_tokenizer.pretokenizers", limit: "16 steps"))
    var nested = #"{"type":"NFC"}"#
    for _ in 0..<7 { nested = sequence("normalizers", Array(repeating: nested, count: 3)) }
    #expect(refusal(normalizer: nested)?.problem == "is more than any real tokenizer has (16 steps)")
    #expect(
      refusal(preTokenizer: #"{"type":"Metaspace","replacement":"  "}"#)
        == .wrongType(field: "pre_tokenizer.replacement", expected: "one character"))
    let pieces = Array(repeating: #"{"SpecialToken":{"id":"a"}}"#, count: 17).joined(separator: ",")
    #expect(
      refusal(processor: #"{"type":"TemplateProcessing","single":[\#(pieces)]}"#)
        == .tooMuch(field: "post_processor.single", limit: "16 entries"))
    let token = String(repeating: "x", count: 1025)
    #expect(
      refusal(added: #"[{"id":9,"content":"\#(token)"}]"#)
        == .tooMuch(
          field: "added_tokens[0].content", limit: "1024 bytes in one added token, 1048576 in all"))
  }

  @Test("a model's refused tokenizer is named by its file")
  func namesTheFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (json, config) = (
      folder.appendingPathComponent("tokenizer.json"), folder.appendingPathComponent("tokenizer_config.json")
    )
    func refusal(_ source: TokenizerSource) -> String? {
      do {
        _ = try Tokenizer(source: source)
        return nil
      } catch { return (error as? ModelFileError)?.description }
    }
    let source = TokenizerSource.huggingFace(tokenizerJSON: json, tokenizerConfig: config)
    #expect(refusal(source) == "\(json.path): no such file")
    #expect(mkfifo(json.path, 0o600) == 0)
    #expect(refusal(source) == "\(json.path): not a regular file")
    try FileManager.default.removeItem(at: json)
    try Data("{}".utf8).write(to: json)
    try Data(#"{"bos_token":"nope"}"#.utf8).write(to: config)
    #expect(refusal(source) == "\(json.path): model: is missing")
    try TokenizerFixture.data("gpt2.tokenizer.json").write(to: json)
    #expect(refusal(source) == "\(config.path): bos_token: names 'nope', which is not in the vocabulary")
    try Data("[".utf8).write(to: config)
    #expect(refusal(source) == "\(config.path): JSON: expected a value at byte 1")
    #expect(
      refusal(.gguf(path: "m.gguf", metadata: ["tokenizer.ggml.tokens": .strings(["a"])]))
        == "m.gguf: tokenizer.ggml.model: is missing")
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
    let values = "[" + String(repeating: "0,", count: 1 << 23) + "0]"
    #expect(error(values)?.problem.hasPrefix("expected at most 8388608 values at byte") == true)
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
