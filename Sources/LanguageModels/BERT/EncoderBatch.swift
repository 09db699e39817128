import Compute

/// One text, or a pair of texts, as an encoder reads it.
public struct EncoderInput: Sendable, Equatable {
  /// [CLS] … [SEP], or [CLS] … [SEP] … [SEP].
  public var tokens: [Int32]
  /// 0 up to the first [SEP], 1 after it.
  public var tokenTypes: [Int32]

  public init(tokens: [Int32], tokenTypes: [Int32]) {
    precondition(tokens.count == tokenTypes.count)
    self.tokens = tokens
    self.tokenTypes = tokenTypes
  }
}

/// Inputs one after another, without padding.
struct EncoderBatch: Sendable {
  /// One per row.
  let tokens: [Int32]
  let tokenTypes: [Int32]
  let positions: [Int32]
  /// The rows of each input, in the order in which they were given.
  let ranges: [Range<Int>]

  var rows: Int { tokens.count }
  /// The row of each input's [CLS].
  var firstRows: [Int32] { ranges.map { Int32($0.lowerBound) } }

  init(_ inputs: some Collection<EncoderInput>) {
    precondition(inputs.allSatisfy { !$0.tokens.isEmpty })
    tokens = inputs.flatMap(\.tokens)
    tokenTypes = inputs.flatMap(\.tokenTypes)
    positions = inputs.flatMap { 0..<Int32($0.tokens.count) }
    var start = 0
    ranges = inputs.map { input in
      defer { start += input.tokens.count }
      return start..<start + input.tokens.count
    }
  }

  /// Cuts inputs into batches of at most `tokens` tokens (more only for one that is longer by itself), sorted by
  /// length: rows of like length keep attention's blocks even. Longest first, so that the last batch is a quick one.
  ///
  /// - Returns: for each batch, the indices of its inputs.
  static func cut(_ inputs: [EncoderInput], tokens limit: Int) -> [[Int]] {
    let order = inputs.indices.sorted {
      (inputs[$1].tokens.count, $0) < (inputs[$0].tokens.count, $1)
    }
    var batches: [[Int]] = []
    var filled = limit
    for index in order {
      let count = inputs[index].tokens.count
      if filled + count > limit {
        batches.append([])
        filled = 0
      }
      batches[batches.count - 1].append(index)
      filled += count
    }
    return batches
  }

  /// Cuts inputs into `parts` of like numbers of tokens, for as many workers; the same for the same inputs.
  static func share(_ inputs: [EncoderInput], parts: Int) -> [[Int]] {
    var shares = [[Int]](repeating: [], count: max(1, min(parts, inputs.count)))
    var tokens = [Int](repeating: 0, count: shares.count)
    for index in inputs.indices.sorted(by: {
      (inputs[$1].tokens.count, $0) < (inputs[$0].tokens.count, $1)
    }) {
      let least = tokens.indices.min { tokens[$0] < tokens[$1] } ?? 0
      shares[least].append(index)
      tokens[least] += inputs[index].tokens.count
    }
    return shares
  }
}
