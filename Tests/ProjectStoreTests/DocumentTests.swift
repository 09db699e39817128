import Foundation
import Testing

@testable import ProjectStore

@Suite struct DocumentTests {
  private func chunk(_ text: String, _ headings: [String] = [], at start: Int = 0) -> StoredChunk {
    StoredChunk(
      range: start..<start + text.utf8.count, headings: headings,
      tokenCount: text.split(separator: " ").count, text: text)
  }

  private func document(_ path: String, _ text: String, record: Int = 0) -> StoredDocument {
    StoredDocument(path: path, record: record, title: "Title", format: "markdown", text: text)
  }

  @Test func aDocumentComesBackWithItsChunks() throws {
    let project = try TemporaryProject()
    let store = project.store
    let text = "one two\n\nthree"
    let result = try store.importDocument(
      document("a.md", text), text: text, chunks: [chunk("one two", ["A", "B"]), chunk("three", at: 9)])
    #expect(result == DocumentImport(outcome: .added, document: result.document, chunksAdded: 2))
    #expect(try store.documents().map(\.path) == ["a.md"])
    #expect(try store.documentText(result.document) == text)
    let chunks = try store.chunks(of: result.document)
    #expect(chunks.map(\.text) == ["one two", "three"])
    #expect(chunks.map(\.headings) == [["A", "B"], []])
    #expect(chunks.map(\.range) == [0..<7, 9..<14])
    #expect(try store.chunk(chunks[1].id) == chunks[1])
    #expect(try store.hasDocument(document("a.md", text), text: text))
    #expect(try !store.hasDocument(document("a.md", text + "!"), text: text + "!"))
  }

  @Test func anotherImportTouchesOnlyWhatChanged() throws {
    let project = try TemporaryProject()
    let store = project.store
    func put(_ texts: [String]) throws -> DocumentImport {
      let text = texts.joined(separator: "\n\n")
      return try store.importDocument(document("a.md", text), text: text, chunks: texts.map { chunk($0) })
    }
    let first = try put(["one", "two", "three", "two"])
    let before = try store.chunks()
    let same = try put(["one", "two", "three", "two"])
    #expect(same == DocumentImport(outcome: .unchanged, document: first.document, chunksKept: 4))
    #expect(try store.chunks() == before)

    let second = try put(["new", "two", "one", "two"])
    #expect(
      second
        == DocumentImport(
          outcome: .updated, document: first.document, chunksAdded: 1, chunksKept: 3, chunksRemoved: 1))
    let after = try store.chunks()
    #expect(after.map(\.text) == ["new", "two", "one", "two"])
    #expect(after[2].id == before[0].id, "A chunk that moved is the same chunk")
    #expect(Set([after[1].id, after[3].id]) == Set([before[1].id, before[3].id]))
    #expect(try store.searchChunks("three", limit: 5).isEmpty)
    #expect(try store.searchChunks("new", limit: 5).map(\.chunk) == [after[0].id])
  }

  @Test func recordsThatAreGoneGo() throws {
    let project = try TemporaryProject()
    let store = project.store
    for record in 1...3 {
      try store.importDocument(
        document("a.jsonl", "text \(record)", record: record), text: "text \(record)",
        chunks: [chunk("text \(record)")])
    }
    #expect(try store.removeDocuments(path: "a.jsonl", exceptRecords: [2]) == 2)
    #expect(try store.documents().map(\.record) == [2])
    #expect(try store.chunkCount() == 1)
    #expect(try store.searchChunks("text", limit: 9).count == 1)
  }

  @Test func searchRanksByBM25() throws {
    let project = try TemporaryProject()
    let store = project.store
    let texts = [
      "The chiller cools water.", "Chillers and chilled water: a chiller plant has several chillers.",
      "Racks hold servers.",
      "Cables connect racks to racks.",
    ]
    try store.importDocument(
      document("a.md", "x"), text: "x", chunks: texts.map { chunk($0, ["Cooling"]) })
    let ids = try store.chunks().map(\.id)
    let found = try store.searchChunks("Which chiller?", limit: 10)
    #expect(Set(found.map(\.chunk)) == [ids[0], ids[1]])
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
    #expect(found.allSatisfy { $0.score > 0 })
    #expect(try store.searchChunks("racks", limit: 1).map(\.chunk) == [ids[3]])
  }

  /// What is searched for is words, whatever it looks like.
  @Test(arguments: [
    "\"", "a AND NOT", "NEAR(x, 5)", "text:x", "x*", "(", "-", "\u{0}", "'; DROP TABLE chunk; --", "^x", "",
  ])
  func noTextIsASyntaxError(_ text: String) throws {
    let project = try TemporaryProject()
    _ = try project.store.searchChunks(text, limit: 3)
    _ = try project.store.searchChunks(String(repeating: text + " w", count: 5000), limit: 3)
  }
}
