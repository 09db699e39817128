import ArgumentParser
import Foundation
import Jobs
import LanguageModels
import ProjectStore
import QAData

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Import question–answer pairs and documents.",
    discussion: """
      Pairs: JSON or JSON lines of question and answer, alpaca, sharegpt, messages, prompt and completion, SQuAD, \
      EntityQuestions, DeepEval, Ragas, LlamaIndex, synthetic-data-kit; CSV and TSV. What a file holds is told from its \
      content. Of a conversation each exchange is a pair.

      Documents: Markdown, plain text, reStructuredText, HTML, PDF (through pdftotext), and JSON or JSON lines of \
      texts. They are cut into chunks, from which pairs can be made.

      Folders are walked. What has not changed since the last import is not touched.
      """)

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
  var paths: [String]
  @Option(help: ArgumentHelp("The most tokens of a chunk.", valueName: "tokens")) var chunkSize = 256
  @Option(help: ArgumentHelp("The most tokens that a chunk repeats of the one before.", valueName: "tokens"))
  var chunkOverlap = 32
  @Option(help: "The model whose tokens count; by default the project's.") var model: String?
  @Option(
    help: ArgumentHelp(
      """
      Which columns or fields are meant: question=COL,answer=COL, and category, source, split, system, context, id. \
      A field of a field is A.B, a column without a name #2; category= says that there is none.
      """, valueName: "columns"))
  var map: String?
  @Option(
    help: ArgumentHelp("Take the files for pairs of this format.", valueName: "format"))
  var format: PairFormat?

  func validate() throws {
    guard (8...100_000).contains(chunkSize) else {
      throw ValidationError("--chunk-size: \(chunkSize) is not between 8 and 100000")
    }
    guard (0...chunkSize / 2).contains(chunkOverlap) else {
      throw ValidationError("--chunk-overlap: \(chunkOverlap) is not between 0 and half of the chunk's size")
    }
    _ = try options
  }

  /// What is said of pairs.
  private var options: PairReader.Options {
    get throws {
      do {
        return PairReader.Options(format: format, map: try ColumnMap(parsing: map ?? ""))
      } catch {
        throw ValidationError("--map: \(error)")
      }
    }
  }

  struct Output: Encodable {
    struct Rejected: Encodable {
      var file: String
      var line: Int
      var problem: String
    }
    /// Records that were looked at, those that are pairs, and of the others how many for which reason.
    var read = 0
    var kept = 0
    var skipped: [String: Int] = [:]
    // Pairs.
    var inserted = 0
    var updated = 0
    var unchanged = 0
    var leftOut = 0
    // Documents.
    var documentsAdded = 0
    var documentsUpdated = 0
    var documentsUnchanged = 0
    var documentsRemoved = 0
    var chunksAdded = 0
    var chunksKept = 0
    var chunksRemoved = 0
    var nearDuplicateChunks = 0
    /// What was left out, of both; the first of it.
    var rejected: [Rejected] = []
  }

  func run() async throws {
    let found = DocumentFiles(paths)
    // Of files that were named, one that is not there ends it before anything is written.
    if let problem = found.problems.first, paths.contains(problem.path) { throw problem }
    let options = try options
    let named = Set(paths)
    var pairFiles: [PairFile] = []
    var documents: [String] = []
    var output = Output()
    for path in found.paths {
      guard isPairFile(path, isNamed: named.contains(path), options) else {
        documents.append(path)
        continue
      }
      do {
        pairFiles.append(try PairFile(path: path, options: options))
      } catch  where !named.contains(path) {
        // In a folder one file more or less does not end it.
        let error = error as? LineError ?? LineError(file: path, line: 0, problem: "\(error)")
        output.reject(error, reason: error.problem)
        global.progress("left out \(oneLine("\(error)"))")
      }
    }
    let store = try global.openStore(create: true)
    for file in pairFiles { try take(file, store, &output) }
    if !documents.isEmpty { try take(documents, store, &output) }
    for problem in found.problems { output.reject(problem) }
    report(output, hasPairs: !pairFiles.isEmpty, hasDocuments: !documents.isEmpty)
  }

  /// Files of JSON lines and tables that are named and are not of texts are taken for pairs, so that they are told
  /// what they lack; so is everything of which it is said.
  private func isPairFile(_ path: String, isNamed: Bool, _ options: PairReader.Options) -> Bool {
    if PairFile.holdsPairs(path, options: options) { return true }
    guard isNamed else { return false }
    if format != nil || map != nil || PairFile.holdsUnknownRecords(path) { return true }
    guard path.lowercased().hasSuffix(".jsonl") else { return false }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return true }
    return !["\"text\"", "\"content\"", "\"page_content\"", "\"body\"", "\"document\""].contains {
      text.contains($0)
    }
  }

  private func take(_ file: PairFile, _ store: ProjectStore, _ output: inout Output) throws {
    let result = try store.importPairs(file.pairs)
    output.inserted += result.inserted
    output.updated += result.updated
    output.unchanged += result.unchanged + result.repeated
    output.rejected += file.rejected.map { .init(file: $0.file, line: $0.line, problem: $0.problem) }
    output.leftOut += file.rejectedCount
    output.read += file.pairs.count + file.rejectedCount
    output.kept += file.pairs.count
    output.skipped.merge(file.skipped, uniquingKeysWith: +)
    global.progress(leftOutOf: file)
    let name = URL(fileURLWithPath: file.path).lastPathComponent
    for note in file.notes { global.progress(oneLine("\(name): \(note)")) }
    if file.pairsWithMore > 0 {
      global.progress(
        oneLine("\(name): of \(file.pairsWithMore) pairs the project keeps no \(file.moreNames)"))
    }
  }

  private func take(_ paths: [String], _ store: ProjectStore, _ output: inout Output) throws {
    let chunker = Chunker(size: chunkSize, overlap: chunkOverlap, count: try tokenCounter())
    let progress = ProgressLine(enabled: !global.quiet)
    var number = 0
    let counts = try DocumentImporter(store: store, chunker: chunker).run(paths) { path in
      number += 1
      progress.show("reading", number, of: paths.count, "files")
    }
    progress.finish()
    output.documentsAdded = counts.documentsAdded
    output.documentsUpdated = counts.documentsUpdated
    output.documentsUnchanged = counts.documentsUnchanged
    output.documentsRemoved = counts.documentsRemoved
    output.chunksAdded = counts.chunksAdded
    output.chunksKept = counts.chunksKept
    output.chunksRemoved = counts.chunksRemoved
    output.nearDuplicateChunks = counts.nearDuplicates
    for error in counts.rejected { output.reject(error) }
    for error in counts.rejected.prefix(20) { global.progress("left out \(oneLine("\(error)"))") }
    if counts.rejectedCount > 20 { global.progress("left out \(counts.rejectedCount - 20) more") }
    output.leftOut += counts.rejectedCount - counts.rejected.count
    output.read += counts.rejectedCount - counts.rejected.count
    let kept = counts.documentsAdded + counts.documentsUpdated + counts.documentsUnchanged
    output.read += kept
    output.kept += kept
  }

  /// Counts the tokens of the model that is to read the chunks; about four bytes each where it is not in the cache.
  private func tokenCounter() throws -> @Sendable (String) -> Int {
    let name = try model ?? global.settings().modelName
    do {
      let tokenizer = try OpenedModel(name: name, url: ModelCache().resolve(name)).tokenizer
      return { tokenizer.encode($0).count }
    } catch {
      if model != nil { throw error }
      global.progress("\(name) is not in the cache: four bytes count as a token")
      return { ($0.utf8.count + 3) / 4 }
    }
  }

  private func report(_ output: Output, hasPairs: Bool, hasDocuments: Bool) {
    if global.json {
      if let line = try? jsonLine(output) { writeLine(line) }
      return
    }
    if hasPairs || !hasDocuments {
      print(
        "\(output.inserted) new, \(output.updated) updated, \(output.unchanged) unchanged, \(output.leftOut) lines left out"
      )
    }
    guard hasDocuments else { return }
    print(
      "\(output.documentsAdded) documents new, \(output.documentsUpdated) updated, "
        + "\(output.documentsUnchanged) unchanged, \(output.documentsRemoved) removed")
    print(
      "\(output.chunksAdded) chunks new, \(output.chunksKept) kept, \(output.chunksRemoved) removed, "
        + "\(output.nearDuplicateChunks) near duplicates")
  }
}

extension ImportCommand.Output {
  mutating func reject(_ error: DocumentError) {
    reject(LineError(file: error.path, line: error.record ?? 0, problem: error.reason), reason: error.reason)
  }

  mutating func reject(_ error: LineError, reason: String) {
    rejected.append(.init(file: error.file, line: error.line, problem: error.problem))
    leftOut += 1
    read += 1
    skipped[reason, default: 0] += 1
  }
}

extension PairFormat: ExpressibleByArgument {}
