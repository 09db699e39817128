import Compute

/// Attention over a ragged batch with random q, k, v: the fast code and its twin.
struct AttentionCase: Sendable {
  let attention: RaggedAttention
  let rows: Int
  let prefix: Int
  let q: Table
  let k: Table
  let v: Table
  let dOutput: Table

  /// - Parameters:
  ///   - prefix: rows that all sequences see; they stand first and are a run of their own.
  ///   - lengths: rows of each sequence after it.
  init(
    heads: Int, keyValueHeads: Int, headSize: Int, prefix: Int, lengths: [Int], isCausal: Bool = true,
    scale: Float = 1, compute: Element = .f32, seed: UInt64
  ) {
    var dice = Dice(seed)
    var runs = prefix > 0 ? [AttentionRun(rows: 0..<prefix, prefix: 0)] : []
    var row = prefix
    for length in lengths {
      runs.append(AttentionRun(rows: row..<row + length, prefix: prefix))
      row += length
    }
    rows = row
    self.prefix = prefix
    attention = RaggedAttention(
      heads: heads, keyValueHeads: keyValueHeads, headSize: headSize, runs: runs, isCausal: isCausal,
      compute: compute)
    q = dice.table(rows, heads * headSize, scale: scale)
    k = dice.table(rows, keyValueHeads * headSize, scale: scale)
    v = dice.table(rows, keyValueHeads * headSize)
    dOutput = dice.table(rows, heads * headSize)
  }

  /// Rows that `row` attends to.
  func visible(_ row: Int) -> [Int] {
    guard let run = attention.runs.first(where: { $0.rows.contains(row) }) else { return [] }
    return Array(0..<run.prefix)
      + Array(run.rows.lowerBound..<(attention.isCausal ? row + 1 : run.rows.upperBound))
  }

  func twin(q: Table? = nil, k: Table? = nil, v: Table? = nil) -> (output: Table, logSums: Table) {
    Reference.attention(
      q: q ?? self.q, k: k ?? self.k, v: v ?? self.v, heads: attention.heads,
      keyValueHeads: attention.keyValueHeads, visible: visible)
  }

  /// Σ dOutput ∘ output, whose gradients the backward computes.
  func twinLoss(q: Table? = nil, k: Table? = nil, v: Table? = nil) -> Double {
    twin(q: q, k: k, v: v).output.dot(dOutput)
  }

  struct Result: Sendable {
    let output: Matrix
    let logSums: Matrix
    /// [rows, heads · headSize]; gradients of keys and values with the heads of a group and the runs added up.
    let dq: Matrix
    let dk: Matrix
    let dv: Matrix
    let isUntouchedAround: Bool
  }

  /// Forward and backward as a layer runs them: q, k and v are columns of one matrix, items are shared out, and
  /// `reduceKeyValue` adds up ranges of rows.
  func run(workers: Workers, q: Table? = nil, k: Table? = nil, v: Table? = nil) throws -> Result {
    let (q, k, v) = (q ?? self.q, k ?? self.k, v ?? self.v)
    let width = q.columns
    let shared = k.columns
    let qkv = try Window(Table(rows: rows, columns: width + 2 * shared)).matrix
    let (mq, mk) = (qkv.columns(0..<width), qkv.columns(width..<width + shared))
    let mv = qkv.columns(width + shared..<width + 2 * shared)
    mq.set(q.values.map { Float($0) })
    mk.set(k.values.map { Float($0) })
    mv.set(v.values.map { Float($0) })
    let output = try Window(rows: rows, columns: width)
    let logSums = try Window(rows: attention.heads, columns: rows)
    workers.run(attention.items) {
      attention.forward(item: $0, q: mq, k: mk, v: mv, output: output.matrix, logSums: logSums.matrix)
    }

    let dq = try Window(rows: rows, columns: width)
    let dk = try Window(rows: rows, columns: width)
    let dv = try Window(rows: rows, columns: width)
    let slots = attention.runs.count * prefix
    let prefixDK = prefix > 0 ? try Window(rows: slots, columns: width) : nil
    let prefixDV = prefix > 0 ? try Window(rows: slots, columns: width) : nil
    let upstream = try Window(dOutput).matrix
    workers.run(attention.items) {
      attention.backward(
        item: $0, q: mq, k: mk, v: mv, output: output.matrix, logSums: logSums.matrix, dOutput: upstream,
        dq: dq.matrix, dk: dk.matrix, dv: dv.matrix, prefixDK: prefixDK?.matrix, prefixDV: prefixDV?.matrix)
    }
    let reducedK = try Window(rows: rows, columns: shared)
    let reducedV = try Window(rows: rows, columns: shared)
    let ranges = workers.ranges(of: rows)
    workers.run(ranges.count) {
      attention.reduceKeyValue(
        rows: ranges[$0], from: dk.matrix, prefix: prefixDK?.matrix, into: reducedK.matrix)
      attention.reduceKeyValue(
        rows: ranges[$0], from: dv.matrix, prefix: prefixDV?.matrix, into: reducedV.matrix)
    }
    let written = [output, logSums, dq, dk, dv, reducedK, reducedV] + [prefixDK, prefixDV].compactMap { $0 }
    return Result(
      output: output.matrix, logSums: logSums.matrix, dq: dq.matrix, dk: reducedK.matrix, dv: reducedV.matrix,
      isUntouchedAround: written.allSatisfy(\.isUntouchedAround))
  }
}
