import Foundation
import ProjectStore
import TrainingLogs

/// Where the points of a followed run stand on each x axis: logs say steps and perhaps times with a point, and epochs
/// and tokens, if at all, as series of their own.
struct LogPlaces {
  /// Times before this, in 1973, count from the start of the training and not from 1970.
  private static let smallestDate = 1e8
  private static let tokenNames: Set = [
    "num_input_tokens_seen", "trained_tokens", "num_tokens", "total_tokens", "tokens_seen", "tokens",
  ]

  private let epochs: LogSeries?
  private let tokens: LogSeries?
  /// The resumes of the run, oldest first: what an earlier segment has at or beyond the first step of a later one was
  /// done again.
  let resumes: [RunSegment]

  init(_ run: FollowedRun) {
    epochs = run["epoch"]
    tokens = run.series.first { Self.tokenNames.contains($0.name.lowercased()) }
    var first: [Int: LogPoint] = [:]
    for series in run.series {
      for (index, segment) in series.segments.enumerated() where segment.number > 0 {
        guard let point = series.points(inSegment: index).first else { continue }
        if point.step < first[segment.number]?.step ?? .max { first[segment.number] = point }
      }
    }
    resumes = first.sorted { $0.key < $1.key }.map { number, point in
      RunSegment(
        segment: number, resumedStep: point.step == .min ? .min : point.step - 1,
        startedAt: Date(timeIntervalSince1970: point.time))
    }
  }

  func metric(_ point: LogPoint, segment: Int) -> MetricPoint {
    MetricPoint(
      step: point.step,
      trainedTokens: tokens?.value(atStep: point.step, segment: segment).flatMap(Int.init(exactly:))
        ?? MetricPoint.unknownTokens,
      epoch: epochs?.value(atStep: point.step, segment: segment) ?? .nan, wallTime: point.time,
      value: point.value, segment: segment)
  }

  /// Whether a time is one of the calendar.
  static func isDate(_ time: Double) -> Bool { time >= smallestDate }
}

extension LogSeries {
  /// The value that was logged at a step of one segment of the run.
  fileprivate func value(atStep step: Int, segment number: Int) -> Double? {
    guard let index = segments.firstIndex(where: { $0.number == number }) else { return nil }
    let part = points(inSegment: index)
    var (low, high) = (part.startIndex, part.endIndex)
    while low < high {
      let middle = (low + high) / 2
      if part[middle].step < step { low = middle + 1 } else { high = middle }
    }
    return low < part.endIndex && part[low].step == step ? part[low].value : nil
  }
}

/// Which series of a log are drawn as its train and eval loss. A log that has none by those names may have one by
/// another, such as `batch_loss` and `epoch_val_loss`; where there are several, none is chosen.
struct LossNames {
  private var aliases: [String: MetricName] = [:]

  init(_ series: [LogSeries]) {
    let names = series.filter { $0.summary.count > 1 }.map(\.name)
    let losses = names.filter { $0.lowercased().contains("loss") }
    let isEvaluation = { (name: String) in
      ["val", "eval", "test"].contains { name.lowercased().contains($0) }
    }
    if !names.contains(MetricName.trainLoss.rawValue), let name = losses.first(where: { !isEvaluation($0) }) {
      aliases[name] = .trainLoss
    }
    let evaluations = losses.filter(isEvaluation)
    if !names.contains(MetricName.evalLoss.rawValue), evaluations.count == 1 {
      aliases[evaluations[0]] = .evalLoss
    }
  }

  subscript(name: String) -> MetricName { aliases[name] ?? MetricName(rawValue: name) }
}

/// The settings of a followed run as its log has them: JSON texts by key.
struct LogConfiguration {
  private static let modelKeys = ["model_name_or_path", "_name_or_path", "base_model", "model_name", "model"]

  /// One object with all settings.
  let json: String
  /// What it trains, without the folders before its name.
  let model: String?

  init(_ configuration: [String: String]) {
    let members = configuration.sorted { $0.key < $1.key }.map { key, value in
      "\(Self.quoted(key)):\(Self.isJSON(value) ? value : Self.quoted(value))"
    }
    json = "{" + members.joined(separator: ",") + "}"
    model = Self.modelKeys.lazy.compactMap { configuration[$0] }.first.flatMap {
      $0.trimmingCharacters(in: CharacterSet(charactersIn: "\" /")).split(separator: "/").last.map(
        String.init)
    }
  }

  private static func isJSON(_ text: String) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
  }

  private static func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
