import Foundation
import ProjectStore
import Testing

/// `assay import` of documents.
@Suite(.serialized) struct ImportDocumentsTests {
  private func counts(_ place: Workplace, _ words: String...) async throws -> [String: Any] {
    try JSONText.object(try await place.succeed(["import", "--json"] + words).output)
  }

  private func write(_ place: Workplace, _ name: String, _ text: String) throws {
    let file = place.folder.appendingPathComponent("docs").appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  @Test func aFolderOfManyKinds() async throws {
    let place = try Workplace()
    try write(
      place, "a.md",
      "---\ntitle: A\n---\n# Cooling\n\nA chiller cools water.\n\n## Limits\n\nAt most 27 °C.\n")
    try write(place, "sub/b.html", "<h1>Power</h1><p>A UPS bridges seconds.<script>no()</script>")
    try write(place, "sub/c.txt", "Plain words here.\n\nMore of them.\n")
    try write(
      place, "d.jsonl", "{\"text\":\"First record.\"}\n\n{\"no\":1}\n{\"content\":\"Second record.\"}\n")
    try write(place, "e.rst", "Racks\n=====\n\nA rack has 42 units.\n")
    try write(place, "pairs.jsonl", "{\"question\":\"Why?\",\"answer\":\"So.\"}\n")
    try write(place, ".hidden.md", "Not seen.")
    try write(place, "picture.png", "PNG")
    let folder = place.folder.appendingPathComponent("docs").path
    let first = try await counts(place, folder)
    #expect(first["documents_added"] as? Int == 6)
    #expect(first["chunks_added"] as? Int == 7)
    #expect(first["inserted"] as? Int == 1)
    let rejected = try #require(first["rejected"] as? [[String: Any]])
    #expect(rejected.count == 2)
    #expect(
      rejected.contains { ($0["file"] as? String)?.hasSuffix("d.jsonl") == true && $0["line"] as? Int == 3 })
    #expect(rejected.contains { ($0["file"] as? String)?.hasSuffix("picture.png") == true })

    let store = try place.openStore()
    let found = try store.searchChunks("How warm may the water of a chiller be?", limit: 3)
    let best = try #require(try found.first.flatMap { try store.chunk($0.chunk) })
    #expect(best.text == "A chiller cools water.")
    #expect(best.headings == ["Cooling"])
    let text = try #require(try store.documentText(best.document))
    let bytes = Array(text.utf8)[best.range]
    #expect(String(decoding: bytes, as: UTF8.self) == best.text)

    let second = try await counts(place, folder)
    #expect(second["documents_unchanged"] as? Int == 6)
    #expect(second["chunks_added"] as? Int == 0)
    try write(place, "a.md", "# Cooling\n\nA chiller cools water.\n\n## Limits\n\nAt most 32 °C.\n")
    try write(place, "d.jsonl", "{\"text\":\"First record.\"}\n")
    let third = try await counts(place, folder)
    #expect(third["documents_updated"] as? Int == 1)
    #expect(third["documents_removed"] as? Int == 1)
    #expect(third["chunks_kept"] as? Int == 1)
    #expect(third["chunks_added"] as? Int == 1)
    #expect(third["chunks_removed"] as? Int == 1)
    #expect(try store.chunk(best.id)?.text == best.text, "It keeps its id")
  }

  @Test func whatIsNotThereOrNoDocumentIsSaid() async throws {
    let place = try Workplace()
    let missing = try await place.run("import", "nowhere.md")
    #expect(missing.ending == .exit(1))
    #expect(missing.errors.contains("nowhere.md: there is no such file"))
    let path = try place.write("x.pdf", "%PDF-1.7 broken")
    let broken = try await counts(place, path)
    let reason = try #require((broken["rejected"] as? [[String: Any]])?.first?["problem"] as? String)
    #expect(reason.contains("pdftotext"))
    let binary = try place.write("x.txt", "a\0b\0\0")
    let refused = try await counts(place, binary)
    #expect((refused["rejected"] as? [[String: Any]])?.first?["problem"] as? String == "is no text")
  }
}
