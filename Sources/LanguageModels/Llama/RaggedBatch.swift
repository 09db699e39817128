import Compute

/// One row of training data as the engine needs it.
public struct TrainingSequence: Sendable, Equatable {
  /// Says which row of the data set this is: in messages, and as the key of its dropout masks.
  public var id: Int
  /// At most the context length.
  public var tokens: [Int32]
  /// True where the token is a training target; never at index 0, which nothing predicts.
  public var lossMask: [Bool]

  public init(id: Int, tokens: [Int32], lossMask: [Bool]) {
    self.id = id
    self.tokens = tokens
    self.lossMask = lossMask
  }

  public var targetCount: Int { lossMask.dropFirst().count { $0 } }
}

/// Sequences one after another, without padding.
///
/// A prefix that all sequences begin with (a system prompt) stands once, at the start; causal attention makes its
/// hidden states the same for all of them, and its gradient the sum of theirs. The last token of a sequence predicts
/// nothing, so it has no row.
public struct RaggedBatch: Sendable {
  /// One per row.
  public let tokens: [Int32]
  public let positions: [Int32]
  public let runs: [AttentionRun]
  /// Rows that predict a target, ascending; `targets` holds the ids they predict.
  public let lossRows: [Int32]
  public let targets: [Int32]
  /// For each loss row, the index of its sequence.
  public let sequenceOfLossRow: [Int]
  public let sequences: [TrainingSequence]
  public let prefixCount: Int

  public var rows: Int { tokens.count }
  /// Tokens of all sequences as the data has them, prefixes and last tokens counted.
  public var tokenCount: Int { sequences.reduce(0) { $0 + $1.tokens.count } }

  public init(_ sequences: [TrainingSequence], sharePrefix: Bool = true) {
    precondition(sequences.allSatisfy { $0.tokens.count == $0.lossMask.count && $0.tokens.count > 0 })
    self.sequences = sequences
    let shared = sharePrefix ? Self.commonPrefix(sequences) : 0
    var tokens: [Int32] = []
    var positions: [Int32] = []
    var runs: [AttentionRun] = []
    var losses: [(row: Int, target: Int32, sequence: Int)] = []
    if shared > 0 {
      tokens += sequences[0].tokens[..<shared]
      positions += (0..<Int32(shared))
      runs.append(AttentionRun(rows: 0..<shared, prefix: 0))
    }
    for (index, sequence) in sequences.enumerated() {
      let start = tokens.count
      let own = shared..<max(shared, sequence.tokens.count - 1)
      tokens += sequence.tokens[own]
      positions += own.map { Int32($0) }
      if !own.isEmpty { runs.append(AttentionRun(rows: start..<tokens.count, prefix: shared)) }
      for position in own where sequence.lossMask[position + 1] {
        losses.append((start + position - shared, sequence.tokens[position + 1], index))
      }
    }
    self.tokens = tokens
    self.positions = positions
    self.runs = runs
    lossRows = losses.map { Int32($0.row) }
    targets = losses.map(\.target)
    sequenceOfLossRow = losses.map(\.sequence)
    prefixCount = shared
  }

  /// Tokens that all sequences begin with and that predict no target: at least one row must remain to each sequence
  /// after it, and one sequence alone shares with nobody.
  private static func commonPrefix(_ sequences: [TrainingSequence]) -> Int {
    guard sequences.count > 1, let first = sequences.first else { return 0 }
    var count = sequences.map { $0.tokens.count - 2 }.min() ?? 0
    for sequence in sequences {
      count = min(count, zip(sequence.tokens, first.tokens).prefix { $0 == $1 }.count)
      count = min(count, (sequence.lossMask.firstIndex(of: true) ?? .max) - 1)
    }
    // A handful of rows saves less than the extra run costs.
    return count >= 4 ? count : 0
  }

  /// The key of each row's dropout masks: by sequence and position, so that it does not depend on what else is in
  /// the batch. A shared prefix has one mask for all.
  func dropoutKeys(seed: UInt64, step: Int) -> [UInt64] {
    let base = SplitMix64.mix(seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(step + 1))
    var keys = [UInt64](repeating: 0, count: rows)
    func set(_ range: Range<Int>, id: UInt64) {
      for row in range { keys[row] = SplitMix64.mix(base ^ (id << 24 &+ UInt64(positions[row]))) }
    }
    set(0..<prefixCount, id: UInt64(1) << 39)
    let own = prefixCount > 0 ? runs.dropFirst() : runs[...]
    let indices = sequences.indices.filter { max(prefixCount, sequences[$0].tokens.count - 1) > prefixCount }
    for (run, index) in zip(own, indices) { set(run.rows, id: UInt64(sequences[index].id)) }
    return keys
  }
}
