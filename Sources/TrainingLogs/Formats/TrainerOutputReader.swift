/// What Hugging Face's Trainer prints: a Python dictionary for each log event, its values numbers (transformers 4) or
/// strings with four digits (transformers 5), between progress bars that lead back with carriage returns.
///
///     {'loss': '5.671', 'grad_norm': '0.2499', 'learning_rate': '0.0008333', 'epoch': '0.25'}
///
/// A dictionary does not say its step. The bar that is drawn around it does, if both went to the same terminal; into a
/// file the bars often go first and the dictionaries much later. So the bars are believed only while they agree with
/// the epochs; otherwise ``isCounting`` demands another reading, from the start, that counts the training entries.
struct TrainerOutputReader: LogReader {
  /// Whether the training entries are counted, instead of asking the bars.
  let isCounting: Bool
  /// The bars contradict the epochs, or are not there: what was read must be read again, counting.
  private(set) var mustCount = false

  private var lines = LineCutter()
  /// Read, with its step not known yet.
  private var pending: PythonDictionary?
  private var bar: Bar?
  /// Whether the bar was drawn after the last dictionary.
  private var barIsFresh = false
  /// Of the bar that counts the steps of training; evaluation has bars of its own.
  private var totalSteps: Int?
  /// Steps an epoch, as the entries so far say: what all of them agree on.
  private var stepsPerEpoch = 0.0...Double.infinity
  /// Where entries are counted: the epoch of each so far.
  private var epochs: [Double] = []
  private var lastTraining: [LogValue] = []

  struct Bar: Equatable {
    var done: Int
    var total: Int
  }

  init(isCounting: Bool = false) {
    self.isCounting = isCounting
  }

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    var cutter = lines
    let consumed = cutter.cut(window, into: &output) { rest, output in
      // The bar that is drawn after a dictionary ends with the next one's line break: look, but do not consume.
      peek(rest, into: &output)
      return false
    } body: { line, _, output in
      for piece in OutputLines.pieces(of: line) { take(piece, into: &output) }
    }
    lines = cutter
    if window.reachesEnd { settle(with: nil, into: &output) }
    if isCounting, !epochs.isEmpty, consumed > 0 { output.notes.count(.countedSteps) }
    return consumed
  }

  private mutating func take(_ piece: ArraySlice<UInt8>, into output: inout LogOutput) {
    if let bar = Self.bar(piece) {
      guard totalSteps == nil || bar.total == totalSteps else { return }
      self.bar = bar
      barIsFresh = true
      if pending != nil { settle(with: bar, into: &output) }
    } else if let dictionary = PythonDictionary(piece), dictionary.isLogEntry {
      settle(with: nil, into: &output)
      pending = dictionary
    }
  }

  private mutating func peek(_ rest: ArraySlice<UInt8>, into output: inout LogOutput) {
    guard pending != nil else { return }
    for piece in OutputLines.pieces(of: rest) {
      guard let bar = Self.bar(piece), totalSteps == nil || bar.total == totalSteps else { continue }
      return settle(with: bar, into: &output)
    }
  }

  /// Gives the pending entry its step.
  ///
  /// - Parameter after: the bar drawn right after it, the more exact one: a bar is drawn at most ten times a second, but
  ///   always after what was printed through it.
  private mutating func settle(with after: Bar?, into output: inout LogOutput) {
    guard let entry = pending else { return }
    pending = nil
    var values = entry.values
    values.nameMeanLoss()
    let isTraining = values.contains { $0.name == "loss" }
    if let index = values.firstIndex(where: { $0.name == "step" }), let step = Int(step: values[index].value)
    {
      values.remove(at: index)
      output.entries.append(LogEntry(step: step, values: values))
    } else if isCounting {
      output.entries.append(
        LogEntry(step: counted(entry.epoch, values, isTraining), values: values))
    } else if let bar = after ?? (barIsFresh ? bar : nil), agrees(bar, entry) {
      if isTraining { totalSteps = bar.total }
      output.facts.totalSteps = totalSteps
      output.entries.append(LogEntry(step: bar.done, values: values))
    } else {
      mustCount = true
    }
    // A bar before an entry says nothing of the next one; one after it may, when nothing is drawn in between.
    barIsFresh = after != nil
  }

  /// Whether a bar and an epoch go together, judged by the steps an epoch that the entries before had.
  private mutating func agrees(_ bar: Bar, _ dictionary: PythonDictionary) -> Bool {
    guard let epoch = dictionary.epoch, epoch > 0, bar.done > 0 else { return true }
    // As much as the last digit printed may hide, and a batch more or less where an epoch does not divide evenly.
    let precision = dictionary.epochPrecision * 0.5
    let steps = Double(bar.done)
    let low = max(0, steps - 1) / (epoch + precision)
    let high = epoch > precision ? (steps + 1) / (epoch - precision) : .infinity
    guard low <= stepsPerEpoch.upperBound, high >= stepsPerEpoch.lowerBound else { return false }
    stepsPerEpoch = max(low, stepsPerEpoch.lowerBound)...min(high, stepsPerEpoch.upperBound)
    return true
  }

  /// The number of a training entry; an evaluation has that of the training entry before it.
  private mutating func counted(_ epoch: Double?, _ values: [LogValue], _ isTraining: Bool) -> Int {
    guard isTraining else { return epochs.count }
    let epoch = epoch ?? epochs.last ?? 0
    if values == lastTraining { return epochs.count }
    lastTraining = values
    // A run that was resumed says some epochs again.
    if let last = epochs.last, epoch < last { epochs.removeSubrange(epochs.firstIndexAfter(below: epoch)...) }
    epochs.append(epoch)
    return epochs.count
  }

  /// A progress bar of tqdm without a label: `  5%|▌         | 10/200 [00:05<01:35,  2.00it/s]`.
  static func bar(_ text: ArraySlice<UInt8>) -> Bar? {
    guard let percent = text.firstIndex(of: UInt8(ascii: "%")), percent + 1 < text.endIndex,
      text[percent + 1] == UInt8(ascii: "|"),
      text[..<percent].allSatisfy({ $0 == 0x20 || $0 &- UInt8(ascii: "0") < 10 }),
      let end = text[(percent + 2)...].firstIndex(of: UInt8(ascii: "|"))
    else { return nil }
    let counts = text[(end + 1)...].drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != UInt8(ascii: "[") }
    let parts = counts.split(separator: UInt8(ascii: "/"))
    guard parts.count == 2, let done = NumberText.double(parts[0]).flatMap(Int.init(step:)),
      let total = NumberText.double(parts[1]).flatMap(Int.init(step:)), total > 0, done <= total
    else { return nil }
    return Bar(done: done, total: total)
  }
}

extension [Double] {
  /// The first index whose element is not below a value, of elements that ascend.
  fileprivate func firstIndexAfter(below value: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
