import TerminalUI

/// What `assay bench monitor` found out: a row for each thing measured, with what it is to be.
public struct MonitorReport: Sendable {
  public enum Figure: Sendable, Equatable {
    case seconds(Double)
    case bytes(Int)
    /// Of one core, 0…1.
    case share(Double)
    case holds(Bool)
  }

  public enum Goal: Sendable, Equatable {
    case atMost(Figure)
    case holds
  }

  public struct Row: Sendable {
    /// As in the JSON: `zoom_redraw_seconds`.
    public var name: String
    public var figure: Figure
    /// `nil` for what is told but has no goal.
    public var goal: Goal?

    public init(_ name: String, _ figure: Figure, goal: Goal? = nil) {
      self.name = name
      self.figure = figure
      self.goal = goal
    }

    /// Whether the goal is met; `nil` without one.
    public var isMet: Bool? {
      switch (goal, figure) {
      case (nil, _): nil
      case (.atMost(.seconds(let most)), .seconds(let seconds)): seconds <= most
      case (.atMost(.bytes(let most)), .bytes(let bytes)): bytes <= most
      case (.atMost(.share(let most)), .share(let share)): share <= most
      case (.holds, .holds(let holds)): holds
      default: false
      }
    }
  }

  public var rows: [Row]

  public init(rows: [Row] = []) { self.rows = rows }

  public subscript(name: String) -> Figure? { rows.first { $0.name == name }?.figure }

  /// `zoom redraw             2.1 ms   at most 16.0 ms`, a line for each row.
  public var lines: [String] {
    let names = rows.map { Self.words($0.name) }
    let width = names.map(\.count).max() ?? 0
    return zip(names, rows).map { name, row in
      let figure = Figures.padded(row.figure.text, 10)
      var line = name + String(repeating: " ", count: width - name.count) + figure
      if let goal = row.goal {
        line += row.isMet == true ? "   ok" : "   missed"
        if case .atMost(let most) = goal { line += ", at most \(most.text)" }
      }
      return line
    }
  }

  /// The unit stands with the figure.
  private static func words(_ name: String) -> String {
    let words = name.split(separator: "_")
    return (words.last == "seconds" ? words.dropLast() : words[...]).joined(separator: " ")
  }
}

extension MonitorReport.Figure {
  var text: String {
    switch self {
    case .seconds(let seconds) where seconds < 1: Figures.plain((seconds * 10_000).rounded() / 10) + " ms"
    case .seconds(let seconds): Figures.plain((seconds * 1000).rounded() / 1000) + " s"
    case .bytes(let bytes) where bytes < 100_000: "\(NumberText.count(bytes)) B"
    case .bytes(let bytes): Figures.plain((Double(bytes) / 1e5).rounded() / 10) + " MB"
    case .share(let share): Figures.plain((share * 1000).rounded() / 10) + " %"
    case .holds(let holds): holds ? "yes" : "no"
    }
  }
}

/// One object with the rows' names as its keys.
extension MonitorReport: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode("monitor", forKey: Key(stringValue: "benchmark"))
    for row in rows {
      let key = Key(stringValue: row.name)
      switch row.figure {
      case .seconds(let seconds): try object.encode(seconds, forKey: key)
      case .bytes(let bytes): try object.encode(bytes, forKey: key)
      case .share(let share): try object.encode(share, forKey: key)
      case .holds(let holds): try object.encode(holds, forKey: key)
      }
    }
  }
}
