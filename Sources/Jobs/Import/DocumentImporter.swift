import Foundation
import ModelFiles
import ProjectStore
import QAData

/// Reads documents into a project: text, blocks, chunks. What has not changed is not touched.
public struct DocumentImporter {
  /// What an import did.
  public struct Counts: Equatable, Sendable {
    public var documentsAdded = 0
    public var documentsUpdated = 0
    public var documentsUnchanged = 0
    /// Records that a file no longer has.
    public var documentsRemoved = 0
    public var chunksAdded = 0
    public var chunksKept = 0
    public var chunksRemoved = 0
    /// Of all chunks of the project, those that nearly repeat an earlier one.
    public var nearDuplicates = 0
    /// Files and records that were left out: the first of them.
    public var rejected: [DocumentError] = []
    public var rejectedCount = 0

    mutating func reject(_ error: DocumentError) {
      rejectedCount += 1
      if rejected.count < PairFile.mostRejected { rejected.append(error) }
    }
  }

  private static let largestFile = 256 << 20

  private let store: ProjectStore
  private let chunker: Chunker

  public init(store: ProjectStore, chunker: Chunker) {
    self.store = store
    self.chunker = chunker
  }

  /// - Parameters:
  ///   - paths: files.
  ///   - progress: told each file before it is read.
  public func run(_ paths: [String], progress: (String) -> Void = { _ in }) throws -> Counts {
    var counts = Counts()
    for path in paths {
      progress(path)
      do {
        try take(path, &counts)
      } catch let error as DocumentError {
        counts.reject(error)
      }
    }
    counts.nearDuplicates = try markNearDuplicates()
    return counts
  }

  private func take(_ path: String, _ counts: inout Counts) throws {
    let data: Data
    do {
      data = try Data(regularFile: path, upTo: Self.largestFile)
    } catch {
      throw DocumentError(path: path, reason: "cannot be read: \(error)")
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let format = DocumentFormat(fileName: name, beginning: data.prefix(1024)) else {
      throw DocumentError(path: path, reason: "is of a kind that is not read")
    }
    let result = try DocumentReader.read(data, format: format, path: path) { try PDFText.read(path) }
    for error in result.rejected { counts.reject(error) }
    let stored = URL(fileURLWithPath: path).standardizedFileURL.path
    for read in result.documents {
      let record = StoredDocument(
        path: stored, record: read.record ?? 0, title: read.document.title, format: format.rawValue,
        text: read.document.text)
      if try store.hasDocument(record, text: read.document.text) {
        counts.documentsUnchanged += 1
        continue
      }
      let chunks = chunker.chunks(of: read.document).map {
        StoredChunk(range: $0.range, headings: $0.headings, tokenCount: $0.tokenCount, text: $0.text)
      }
      let outcome = try store.importDocument(record, text: read.document.text, chunks: chunks)
      switch outcome.outcome {
      case .added: counts.documentsAdded += 1
      case .updated: counts.documentsUpdated += 1
      case .unchanged: counts.documentsUnchanged += 1
      }
      counts.chunksAdded += outcome.chunksAdded
      counts.chunksKept += outcome.chunksKept
      counts.chunksRemoved += outcome.chunksRemoved
    }
    counts.documentsRemoved += try store.removeDocuments(
      path: stored, exceptRecords: Set(result.documents.map { $0.record ?? 0 }))
  }

  /// Finds the near duplicates among all chunks anew; the earliest of each kind is the original.
  private func markNearDuplicates() throws -> Int {
    var index = NearDuplicates()
    var ids: [StoredChunk.ID] = []
    var duplicates: [StoredChunk.ID: StoredChunk.ID] = [:]
    try store.eachChunkText { id, text in
      if let original = index.add(text) { duplicates[id] = duplicates[ids[original]] ?? ids[original] }
      ids.append(id)
    }
    try store.setDuplicates(duplicates)
    return duplicates.count
  }
}
