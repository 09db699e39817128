import Compute
import Foundation
import ModelFiles
import Testing

@testable import LanguageModels

@Suite("BERT: gradients")
struct BERTTrainingTests {
  static let classes = ["factual", "conceptual"]

  static func model(
    _ golden: BERTGolden, firstLayer: Int = 0, embeddings: Bool = true, threads: Int = 2,
    precision: Element = .f32
  ) throws -> TrainableBERT {
    try TrainableBERT(
      golden.stored, classes: classes, firstLayer: firstLayer, trainsEmbeddings: embeddings,
      precision: precision, workers: Workers(count: threads), seed: 1)
  }

  static func gradient(of model: TrainableBERT, _ golden: BERTGolden) throws -> Matrix {
    let gradient = try Matrix(rows: 1, columns: model.layout.count)
    _ = try model.losses(
      of: golden.inputs, labels: golden.labels, scale: 1 / Float(golden.inputs.count), gradients: gradient)
    return gradient
  }

  private func name(_ tensor: String) -> String {
    "grad/" + (tensor.hasPrefix("classifier.") ? tensor : "bert." + tensor)
  }

  @Test("every parameter's gradient and every loss equal PyTorch's", arguments: [1, 2, 3, 5])
  func gradients(threads: Int) throws {
    let golden = try BERTGolden()
    let model = try Self.model(golden, threads: threads)
    let gradient = try Matrix(rows: 1, columns: model.layout.count)
    let losses = try model.losses(
      of: golden.inputs, labels: golden.labels, scale: 1 / Float(golden.inputs.count), gradients: gradient)
    #expect(relativeError(losses, golden.numbers.losses.map { Float($0) }) < 1e-5)
    let tensors = model.layout.tensors(of: gradient)
    #expect(tensors.count == golden.tensors.names.count { $0.hasPrefix("grad/") })
    for (tensor, ours) in tensors {
      let theirs = try golden.tensors.floats(of: name(tensor))
      // A key's bias moves all scores of a query alike, which a softmax does not see: its gradient is 0.
      if tensor.hasSuffix("key.bias") {
        #expect(ours.values.allSatisfy { abs($0) < 1e-6 } && theirs.allSatisfy { abs($0) < 1e-6 })
      } else {
        #expect(relativeError(ours.values, theirs) < 1e-4, "\(tensor)")
      }
    }
  }

  @Test("frozen layers change no gradient of what is trained", arguments: [0, 1, 2, 3])
  func frozenLayers(firstLayer: Int) throws {
    let golden = try BERTGolden()
    let model = try Self.model(golden, firstLayer: firstLayer, embeddings: false)
    let tensors = model.layout.tensors(of: try Self.gradient(of: model, golden))
    #expect(tensors.keys.contains { $0.hasPrefix("encoder.layer.2.") } == (firstLayer < 3))
    #expect(!tensors.keys.contains { $0.hasPrefix("embeddings.") })
    for (tensor, ours) in tensors where !tensor.hasSuffix("key.bias") {
      #expect(relativeError(ours.values, try golden.tensors.floats(of: name(tensor))) < 1e-4, "\(tensor)")
    }
  }

  @Test("gradients are added to what is there, and the same bits come every time")
  func accumulation() throws {
    let golden = try BERTGolden()
    let model = try Self.model(golden, threads: 3)
    let once = try Self.gradient(of: model, golden)
    let again = try Self.gradient(of: model, golden)
    #expect(once.values == again.values)
    _ = try model.losses(
      of: golden.inputs, labels: golden.labels, scale: 1 / Float(golden.inputs.count), gradients: again)
    #expect(relativeError(again.values, once.values.map { 2 * $0 }) < 1e-5)
  }

  @Test("every tensor's gradient against finite differences of the losses")
  func finiteDifferences() throws {
    let golden = try BERTGolden()
    let model = try Self.model(golden)
    let gradient = try Self.gradient(of: model, golden).values
    let start = model.parameters.values
    func loss(_ direction: [Float], _ h: Float, _ range: Range<Int>) throws -> Double {
      model.parameters.columns(range).set(zip(range, direction).map { start[$0] + h * $1 })
      defer { model.parameters.columns(range).set(Array(start[range])) }
      let losses = try model.losses(of: golden.inputs, labels: golden.labels)
      return losses.reduce(0) { $0 + Double($1) } / Double(losses.count)
    }
    var random = SplitMix64(seed: 6)
    for entry in model.layout.entries where !entry.name.hasSuffix("key.bias") {
      // Half along the gradient, half at random: steep enough for f32 to see, yet blind to no element.
      let part = Array(gradient[entry.range])
      let length = Float(FiniteDifferenceTests.dot(part, part).squareRoot())
      let scale = length / Float(part.count).squareRoot()
      var direction = part.map { $0 + scale * (2 * random.nextFloat() - 1) }
      let norm = Float(FiniteDifferenceTests.dot(direction, direction).squareRoot())
      direction = direction.map { $0 / norm }
      func central(_ h: Float) throws -> Double {
        (try loss(direction, h, entry.range) - loss(direction, -h, entry.range)) / Double(2 * h)
      }
      let slope = (4 * (try central(0.015)) - (try central(0.03))) / 3
      let expected = FiniteDifferenceTests.dot(part, direction)
      #expect(abs(slope - expected) < 2e-3 * abs(expected) + 2e-6, "\(entry.name): \(slope), \(expected)")
    }
  }

  @Test("bf16 products: the gradient points the same way")
  func bf16() throws {
    let golden = try BERTGolden()
    let exact = try Self.gradient(of: Self.model(golden), golden).values
    let rounded = try Self.gradient(of: Self.model(golden, precision: .bf16), golden).values
    let cosine =
      FiniteDifferenceTests.dot(exact, rounded)
      / (FiniteDifferenceTests.dot(exact, exact) * FiniteDifferenceTests.dot(rounded, rounded)).squareRoot()
    #expect(cosine > 0.995 && cosine < 0.9999999, "\(cosine)")
  }

  @Test("AdamW steps learn the batch by heart; what is written is read again as the same classifier")
  func training() throws {
    let golden = try BERTGolden()
    let three = ["a", "b", "c"]
    let model = try TrainableBERT(
      golden.stored, classes: three, firstLayer: 1, workers: Workers(count: 2), seed: 1)
    let labels = golden.inputs.indices.map { Int32($0 % 3) }
    let gradient = try Matrix(rows: 1, columns: model.layout.count)
    let (m, v) = (
      try Matrix(rows: 1, columns: model.layout.count), try Matrix(rows: 1, columns: model.layout.count)
    )
    let scale = 1 / Float(labels.count)
    let before = try model.losses(of: golden.inputs, labels: labels).reduce(0, +) * scale
    // A new classifier near zero knows nothing: ln 3.
    #expect(abs(before - 1.0986) < 0.1)
    for step in 1...60 {
      gradient.fill(0)
      _ = try model.losses(of: golden.inputs, labels: labels, scale: scale, gradients: gradient)
      model.parameters.adamW(
        gradient: gradient, m: m, v: v,
        AdamWStep(learningRate: 3e-3, weightDecay: 0, step: step, gradientScale: 1))
    }
    let after = try model.losses(of: golden.inputs, labels: labels).reduce(0, +) * scale
    #expect(after < 0.05, "\(after)")

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-bert-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try StoredBERT.write(model.tensors(), model.configuration, into: folder)
    let read = try StoredBERT(path: folder.path)
    #expect(read.configuration == model.configuration && read.classCount == 3)
    let ours = try model.encoder(precision: .f32).logits(of: golden.inputs)
    let theirs = try BERTEncoder(read, precision: .f32, workers: Workers(count: 1)).logits(of: golden.inputs)
    #expect(relativeError(theirs.values, ours.values) < 1e-6)
    for (row, label) in labels.enumerated() {
      let logits = ours.rows(row..<row + 1).values
      #expect(logits.firstIndex(of: logits.max() ?? 0) == Int(label))
    }
  }
}
