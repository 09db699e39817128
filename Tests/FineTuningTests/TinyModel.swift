import Compute
import Foundation
import LanguageModels
import ModelFiles

@testable import FineTuning

/// The tiny models and goldens beside LanguageModels' tests, made by Tests/Reference/make_goldens.py.
enum TinyModel {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("LanguageModelsTests/Fixtures")

  static func load(_ name: String = "llama-tied", threads: Int = 2, precision: Element = .f32) throws -> Llama
  {
    try Llama(
      StoredModel.open(path: fixtures.appendingPathComponent("models/\(name)").path), precision: precision,
      workers: Workers(count: threads))
  }

  /// Rows with a pattern that can be learned: the answer repeats the question's tokens.
  static func rows(_ count: Int, seed: UInt64 = 3) -> [TrainingSequence] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { id in
      let question = (0..<3 + Int(random.next() % 5)).map { _ in Int32(random.next() % 40) + 10 }
      let tokens = [1, 5, 7, 9] + question + [3] + question.prefix(3) + [2]
      return TrainingSequence(
        id: id, tokens: tokens,
        lossMask: tokens.indices.map { $0 >= tokens.count - 4 })
    }
  }

  static func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
}
