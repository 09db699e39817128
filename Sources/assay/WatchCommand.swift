import ArgumentParser
import Dispatch
import Foundation
import Jobs
import Synchronization
import TrainingLogs

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follow the training logs of other tools, live.",
    discussion: """
      Reads Hugging Face trainer states and output, LLaMA-Factory logs, TensorBoard event files, W&B files, mlx-lm \
      output, and CSV or JSON lines with a column of steps. Content decides, not names. Nothing is written.
      At a terminal the runs are shown on the workbench's screen, otherwise (or with --plain, --json) as lines.
      """)

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("Files, output folders, or trees of them.", valueName: "path"))
  var paths: [String]
  @Flag(help: "Read what is there and end.")
  var once = false
  @OptionGroup var flags: WorkbenchFlags

  func run() async throws {
    if once { return try readOnce() }
    if isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !global.plain, !global.json {
      // A path that is not there is said before the screen is taken.
      try tell(LogDiscovery(paths: paths).problems)
      return try await flags.watch(paths)
    }
    try await follow()
  }

  private func readOnce() throws {
    var logs = FollowedLogs(paths: paths)
    logs.discover()
    logs.read()
    let runs = logs.runs
    if !runs.isEmpty || logs.problems.isEmpty {
      if global.json {
        writeLine(try jsonLine((runs + logs.problems.map(Self.run)).map(WatchedRun.init)))
      } else {
        if runs.isEmpty { standardError("no training log in \(oneLine(paths.joined(separator: ", ")))") }
        for run in runs { standardOutput(WatchText.summary(run)) }
      }
    }
    try tell(logs.problems)
  }

  /// A folder that could not be read, for scripts: an entry like that of a file which is no log.
  private static func run(_ problem: LogFileError) -> FollowedRun {
    FollowedRun(
      id: problem.path, source: problem.path, name: problem.path, warnings: [problem.reason])
  }

  /// Says what could not be read; of a path that was asked for, that is a failure.
  private func tell(_ problems: [LogFileError]) throws {
    for problem in problems { standardError("assay: " + oneLine("\(problem)")) }
    if problems.contains(where: { paths.contains($0.path) }) { throw ExitCode(1) }
  }

  private func follow() async throws {
    try tell(LogDiscovery(paths: paths).problems)
    let printer = Mutex(WatchPrinter(json: global.json))
    let quiet = global.quiet
    let (interrupted, interruption) = AsyncStream.makeStream(of: Void.self)
    let interruptions = Interruptions { _ in interruption.yield() }
    defer { interruptions.cancel() }
    let follower = LogFollower(paths: paths, queue: DispatchQueue(label: "assay.watch")) { runs, problems in
      printer.withLock { printer in
        printer.print(runs)
        if !quiet { printer.print(problems) }
      }
    }
    follower.start()
    for await _ in interrupted { break }
    follower.cancel()
    throw ExitCode(130)
  }
}

/// What scripts see of a run: every key is there, what is not known is null.
struct WatchedRun: Encodable {
  struct Series: Encodable {
    var series: LogSeries

    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: Key.self)
      let summary = series.summary
      try c.encode(series.name, forKey: "name")
      try c.encode(series.originalName, forKey: "original_name")
      try c.encode(summary.count, forKey: "count")
      try c.encode(summary.first?.step, forKey: "first_step")
      try c.encode(summary.first?.value, forKey: "first_value")
      try c.encode(summary.last?.step, forKey: "last_step")
      try c.encode(summary.last?.value, forKey: "last_value")
      try c.encode(summary.minimum, forKey: "min")
      try c.encode(summary.maximum, forKey: "max")
      try c.encode(summary.nanCount, forKey: "nan")
      try c.encode(summary.positiveInfinityCount, forKey: "positive_infinity")
      try c.encode(summary.negativeInfinityCount, forKey: "negative_infinity")
      try c.encode(series.segments.count, forKey: "segments")
      try c.encode(series.duplicatesDropped, forKey: "duplicates_dropped")
    }
  }

  var run: FollowedRun

  func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: Key.self)
    try c.encode(run.source, forKey: "source")
    try c.encode(run.otherSources, forKey: "other_sources")
    try c.encode(run.format?.rawValue, forKey: "format")
    try c.encode(run.name, forKey: "name")
    try c.encode(run.totalSteps, forKey: "total_steps")
    try c.encode(run.series.map(Series.init), forKey: "series")
    try c.encode(run.warnings + [run.unfinished].compactMap { $0 }, forKey: "warnings")
  }

  struct Key: CodingKey, ExpressibleByStringLiteral {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringLiteral value: String) { stringValue = value }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

/// Runs as lines for people.
enum WatchText {
  static func summary(_ run: FollowedRun) -> String {
    var text =
      "\(visible(run.name)) · \(run.format?.description ?? "not a training log") · \(visible(run.source))\n"
    if !run.series.isEmpty {
      text += "  points  seg.  first           last            min         max         series\n"
    }
    for series in run.series {
      let summary = series.summary
      text +=
        "  " + column("\(summary.count)", 8) + column("\(series.segments.count)", 6)
        + column(point(summary.first), 16) + column(point(summary.last), 16)
        + column(summary.minimum.map(number) ?? "–", 12) + column(summary.maximum.map(number) ?? "–", 12)
        + visible(series.name) + notes(series) + "\n"
    }
    for warning in run.warnings + [run.unfinished].compactMap({ $0 }) {
      text += "  note: \(visible(warning))\n"
    }
    return text
  }

  private static func notes(_ series: LogSeries) -> String {
    let summary = series.summary
    let counts = [
      (summary.nanCount, "NaN"), (summary.positiveInfinityCount, "+∞"), (summary.negativeInfinityCount, "−∞"),
      (series.duplicatesDropped, "duplicates dropped"),
    ]
    let shown = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return shown.isEmpty ? "" : " (" + shown.joined(separator: ", ") + ")"
  }

  private static func point(_ point: LogPoint?) -> String {
    point.map { "\(number($0.value)) @\($0.step)" } ?? "–"
  }

  static func number(_ value: Double) -> String { String(format: "%.5g", value) }

  private static func column(_ text: String, _ width: Int) -> String { RunsCommand.column(text, width) }
}

/// Prints what is new of runs that are followed.
struct WatchPrinter {
  private struct Printed {
    /// Of each series, by name: how many points, and the last.
    var points: [String: (count: Int, last: LogPoint?)] = [:]
    var warnings: Set<String> = []
  }

  /// A new point, or the first of several of one step.
  private struct PointLine: Encodable {
    var event = "point"
    var source: String
    var run: String
    var series: String
    var step: Int
    var value: Double
    /// Seconds since 1970, or since the start in logs that know only that.
    var time: Double?
    var segment: Int

    /// A time that is not known is null, not missing.
    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: WatchedRun.Key.self)
      try c.encode(event, forKey: "event")
      try c.encode(source, forKey: "source")
      try c.encode(run, forKey: "run")
      try c.encode(series, forKey: "series")
      try c.encode(step, forKey: "step")
      try c.encode(value, forKey: "value")
      try c.encode(time, forKey: "time")
      try c.encode(segment, forKey: "segment")
    }
  }

  private struct NoteLine: Encodable {
    var event = "note"
    var source: String
    var message: String
  }

  private struct RunLine: Encodable {
    var run: FollowedRun

    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: WatchedRun.Key.self)
      try c.encode("run", forKey: "event")
      try WatchedRun(run: run).encode(to: encoder)
    }
  }

  private let json: Bool
  private var printed: [String: Printed] = [:]
  private var problems: Set<String> = []
  private var isFirst = true

  init(json: Bool) {
    self.json = json
  }

  /// Runs that are there at first are told as a whole, as are their later points one by one.
  mutating func print(_ runs: [FollowedRun]) {
    for run in runs {
      if printed[run.id] == nil {
        printed[run.id] = Printed()
        if isFirst || run.format == nil {
          tell(run)
          for series in run.series {
            printed[run.id]?.points[series.name] = (series.points.count, series.points.last)
          }
          printed[run.id]?.warnings = Set(run.warnings)
          continue
        }
        var begun = run
        begun.series = []
        begun.warnings = []
        tell(begun)
      }
      printNews(run)
    }
    isFirst = false
  }

  mutating func print(_ new: [LogFileError]) {
    for problem in new where problems.insert("\(problem)").inserted {
      standardError("assay: " + oneLine("\(problem)"))
    }
  }

  private mutating func printNews(_ run: FollowedRun) {
    var news: [(series: String, point: LogPoint, segment: Int)] = []
    for series in run.series {
      let start = firstNew(of: series, printed[run.id]?.points[series.name])
      for (index, segment) in series.segments.enumerated() {
        for point in series.points(inSegment: index).suffix(
          from: max(segment.start, min(start, end(series, index))))
        {
          news.append((series.name, point, segment.number))
        }
      }
      printed[run.id]?.points[series.name] = (series.points.count, series.points.last)
    }
    // As they were written: by segment and step.
    tell(
      news.enumerated().sorted { one, other in
        (one.element.segment, one.element.point.step, one.offset)
          < (other.element.segment, other.element.point.step, other.offset)
      }.map(\.element), of: run)
    for warning in run.warnings where printed[run.id]?.warnings.insert(warning).inserted ?? false {
      line(
        NoteLine(source: run.source, message: warning),
        plain: "\(visible(run.name)) · note: \(visible(warning))")
    }
  }

  private func end(_ series: LogSeries, _ segment: Int) -> Int { series.points(inSegment: segment).endIndex }

  /// The first point that was not printed. Points are only added, unless another file became the run's source.
  private func firstNew(of series: LogSeries, _ before: (count: Int, last: LogPoint?)?) -> Int {
    guard let before, before.count > 0, let last = before.last else { return 0 }
    if before.count <= series.points.count, series.points[before.count - 1].step == last.step {
      return before.count
    }
    return series.points.lastIndex { $0.step <= last.step }.map { $0 + 1 } ?? 0
  }

  // MARK: - Lines

  private func tell(_ run: FollowedRun) {
    if json { line(RunLine(run: run), plain: "") } else { standardOutput(WatchText.summary(run)) }
  }

  private func tell(_ news: [(series: String, point: LogPoint, segment: Int)], of run: FollowedRun) {
    guard !json else {
      for (series, point, segment) in news {
        line(
          PointLine(
            source: run.source, run: run.name, series: series, step: point.step, value: point.value,
            time: point.time.isNaN ? nil : point.time, segment: segment), plain: "")
      }
      return
    }
    var index = 0
    while index < news.count {
      let first = news[index]
      let same = news[index...].prefix { $0.point.step == first.point.step && $0.segment == first.segment }
      var values: [String] = []
      for (series, point, _) in same {
        let value = "\(visible(series)) \(WatchText.number(point.value))"
        // The entries of one step, such as of training and evaluation, may share a value: its epoch.
        if !values.contains(value) { values.append(value) }
      }
      let segment = first.segment > 0 ? " (resumed \(first.segment)×)" : ""
      writeLine(
        "\(visible(run.name)) · step \(first.point.step)\(segment) · \(values.joined(separator: " · "))")
      index = same.endIndex
    }
  }

  private func line(_ value: some Encodable, plain: String) {
    if json { if let text = try? jsonLine(value) { writeLine(text) } } else { writeLine(plain) }
  }
}
