import Foundation
import ProjectStore

/// Measurements as a table, a row each: CSV (RFC 4180) with a header, or a JSON object a line.
///
/// What is not known is empty or null; values that are no numbers are `NaN`, `Infinity` and `-Infinity`, in JSON as
/// strings. Wall times are seconds since 1970.
public struct MetricTable: Sendable {
  public enum Format: String, CaseIterable, Sendable {
    case csv, jsonl
  }

  public let format: Format

  public init(_ format: Format) { self.format = format }

  private static let columns = [
    "run", "name", "series", "segment", "superseded", "step", "trained_tokens", "epoch", "wall_time", "value",
  ]

  /// The first line, where the format has one.
  public var header: String? { format == .csv ? Self.columns.joined(separator: ",") : nil }

  /// - Parameters:
  ///   - value: as it is to be written: a measurement kept in Float has fewer digits.
  ///   - isSuperseded: whether a resume did its step again.
  public func row(
    run: Run.ID, name: String, series: MetricName, _ point: MetricPoint, value: String? = nil,
    isSuperseded: Bool
  ) -> String {
    let number = value ?? Self.text(point.value)
    let tokens = point.trainedTokens == MetricPoint.unknownTokens ? nil : "\(point.trainedTokens)"
    let places = [
      "\(point.segment)", isSuperseded ? "true" : "false", "\(point.step)", tokens,
      point.epoch.isFinite ? "\(point.epoch)" : nil, point.wallTime.isFinite ? "\(point.wallTime)" : nil,
    ]
    switch format {
    case .csv:
      let names = [run, name, series.rawValue].map(Self.csv)
      return (names + places.map { $0 ?? "" } + [number]).joined(separator: ",")
    case .jsonl:
      let names = [run, name, series.rawValue].map(Self.json)
      let values = names + places.map { $0 ?? "null" } + [point.value.isFinite ? number : "\"\(number)\""]
      return "{" + zip(Self.columns, values).map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }
  }

  /// A value as JavaScript and Python read it.
  public static func text(_ value: Double) -> String {
    value.isNaN ? "NaN" : value.isInfinite ? value > 0 ? "Infinity" : "-Infinity" : "\(value)"
  }

  private static func csv(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { $0 != "," && $0 != "\"" && $0 != "\n" && $0 != "\r" }
    return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private static func json(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

extension MetricTable {
  /// Writes all that a store has of some runs, piece by piece.
  public func write(_ runs: [Run], of store: ProjectStore, to sink: (String) throws -> Void) throws {
    if let header { try sink(header + "\n") }
    for run in runs {
      let segments = try store.segments(run: run.id)
      for series in try store.metricSeries(run: run.id) {
        var sequence = 0
        while sequence < series.count {
          var lines = ""
          let reached = try store.readMetrics(
            run: run.id, series: series.name, afterSequence: sequence, limit: 10_000
          ) { point in
            lines +=
              row(
                run: run.id, name: run.name, series: series.name, point,
                isSuperseded: segments.supersede(step: point.step, segment: point.segment)) + "\n"
          }
          guard reached > sequence else { break }
          sequence = reached
          try sink(lines)
        }
      }
    }
  }
}
