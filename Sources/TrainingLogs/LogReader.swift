/// Reads one format, piece by piece: what a call has consumed is never given again.
///
/// A reader is a value: it remembers what it must of the bytes behind it (the header of a table, a record begun), so
/// that following a file costs no more than what was added to it.
protocol LogReader: Sendable {
  /// Takes the complete lines or records at the start of the window.
  ///
  /// - Returns: how many bytes were consumed; more than the window holds when a long record is to be skipped. 0 asks
  ///   for a larger window, or, at the end of the file, to wait until more is written.
  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int
}

/// A part of a file.
struct LogWindow {
  var bytes: [UInt8]
  /// Of the first byte, in the file.
  var offset: Int
  /// Whether the window ends where the file does.
  var reachesEnd: Bool
  /// Whether there will be no larger one: what does not fit must be skipped.
  var isLargest: Bool
}

/// What a reader found.
struct LogOutput {
  var entries: [LogEntry] = []
  var notes = LogNotes()
  var facts = LogFacts()
  /// Why the bytes after what was consumed are not read, when that is not just their lacking end.
  var obstacle: String?
}

/// What a log says of its run as a whole.
public struct LogFacts: Equatable, Sendable {
  public var name: String?
  public var totalSteps: Int?
  /// Settings of the run as the log has them: values are JSON texts.
  public var configuration: [String: String] = [:]

  mutating func update(with other: LogFacts) {
    name = other.name ?? name
    totalSteps = other.totalSteps ?? totalSteps
    configuration.merge(other.configuration) { $1 }
  }
}

/// Things to know about a log, counted: a million bad lines are one note.
struct LogNotes: Equatable, Sendable {
  enum Kind: Hashable, Sendable {
    /// Lines that are not what the format demands.
    case badLines(String)
    case noStep(String)
    case longLines
    case badRecords
    case longRecords
    case manySeries
    case manyPoints
    case countedSteps
    case truncated, replaced, rewritten
  }

  private var order: [Kind] = []
  private var counts: [Kind: (count: Int, place: String)] = [:]

  /// - Parameter place: where, in the file; the first is told.
  mutating func count(_ kind: Kind, at place: @autoclosure () -> String = "", _ count: Int = 1) {
    if let known = counts[kind] {
      counts[kind] = (known.count + count, known.place)
    } else {
      order.append(kind)
      counts[kind] = (count, place())
    }
  }

  mutating func merge(_ other: LogNotes) {
    for kind in other.order {
      guard let new = other.counts[kind] else { continue }
      count(kind, at: new.place, new.count)
    }
  }

  mutating func remove(where predicate: (Kind) -> Bool) {
    order.removeAll(where: predicate)
    counts = counts.filter { !predicate($0.key) }
  }

  var isEmpty: Bool { order.isEmpty }

  /// One sentence a note.
  var texts: [String] {
    order.map { kind in
      let (count, place) = counts[kind] ?? (0, "")
      let first = place.isEmpty ? "" : count == 1 ? " (\(place))" : " (the first: \(place))"
      func counted(_ thing: String) -> String { count == 1 ? "1 \(thing)" : "\(count) \(thing)s" }
      switch kind {
      case .badLines(let what): return "\(counted("line")) left out: \(what)\(first)"
      case .noStep(let column): return "\(counted("row")) left out: no number under “\(column)”\(first)"
      case .longLines: return "\(counted("line")) left out: longer than any log's\(first)"
      case .badRecords: return "\(counted("record")) left out: the checksum is wrong\(first)"
      case .longRecords: return "\(counted("record")) left out: larger than any that holds scalars\(first)"
      case .manySeries: return "more than \(KeyTable.maximumCount) names: \(counted("value")) left out"
      case .manyPoints: return "too many points to keep: \(counted("point")) counted, but not drawn"
      case .countedSteps:
        return
          "the output has no reliable step numbers: its training lines are counted, 1, 2, 3, …; “epoch” has their place"
      case .truncated:
        return "the file was cut short while it was followed: read again from its start\(times(count))"
      case .replaced:
        return "the file was replaced while it was followed: read again from its start\(times(count))"
      case .rewritten:
        return "the file was written anew while it was followed: read again from its start\(times(count))"
      }
    }
  }

  private func times(_ count: Int) -> String { count == 1 ? "" : ", \(count) times" }

  static func == (one: LogNotes, other: LogNotes) -> Bool { one.texts == other.texts }
}
