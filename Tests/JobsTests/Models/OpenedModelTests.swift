import Compute
import Foundation
import ModelFiles
import Testing

@testable import Jobs
@testable import assay

/// The tiny model of the engine's tests.
private let tiny = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("LanguageModelsTests/Fixtures/models/llama-tied")

/// Models and tokenizers that are sound, each for itself.
@Suite struct OpenedModelTests {
  /// A copy of the tiny model whose files of these names are rewritten.
  private func model<Result>(
    _ changes: [String: (String) -> String], _ body: (OpenedModel) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: tiny, to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, change) in changes {
      let file = folder.appendingPathComponent(name)
      try Data(change(try String(contentsOf: file, encoding: .utf8)).utf8).write(to: file)
    }
    return try body(OpenedModel(name: folder.path, url: folder))
  }

  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return (error as? ModelFileError)?.description ?? "\(error) is no ModelFileError" }
  }

  @Test("an id that the model has no embedding for is refused before it is looked up")
  func idsBeyondTheEmbedding() throws {
    let changes: [String: (String) -> String] = [
      "tokenizer.json": {
        $0.replacing(#""id": 1,"#, with: #""id": 300,"#).replacing(
          #""<|im_start|>": 1,"#, with: #""<|im_start|>": 300,"#)
      }
    ]
    try model(changes) { opened in
      let message = refusal { _ = try opened.encode(question: "Q", answer: "A") }
      #expect(
        message?.hasSuffix(
          ": vocabulary size: the tokenizer gives “<|im_start|>” the id 300, but the model has 288 embeddings"
        ) == true)
    }
  }

  @Test func aQuestionThatFillsTheContextIsRefused() throws {
    let changes: [String: (String) -> String] = [
      "config.json": {
        $0.replacing(#""max_position_embeddings": 256"#, with: #""max_position_embeddings": 8"#)
      }
    ]
    try model(changes) { opened in
      let session = try AnswerSession(opened, adapter: nil, precision: .f32, threads: 1)
      let message = refusal { _ = try session.answer(.init(text: "Q", maxTokens: 1)) }
      #expect(message?.contains("context length: the question takes") == true)
    }
  }

  @Test func aTemplateTheTokenizerCannotWriteIsNamed() throws {
    let changes: [String: (String) -> String] = [
      "tokenizer_config.json": { $0.replacing("<|im_start|>assistant", with: "<|start_header_id|>") }
    ]
    try model(changes) { opened in
      #expect(refusal { _ = try opened.encode(question: "Q", answer: nil) } == nil)
    }
    let opened = try OpenedModel(name: tiny.path, url: tiny, template: .llama3)
    #expect(
      refusal { _ = try opened.encode(question: "Q", answer: nil) }?.hasPrefix(
        "\(tiny.path): chat template: 'llama3' needs the token") == true)
  }

  @Test("a message that quotes a file stays one line without control characters")
  func oneLineMessages() {
    #expect(oneLine("a\n\u{1B}[31mb\0c") == "a \u{241B}[31mb\u{2400}c")
    let long = oneLine("m: " + String(repeating: "x", count: 100_000) + " is bad")
    #expect(long.unicodeScalars.count == 1003)
    #expect(long.hasPrefix("m: xxx") && long.hasSuffix("xxx is bad"))
  }
}
