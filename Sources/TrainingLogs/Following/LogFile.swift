/// One file that is followed: each ``read(upTo:)`` takes what was added since the last.
///
/// A file that shrinks, is replaced or is written anew is read again from its start, as the same run: what it repeats
/// is dropped, what it says anew goes on.
public struct LogFile: Sendable {
  public let path: String
  /// Nil while it is not known to be a log.
  public private(set) var format: LogFormat?
  public private(set) var facts = LogFacts()
  private(set) var curves = LogCurves()
  /// Why it is not read, when it is not.
  public private(set) var refusal: String?

  private var reader: (any LogReader)?
  private var notes = LogNotes()
  /// What keeps the rest from being read, at the moment.
  private var obstacle: String?
  private var isReplay = false

  private var identity: FileIdentity?
  private var size = 0
  private var modified: [Int] = []
  private var isReadable = true
  /// Whether what is added to its end cannot make a log of it.
  private var isRefusalFinal = false
  /// Bytes read and understood.
  public private(set) var offset = 0
  /// The last bytes before `offset`: where they are others now, the file was written anew.
  private var anchor: [UInt8] = []

  private static let smallestWindow = 1 << 20
  private static let largestWindow = 8 << 20
  private static let anchorSize = 64

  public init(path: String) {
    self.path = path
  }

  public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// What keeps the end of the file from being read as yet, when it is only that its writer is not done.
  public private(set) var unfinished: String?
  /// Whether the last read stopped at its budget.
  private(set) var hasMore = false
  /// How much of it was read, 0…1; what no reader can read counts as read.
  var readShare: Double { hasMore && size > 0 ? Double(offset) / Double(size) : 1 }

  /// What one should know when looking at its curves.
  public var warnings: [String] {
    let limit = curves.pointsNotKept > 0 ? [Self.limitNote(curves.pointsNotKept)] : []
    return notes.texts + limit + [format == nil ? refusalText : obstacle ?? refusal].compactMap { $0 }
  }

  private var refusalText: String? {
    refusal.map { isReadable ? "not a training log: the file \($0)" : "the file cannot be read (\($0))" }
  }

  private static func limitNote(_ count: Int) -> String {
    var notes = LogNotes()
    notes.count(.manyPoints, count)
    return notes.texts.joined()
  }

  // MARK: - Reading

  /// Reads what is new.
  ///
  /// - Parameter budget: about as many bytes at most.
  /// - Returns: whether anything about the file changed.
  @discardableResult
  public mutating func read(upTo budget: Int = .max) -> Bool {
    do {
      isReadable = true
      return try readChanges(upTo: budget)
    } catch {
      isReadable = false
      let reason = (error as? LogFileError)?.reason ?? "\(error)"
      let before = refusal
      refusal =
        format == nil ? reason : "the file cannot be read any more (\(reason)); this is what it said before"
      return refusal != before
    }
  }

  private mutating func readChanges(upTo budget: Int) throws -> Bool {
    let facts = try FileFacts(path: path)
    let isSame = facts.identity == identity && facts.size == size && facts.modified == modified
    if isSame, !hasMore, refusal == nil || format == nil { return false }
    if format == nil, isRefusalFinal, facts.identity == identity, facts.size >= size { return false }
    let file = try RegularFile(path: path)
    if format != nil { refusal = nil }
    try noticeRestart(file, isSame: isSame)
    (identity, size, modified) = (file.facts.identity, file.facts.size, file.facts.modified)
    if reader == nil, try !recognise(file) { return true }
    try readNew(file, budget: budget)
    return true
  }

  /// Goes back to the start if this is not the file that was read, or not what was in it.
  private mutating func noticeRestart(_ file: RegularFile, isSame: Bool) throws {
    guard identity != nil, !isSame, offset > 0 else { return }
    let isRewritten = format?.isRewritten ?? false
    if file.facts.identity != identity {
      restart(isRewritten ? nil : .replaced)
    } else if file.facts.size < offset {
      restart(isRewritten ? nil : .truncated)
    } else if isRewritten {
      restart(nil)
    } else if try file.bytes(from: offset - anchor.count, count: anchor.count) != anchor {
      restart(.rewritten)
    }
  }

  private mutating func restart(_ kind: LogNotes.Kind?) {
    // What was said of lines and records is found anew.
    notes.remove { kind in
      switch kind {
      case .truncated, .replaced, .rewritten: false
      default: true
      }
    }
    if let kind { notes.count(kind) }
    offset = 0
    anchor = []
    reader = nil
    obstacle = nil
    unfinished = nil
    isReplay = true
  }

  /// Whether the file can be read as a log.
  private mutating func recognise(_ file: RegularFile) throws -> Bool {
    var recognition = LogRecognition.unfinished("")
    isRefusalFinal = false
    for size in [64 << 10, LogRecognition.beginningSize] {
      let beginning = try file.bytes(from: 0, count: size)
      isRefusalFinal = beginning.count == size
      recognition = LogRecognition(beginning: beginning, isWhole: beginning.count < size, name: name)
      if case .log = recognition { break }
      if beginning.count < size || beginning.contains(0) { break }
    }
    switch recognition {
    case .log(let newFormat, let newReader):
      if let format, format != newFormat {
        // The name belongs to another log now: what was drawn says nothing of it.
        curves = LogCurves()
        isReplay = false
      }
      format = newFormat
      reader = newReader
      refusal = nil
      return true
    case .other(let reason), .unfinished(let reason):
      refusal = format == nil ? reason : "the file \(reason) now; this is what it said before"
      return false
    }
  }

  private mutating func readNew(_ file: RegularFile, budget: Int) throws {
    var left = budget
    hasMore = false
    var windowSize = Self.smallestWindow
    obstacle = nil
    unfinished = nil
    while left > 0, var reader {
      let bytes = try file.bytes(from: offset, count: windowSize)
      let reachesEnd = offset + bytes.count >= file.facts.size
      let window = LogWindow(
        bytes: bytes, offset: offset, reachesEnd: reachesEnd, isLargest: windowSize >= Self.largestWindow)
      var output = LogOutput()
      let consumed = reader.read(window, into: &output)
      if let outputReader = reader as? TrainerOutputReader, outputReader.mustCount, !outputReader.isCounting {
        startCounting()
        continue
      }
      // A long record that is skipped must be there, to its end.
      let isThere = offset + consumed <= file.facts.size
      if isThere {
        self.reader = reader
        take(output)
        advance(by: consumed, in: window, file)
        left -= consumed
      }
      obstacle = output.obstacle ?? obstacle
      if output.obstacle != nil || !isThere { break }
      if consumed == 0 {
        if reachesEnd { break }
        windowSize = min(windowSize * 4, Self.largestWindow)
        if window.isLargest {
          obstacle = "what follows byte \(offset) is no line or record of this format; it is not read"
          break
        }
      }
    }
    hasMore = left <= 0 && offset < file.facts.size && obstacle == nil
    if obstacle == nil, !hasMore { unfinished = unfinishedTail(file.facts.size) }
  }

  private mutating func advance(by count: Int, in window: LogWindow, _ file: RegularFile) {
    offset += count
    if count >= Self.anchorSize, count <= window.bytes.count {
      anchor = Array(window.bytes[(count - Self.anchorSize)..<count])
    } else if count > 0 {
      let size = min(Self.anchorSize, offset)
      anchor = (try? file.bytes(from: offset - size, count: size)) ?? []
    }
  }

  private mutating func take(_ output: LogOutput) {
    for entry in output.entries where curves.add(entry, isReplay: isReplay) { isReplay = false }
    notes.merge(output.notes)
    facts.update(with: output.facts)
  }

  /// The bars of a program's output are no steps: all of it is read again, counting.
  private mutating func startCounting() {
    restart(nil)
    curves = LogCurves()
    isReplay = false
    reader = TrainerOutputReader(isCounting: true)
  }

  private func unfinishedTail(_ size: Int) -> String? {
    let rest = size - offset
    switch format {
    case .csv, .jsonLines, .trainerLog:
      return rest > 0 ? "the last line has no end yet: it is not read" : nil
    case .tensorBoard:
      return rest > 0 ? "the last record has no end yet: it is not read" : nil
    case .wandb:
      let isInside = (reader as? WandbReader)?.isInsideRecord ?? false
      return rest > 0 || isInside ? "the last record has no end yet: it is not read" : nil
    case .trainerState:
      let isComplete = (reader as? TrainerStateReader)?.isComplete ?? true
      return isComplete ? nil : "the document has no end yet: its writer was interrupted, or is at work"
    // Behind the last line break there may be a progress bar.
    case .mlxOutput, .trainerOutput, nil: return nil
    }
  }
}
