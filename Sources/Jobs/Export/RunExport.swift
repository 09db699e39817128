import Foundation
import ModelFiles
import ProjectStore

/// A run's results as files that other tools read.
public struct RunExport: Encodable, Sendable {
  public var folder: String
  public var files: [String]

  /// Writes `metrics.csv`, `events.jsonl`, `recipe.json`, `data.jsonl` and, when there is one, the PEFT adapter in
  /// `adapter/`, which is read again to prove it.
  ///
  /// - Throws: when the folder exists already, or nothing can be written there; then nothing is left behind.
  public static func write(_ run: Run, store: ProjectStore, to folder: URL) throws -> RunExport {
    guard !FileManager.default.fileExists(atPath: folder.path) else {
      throw RunError.worker("\(folder.path) exists already; nothing was written")
    }
    var files = ["data.jsonl", "events.jsonl", "metrics.csv", "recipe.json"]
    try AtomicReplacement.folder(at: folder) { temporary in
      func put(_ name: String, _ text: String) throws {
        try AtomicReplacement.file(at: temporary.appendingPathComponent(name), content: Data(text.utf8))
      }
      try put("recipe.json", run.recipeJSON + "\n")
      try put("metrics.csv", metrics(run, store))
      try put("events.jsonl", events(run, store))
      try put(
        "data.jsonl",
        String(contentsOf: store.runFolder(run.id).appendingPathComponent(RunData.fileName), encoding: .utf8))
      if let path = run.adapterPath {
        try PEFTAdapter.read(from: store.file(atStoredPath: path)).adapter.write(
          to: temporary.appendingPathComponent("adapter"))
        files.append("adapter/")
      }
    }
    return RunExport(folder: folder.path, files: files)
  }

  private static func metrics(_ run: Run, _ store: ProjectStore) throws -> String {
    var lines = ["series,segment,step,trained_tokens,epoch,wall_time,value"]
    for series in try store.metricSeries(run: run.id) {
      for p in try store.metrics(run: run.id, series: series.name).points {
        lines.append(
          "\(series.name.rawValue),\(p.segment),\(p.step),\(p.trainedTokens),\(p.epoch),\(p.wallTime),\(p.value)"
        )
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private struct Event: Encodable {
    var time: Double
    var step: Int
    var kind: String
    var message: String
  }

  private static func events(_ run: Run, _ store: ProjectStore) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try store.events(run: run.id).map { event in
      String(
        decoding: try encoder.encode(
          Event(
            time: event.time.timeIntervalSince1970, step: event.step, kind: event.kind.rawValue,
            message: event.message)), as: UTF8.self) + "\n"
    }.joined()
  }
}
