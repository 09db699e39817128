import Compute
import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

/// What transformers says of a tiny BERT; made by Tests/Reference/make_bert_goldens.py, which explains every key.
struct BERTGolden: Sendable {
  struct Numbers: Decodable {
    struct Input: Decodable {
      var ids: [Int32]
      var types: [Int32]
      var label: Int32
    }
    var inputs: [Input]
    var loss: Double
    var losses: [Double]
  }

  let numbers: Numbers
  let tensors: SafetensorsFile
  let stored: StoredBERT

  init() throws {
    let folder = Golden.fixtures.appendingPathComponent("goldens")
    numbers = try JSONDecoder().decode(
      Numbers.self, from: Data(contentsOf: folder.appendingPathComponent("bert.json")))
    tensors = try SafetensorsFile(path: folder.appendingPathComponent("bert.safetensors").path)
    stored = try StoredBERT(path: Golden.fixtures.appendingPathComponent("models/bert").path)
  }

  var inputs: [EncoderInput] { numbers.inputs.map { EncoderInput(tokens: $0.ids, tokenTypes: $0.types) } }
  var labels: [Int32] { numbers.inputs.map(\.label) }

  func encoder(_ precision: Element = .f32, threads: Int = 2) throws -> BERTEncoder {
    try BERTEncoder(stored, precision: precision, workers: Workers(count: threads))
  }
}

@Suite("BERT: transformers goldens")
struct BERTGoldenTests {
  @Test("hidden states of the last layer")
  func hiddenStates() throws {
    let golden = try BERTGolden()
    let encoder = try golden.encoder()
    let ours = try golden.inputs.flatMap { try encoder.hiddenStates(of: $0).values }
    #expect(relativeError(ours, try golden.tensors.floats(of: "hidden")) < 1e-5)
  }

  @Test("pooled vectors and logits, in batches", arguments: [1, 2, 3])
  func pooled(threads: Int) throws {
    let golden = try BERTGolden()
    let encoder = try golden.encoder(threads: threads)
    // Several batches: every input three times, so that what surrounds an input must not matter.
    let inputs = golden.inputs + golden.inputs.reversed() + golden.inputs
    for (pooling, name) in [(BERTEncoder.Pooling.mean, "mean"), (.pooler, "pooled")] {
      let ours = try encoder.embeddings(of: inputs, pooling: pooling, normalized: false)
      let theirs = try golden.tensors.floats(of: name)
      let n = golden.inputs.count
      #expect(relativeError(ours.rows(0..<n).values, theirs) < 1e-5)
      #expect(relativeError(ours.rows(2 * n..<3 * n).values, theirs) < 1e-5)
      for i in 0..<n {
        let back = ours.rows(2 * n - 1 - i..<2 * n - i).values
        #expect(relativeError(back, ours.rows(i..<i + 1).values) < 1e-5)
      }
    }
    #expect(encoder.classCount == 2 && golden.stored.configuration.labels == ["factual", "conceptual"])
    let logits = try encoder.logits(of: golden.inputs)
    #expect(relativeError(logits.values, try golden.tensors.floats(of: "logits")) < 1e-5)
  }

  @Test("the last layer for [CLS] alone: weights as they are, and packed ones that cannot be cut")
  func firstRows() throws {
    let golden = try BERTGolden()
    // Plain weights can be cut anywhere; packed ones of 32 outputs cannot where a panel has 48 or 64.
    let plain = BERTEncoder(
      try BERTTrainingTests.model(golden).weights, precision: .f32, workers: Workers(count: 2))
    for encoder in [plain, try golden.encoder()] {
      let first = try encoder.embeddings(of: golden.inputs, pooling: .first, normalized: false)
      let whole = try golden.inputs.flatMap {
        try encoder.hiddenStates(of: $0).rows(0..<1).values
      }
      #expect(relativeError(first.values, whole) < 1e-5)
      let pooled = try encoder.embeddings(of: golden.inputs, pooling: .pooler, normalized: false)
      #expect(relativeError(pooled.values, try golden.tensors.floats(of: "pooled")) < 1e-5)
    }
  }

  @Test("normalized embeddings have length 1; no inputs give no rows")
  func lengths() throws {
    let golden = try BERTGolden()
    let encoder = try golden.encoder()
    let vectors = try encoder.embeddings(of: golden.inputs)
    for row in 0..<vectors.rows { #expect(abs(vectors.rows(row..<row + 1).sumOfSquares - 1) < 1e-5) }
    #expect(try encoder.embeddings(of: []).rows == 0)
    #expect(try encoder.logits(of: []).rows == 0)
  }

  @Test("bf16: as exact as factors of 8 bits allow")
  func bf16() throws {
    let golden = try BERTGolden()
    let ours = try golden.encoder(.bf16).embeddings(of: golden.inputs, normalized: false)
    let error = relativeError(ours.values, try golden.tensors.floats(of: "mean"))
    #expect(error < 3e-2 && error > 1e-5)
  }

  @Test("batches hold every input once, longest first, and no more tokens than asked")
  func batches() {
    let lengths = [5, 300, 7, 7, 1, 256, 40, 100, 100, 56]
    let inputs = lengths.map {
      EncoderInput(tokens: Array(repeating: 1, count: $0), tokenTypes: Array(repeating: 0, count: $0))
    }
    let batches = EncoderBatch.cut(inputs, tokens: 256)
    #expect(batches.flatMap { $0 }.sorted() == Array(lengths.indices))
    #expect(batches.first == [1] && batches.flatMap { $0 }.map { lengths[$0] } == lengths.sorted(by: >))
    #expect(batches.dropFirst().allSatisfy { $0.reduce(0) { $0 + lengths[$1] } <= 256 })
    let shares = EncoderBatch.share(inputs, parts: 3)
    #expect(shares.count == 3 && shares.flatMap { $0 }.sorted() == Array(lengths.indices))
    #expect(EncoderBatch.share([], parts: 3).flatMap { $0 }.isEmpty)
  }
}

@Suite("The real MiniLM", .enabled(if: RealBERT.path != nil))
struct BERTRealModelTests {
  struct Texts: Decodable { var texts: [String] }

  @Test("hidden states and sentence embeddings", arguments: [Element.f32, .bf16])
  func embeddings(precision: Element) throws {
    let folder = Golden.fixtures.appendingPathComponent("goldens")
    let texts = try JSONDecoder().decode(
      Texts.self, from: Data(contentsOf: folder.appendingPathComponent("minilm.json"))
    ).texts
    let tensors = try SafetensorsFile(path: folder.appendingPathComponent("minilm.safetensors").path)
    let stored = try StoredBERT(path: #require(RealBERT.path))
    let tokenizer = try WordPieceTokenizer(stored)
    let encoder = try BERTEncoder(stored, precision: precision, workers: Workers(count: 2))
    let inputs = texts.map { tokenizer.encode($0) }
    let ours = try encoder.embeddings(of: inputs).values
    let theirs = try tensors.floats(of: "mean")
    let worst = zip(ours, theirs).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    let hidden = relativeError(
      try encoder.hiddenStates(of: inputs[0]).values, try tensors.floats(of: "hidden"))
    if precision == .f32 {
      #expect(worst < 1e-5 && hidden < 1e-4, "\(worst), \(hidden)")
    } else {
      // Cosine with the reference.
      let width = ours.count / texts.count
      for i in texts.indices {
        let range = i * width..<(i + 1) * width
        let cosine = zip(ours[range], theirs[range]).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(cosine > 0.9995, "\(texts[i]): \(cosine)")
      }
    }
    // 384 outputs can be cut: the short way of the last layer, against the long one.
    let first = try encoder.embeddings(of: inputs, pooling: .first, normalized: false)
    let whole = try inputs.flatMap { try encoder.hiddenStates(of: $0).rows(0..<1).values }
    #expect(relativeError(first.values, whole) < (precision == .f32 ? 1e-5 : 2e-2))
    print("MiniLM \(precision): worst element \(worst), hidden \(hidden)")
  }
}
