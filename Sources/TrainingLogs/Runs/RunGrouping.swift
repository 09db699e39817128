/// Which files belong to one run.
///
/// - Copies: the `trainer_state.json` of a folder, those in its `checkpoint-*` folders, and LLaMA-Factory's
///   `trainer_log.jsonl` beside them tell of one training, if they say the same where they say anything. The one that
///   goes furthest is the run.
/// - Parts: TensorBoard's event files of a folder are one run, one after the other, if they do not contradict each
///   other at the same time.
enum RunGrouping {
  static func runs(of files: [LogFile]) -> [FollowedRun] {
    var groups: [(key: String, files: [LogFile])] = []
    var indices: [String: Int] = [:]
    for file in files {
      let key = self.key(file)
      if let index = indices[key] {
        groups[index].files.append(file)
      } else {
        indices[key] = groups.count
        groups.append((key, [file]))
      }
    }
    return groups.flatMap { group -> [FollowedRun] in
      var runs =
        group.files.count == 1
        ? group.files.map(run)
        : group.files[0].format == .tensorBoard ? joined(group.files) : withoutCopies(group.files)
      runs[0].id = group.key
      return runs
    }
  }

  /// Files with the same key may be of one run.
  private static func key(_ file: LogFile) -> String {
    let folder = Path.folder(file.path)
    switch file.format {
    case .trainerState, .trainerLog:
      return "state " + (Path.isCheckpoint(folder) ? Path.folder(folder) : folder)
    case .tensorBoard: return "events " + folder
    default: return "file " + file.path
    }
  }

  /// The run of one file.
  static func run(_ file: LogFile) -> FollowedRun {
    var run = FollowedRun(
      id: file.path, source: file.path, format: file.format, name: name(file), warnings: file.warnings)
    run.totalSteps = file.facts.totalSteps
    run.configuration = file.facts.configuration
    run.series = file.curves.series
    run.readShare = file.readShare
    run.unfinished = file.unfinished
    if file.format != nil, run.series.isEmpty { run.unfinished = file.unfinished ?? noMeasurements }
    return run
  }

  private static let noMeasurements = "there are no measurements in it"

  private static func name(_ file: LogFile) -> String {
    if let name = file.facts.name { return name }
    let folder = Path.folder(file.path)
    let isGeneric: Bool =
      switch file.format {
      case .trainerState, .trainerLog, .tensorBoard: true
      case .csv: file.name == "metrics.csv"
      default: false
      }
    guard isGeneric else { return file.name }
    let runFolder = file.format == .trainerState && Path.isCheckpoint(folder) ? Path.folder(folder) : folder
    let name = Path.name(runFolder)
    return name.isEmpty || name == "." ? file.name : name
  }

  // MARK: - Copies

  private static func withoutCopies(_ files: [LogFile]) -> [FollowedRun] {
    // The furthest first; of two that end together the trainer's own, which has more series.
    let ordered = files.sorted { one, other in
      let steps = (one.curves.largestStep ?? .min, other.curves.largestStep ?? .min)
      if steps.0 != steps.1 { return steps.0 > steps.1 }
      if one.format != other.format { return one.format == .trainerState }
      let counts = (one.curves.pointCount, other.curves.pointCount)
      return counts.0 != counts.1 ? counts.0 > counts.1 : one.path.count < other.path.count
    }
    var groups: [(first: LogFile, copies: [LogFile])] = []
    var differing: [String: String] = [:]
    for file in ordered {
      let match = groups.firstIndex { Agreement.byLoss(file.curves, $0.first.curves) == .same }
      if let match {
        groups[match].copies.append(file)
      } else {
        if let other = groups.first {
          differing[file.path] = Path.relative(other.first.path, to: Path.folder(file.path))
        }
        groups.append((file, []))
      }
    }
    return groups.map { first, copies in
      var run = self.run(first)
      run.otherSources = copies.map(\.path).sorted()
      if !copies.isEmpty { run.warnings.append(note(on: copies, of: first)) }
      if let other = differing[first.path], !first.curves.isEmpty {
        run.warnings.append("\(other) lies beside it, but tells of another training")
      }
      return run
    }
  }

  private static func note(on copies: [LogFile], of first: LogFile) -> String {
    let folder =
      Path.isCheckpoint(Path.folder(first.path))
      ? Path.folder(Path.folder(first.path)) : Path.folder(first.path)
    let named = copies.sorted { $0.path < $1.path }.map {
      Path.relative($0.path, to: folder) + ($0.curves.largestStep.map { " (to step \($0))" } ?? " (empty)")
    }
    let shown = named.prefix(5).joined(separator: ", ")
    let rest = named.count > 5 ? " and \(named.count - 5) more" : ""
    return "\(shown)\(rest): the same run, not drawn again"
  }

  // MARK: - Parts

  private static func joined(_ files: [LogFile]) -> [FollowedRun] {
    let ordered = files.map { (file: $0, times: $0.curves.times) }.sorted { one, other in
      let starts = (one.times?.lowerBound ?? .infinity, other.times?.lowerBound ?? .infinity)
      return starts.0 != starts.1 ? starts.0 < starts.1 : one.file.path < other.file.path
    }
    var groups: [(files: [LogFile], curves: LogCurves, end: Double)] = []
    var contradicting: Set<String> = []
    for (file, times) in ordered {
      var isResume = false
      let match = groups.firstIndex { group in
        guard Agreement(file.curves, group.curves) == .different else { return true }
        // A run that is resumed begins its file when the one before has ended.
        isResume = times.map { $0.lowerBound > group.end } ?? false
        return isResume
      }
      if let match {
        if isResume { groups[match].curves.beginSegment() }
        groups[match].curves.append(file.curves)
        groups[match].files.append(file)
        groups[match].end = max(groups[match].end, times?.upperBound ?? -.infinity)
      } else {
        if !groups.isEmpty { contradicting.insert(file.path) }
        groups.append(([file], file.curves, times?.upperBound ?? -.infinity))
      }
    }
    return groups.map { files, curves, _ in
      var run = self.run(files[0])
      run.series = curves.series
      run.otherSources = files.dropFirst().map(\.path)
      run.readShare = files.map(\.readShare).reduce(0, +) / Double(files.count)
      run.unfinished = files.compactMap(\.unfinished).first
      run.warnings = files.flatMap { file in
        file.warnings.map { files.count > 1 ? "\(file.name): \($0)" : $0 }
      }
      if curves.isEmpty { run.unfinished = run.unfinished ?? noMeasurements }
      if files.count > 1 { run.warnings.append("\(files.count) event files of the folder, drawn as one run") }
      let repeated = curves.series.reduce(0) { $0 + $1.duplicatesDropped }
      if files.count > 1, repeated > 0 {
        run.warnings.append("\(repeated) values are in more than one of the files: each is drawn once")
      }
      if contradicting.contains(files[0].path) {
        run.name += "/" + files[0].name
        run.warnings.append(
          "written at the same time as another event file of the folder, but says otherwise: a run of its own"
        )
      }
      return run
    }
  }
}

/// How two logs compare at the steps that both have.
enum Agreement: Equatable {
  case same
  case different
  /// They have no step of a series in common.
  case unrelated

  init(_ one: LogCurves, _ other: LogCurves) {
    self.init(one, other, series: one.series)
  }

  /// By the losses, if both have any: what else they share is rounded in some logs.
  static func byLoss(_ one: LogCurves, _ other: LogCurves) -> Agreement {
    let losses = one.series.filter { $0.name == "train_loss" || $0.name == "eval_loss" }
    let agreement = Agreement(one, other, series: losses)
    return agreement == .unrelated ? Agreement(one, other) : agreement
  }

  private init(_ one: LogCurves, _ other: LogCurves, series: [LogSeries]) {
    var isRelated = false
    for series in series {
      guard let twin = other[series.name] else { continue }
      for point in series.points {
        let values = twin.values(atStep: point.step)
        guard !values.isEmpty else { continue }
        guard values.contains(where: { $0 == point.value || $0.isNaN && point.value.isNaN }) else {
          self = .different
          return
        }
        isRelated = true
      }
    }
    self = isRelated ? .same : .unrelated
  }
}

extension LogCurves {
  /// Goes on with the curves of another file of the same run.
  mutating func append(_ other: LogCurves) {
    for number in 0...other.segment {
      for series in other.series {
        guard let index = series.segments.firstIndex(where: { $0.number == number }) else { continue }
        for point in series.points(inSegment: index) {
          add(
            LogEntry(
              step: point.step, time: point.time.isNaN ? nil : point.time,
              values: [LogValue(series.originalName, point.value)]))
        }
      }
    }
  }
}
