import Foundation
import Testing

@testable import LanguageModels

@Suite("Decoding a stream of tokens")
struct TokenizersStreamTests {
  /// Pushes ids one by one and checks that no piece ever holds half a scalar.
  private func pieces(_ ids: [Int], _ tokenizer: Tokenizer) -> [String] {
    var decoder = StreamDecoder(tokenizer)
    return ids.map { decoder.push($0) } + [decoder.flush()]
  }

  private func byteIDs(_ bytes: [UInt8], _ tokenizer: Tokenizer) throws -> [Int] {
    try bytes.map { byte in
      try #require((0..<tokenizer.vocabularySize).first { tokenizer.bytes(of: $0) == [byte] })
    }
  }

  @Test("a scalar cut into bytes appears when its last byte does", arguments: ["gpt2", "llama2"])
  func splitScalar(family: String) throws {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    let ids = try byteIDs(Array("a😀é".utf8), tokenizer)
    #expect(pieces(ids, tokenizer) == ["a", "", "", "", "😀", "", "é", ""])
  }

  @Test("invalid bytes become U+FFFD as soon as they are certain")
  func invalidBytes() throws {
    let tokenizer = try TokenizerFixture.tokenizer("gpt2")
    // A continuation without a lead; a lead followed by a letter; a surrogate; an overlong form.
    let ids = try byteIDs([0x80, 0xE2, 0x41, 0xED, 0xA0, 0xC0, 0xAF, 0xF0, 0x9F], tokenizer)
    #expect(
      pieces(ids, tokenizer)
        == ["\u{FFFD}", "", "\u{FFFD}A", "", "\u{FFFD}\u{FFFD}", "\u{FFFD}", "\u{FFFD}", "", "", "\u{FFFD}"])
  }

  @Test("pieces join to the whole for any bytes")
  func piecesJoin() throws {
    let tokenizer = try TokenizerFixture.tokenizer("gpt2")
    let leads: [UInt8] = [0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF5, 0xFF]
    let idOfByte = Dictionary(uniqueKeysWithValues: zip(leads, try byteIDs(leads, tokenizer)))
    for first in leads {
      for second in leads {
        for third in leads {
          let bytes = [first, second, third, 0x41]
          let joined = pieces(bytes.compactMap { idOfByte[$0] }, tokenizer).joined()
          #expect(Array(joined.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
      }
    }
  }

  @Test("special tokens are left out or shown, ids out of range are skipped")
  func specialTokens() throws {
    let tokenizer = try TokenizerFixture.tokenizer("smollm")
    let ids = tokenizer.encode("<|im_start|>the<|im_end|>", parseSpecial: true) + [-1, 1 << 40]
    #expect(tokenizer.decode(ids) == "the")
    #expect(tokenizer.decode(ids, skipSpecialTokens: false) == "<|im_start|>the<|im_end|>")
    #expect(tokenizer.text(of: 1 << 40) == "" && tokenizer.bytes(of: -1) == [])
  }

  @Test("Llama-2 drops one space at the front of a text only")
  func leadingSpace() throws {
    let tokenizer = try TokenizerFixture.tokenizer("llama2")
    let ids = tokenizer.encode("the server")
    #expect(tokenizer.decode(ids) == "the server")
    var continued = StreamDecoder(tokenizer, continuesText: true)
    #expect(ids.map { continued.push($0) }.joined() == " the server")
  }

  @Test("bytes that are no UTF-8 are encoded as U+FFFD")
  func invalidInput() throws {
    let tokenizer = try TokenizerFixture.tokenizer("gpt2")
    #expect(tokenizer.encode(utf8: [0x61, 0xFF, 0xE2, 0x82, 0x62]) == tokenizer.encode("a\u{FFFD}\u{FFFD}b"))
  }
}

@Suite("The cost of merging")
struct TokenizersMergeCostTests {
  @Test("grows almost in proportion to the length of a word", arguments: ["gpt2", "llama2"])
  func longWord(family: String) throws {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    func steps(_ count: Int) -> Int {
      var merger = BytePairMerger()
      let word = Array(String(repeating: "the", count: count).utf8)
      _ = tokenizer.encode(validUTF8: word, ignoring: [], at: .start, merger: &merger)
      return merger.steps
    }
    let short = steps(500)
    let long = steps(5000)
    #expect(long <= 11 * short && long < 4 * 15_000, "\(short) steps, then \(long)")
  }

  @Test("cutting at spaces is left out where a token reaches over one")
  func tokensOverSpaces() throws {
    func tokenizer(_ extra: String, _ merge: String) throws -> Tokenizer {
      let json = """
        {"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,
        "decoder":{"type":"Replace","pattern":{"String":"▁"},"content":" "},
        "model":{"type":"BPE","vocab":{"a":0,"▁":1,"\(extra)":2},"merges":["\(merge)"]}}
        """
      return try Tokenizer(tokenizerJSON: Data(json.utf8))
    }
    let usual = try tokenizer("▁a", "▁ a")
    #expect(usual.definition.preTokenizer.stages == [.spaceRuns(spelling: Array("▁".utf8))])
    #expect(usual.encode("a a  a") == [0, 2, 1, 2])
    let across = try tokenizer("a▁", "a ▁")
    #expect(across.definition.preTokenizer.stages == [])
    #expect(across.encode("a a  a") == [2, 2, 1, 0])
  }

  @Test("scanning and the heap merge alike")
  func sameMerges() throws {
    let tokenizer = try TokenizerFixture.tokenizer("gpt2")
    let model = tokenizer.definition.model
    guard case .bytes(let tokenOfByte) = model.alphabet else { return }
    for length in 2...60 {
      let word = Array(
        "virtualisationthecoolingservermisconfigurationhyperconvergedrackspower".utf8.prefix(length))
      var symbols = word.map { tokenOfByte[Int($0)] }
      // The definition of byte-pair encoding, word for word.
      while true {
        let values = zip(symbols, symbols.dropFirst()).map { model.merges.value(left: $0, right: $1) }
        guard let best = values.min(), best != MergeTable.none, let at = values.firstIndex(of: best) else {
          break
        }
        symbols.replaceSubrange(at...at + 1, with: [Int32(truncatingIfNeeded: best)])
      }
      var ids: [Int] = []
      var merger = BytePairMerger()
      model.encode(word, in: 0..<length, merger: &merger, into: &ids)
      #expect(ids == symbols.map(Int.init), "\(length) bytes")
    }
  }
}

@Suite("Unicode normalisation")
struct TokenizersNormalizerTests {
  private func composed(_ text: String) -> [Unicode.Scalar] {
    Array(
      String(decoding: Normalizer(stages: [.nfc]).normalize(Array(text.utf8)), as: UTF8.self).unicodeScalars)
  }

  @Test("composes Hangul from any parts")
  func hangul() {
    #expect(composed("\u{AC00}\u{11A8}") == ["\u{AC01}"])
    #expect(composed("\u{1100}\u{1161}\u{11A8}\u{11A8}") == ["\u{AC01}", "\u{11A8}"])
    #expect(composed("\u{AC01}\u{11A8}") == ["\u{AC01}", "\u{11A8}"])
  }

  @Test("leaves marks that are younger than the reference's tables where they are")
  func youngMarks() {
    // U+0323 (below) goes before U+0308 (above); U+1AC0 (below, Unicode 13) does not.
    #expect(composed("q\u{308}\u{323}") == ["q", "\u{323}", "\u{308}"])
    #expect(composed("q\u{308}\u{1AC0}") == ["q", "\u{308}", "\u{1AC0}"])
  }
}
