import Compute
import Testing

@Suite("Attention")
struct AttentionTests {
  /// Ungrouped, grouped and one key head; odd head sizes; runs of one row.
  static let small = [
    AttentionCase(heads: 1, keyValueHeads: 1, headSize: 2, prefix: 0, lengths: [1], seed: 11),
    AttentionCase(heads: 3, keyValueHeads: 3, headSize: 5, prefix: 0, lengths: [4, 1, 6], seed: 12),
    AttentionCase(heads: 4, keyValueHeads: 2, headSize: 4, prefix: 3, lengths: [5, 1, 4], seed: 13),
    AttentionCase(heads: 6, keyValueHeads: 1, headSize: 3, prefix: 2, lengths: [3, 6], scale: 3, seed: 14),
    AttentionCase(
      heads: 3, keyValueHeads: 3, headSize: 4, prefix: 0, lengths: [1, 2, 7, 4], isCausal: false, seed: 20),
    AttentionCase(
      heads: 4, keyValueHeads: 2, headSize: 3, prefix: 2, lengths: [3, 6, 1], isCausal: false, seed: 21),
  ]

  /// Queries go in blocks of up to 48: runs that end before, at and after one, behind prefixes of any length.
  static let large = [
    AttentionCase(heads: 2, keyValueHeads: 1, headSize: 8, prefix: 0, lengths: [130, 47, 48, 49], seed: 15),
    AttentionCase(heads: 4, keyValueHeads: 2, headSize: 6, prefix: 70, lengths: [66, 1, 40], seed: 16),
    AttentionCase(
      heads: 2, keyValueHeads: 2, headSize: 8, prefix: 0, lengths: [130, 47, 48, 49, 13], isCausal: false,
      seed: 22),
  ]

  @Test("RaggedAttention.forward, on every kernel")
  func forward() async {
    await #expect(processExitsWith: .success) {
      for test in AttentionTests.small + AttentionTests.large {
        let twin = test.twin()
        try InstructionSet.withEach { set in
          let fast = try test.run(workers: Workers(count: 2))
          #expect(relativeError(fast.output, twin.output) < 2e-6, "\(set), \(test.attention)")
          #expect(relativeError(fast.logSums, twin.logSums) < 2e-6, "\(set), \(test.attention)")
          #expect(fast.isUntouchedAround)
        }
      }
    }
  }

  @Test("RaggedAttention.backward and reduceKeyValue: every element of dq, dk, dv, on every kernel")
  func backward() async {
    await #expect(processExitsWith: .success) {
      for test in AttentionTests.small {
        let dq = FiniteDifferences.gradient(at: test.q) { test.twinLoss(q: $0) }
        let dk = FiniteDifferences.gradient(at: test.k) { test.twinLoss(k: $0) }
        let dv = FiniteDifferences.gradient(at: test.v) { test.twinLoss(v: $0) }
        try InstructionSet.withEach { set in
          let fast = try test.run(workers: Workers(count: 3))
          #expect(relativeError(fast.dq, dq) < 5e-6, "\(set), \(test.attention)")
          // One row attends to itself alone: keys have no influence, and no gradient to compare with.
          #expect(test.rows == 1 || relativeError(fast.dk, dk) < 5e-6, "\(set), \(test.attention)")
          #expect(relativeError(fast.dv, dv) < 5e-6, "\(set), \(test.attention)")
        }
      }
    }
  }

  @Test("RaggedAttention in bf16: as exact as factors of 8 bits allow, and no more, on every kernel")
  func bf16() async {
    await #expect(processExitsWith: .success) {
      let exact = AttentionTests.large[1]
      let test = AttentionCase(
        heads: 4, keyValueHeads: 2, headSize: 6, prefix: 70, lengths: [66, 1, 40], compute: .bf16, seed: 16)
      let twin = exact.twin()
      let f32 = try exact.run(workers: Workers(count: 1))
      try InstructionSet.withEach { set in
        let fast = try test.run(workers: Workers(count: 2))
        let error = relativeError(fast.output, twin.output)
        #expect(error < 8e-3 && error > 1e-4, "\(set): \(error)")
        for (ours, reference) in [(fast.dq, f32.dq), (fast.dk, f32.dk), (fast.dv, f32.dv)] {
          #expect(relativeError(ours, Table(reference)) < 2e-2, "\(set)")
        }
      }
    }
  }

  @Test("RaggedAttention.backward: long runs, along random directions", arguments: 0..<3)
  func backwardOfLongRuns(index: Int) throws {
    let test = Self.large[index]
    let fast = try test.run(workers: Workers(count: 2))
    var dice = Dice(17)
    for _ in 0..<2 {
      let (q, k, v) = (
        dice.table(test.rows, test.q.columns), dice.table(test.rows, test.k.columns),
        dice.table(test.rows, test.v.columns)
      )
      let h = 1e-4
      let above = test.twinLoss(q: test.q.adding(h, q), k: test.k.adding(h, k), v: test.v.adding(h, v))
      let below = test.twinLoss(q: test.q.adding(-h, q), k: test.k.adding(-h, k), v: test.v.adding(-h, v))
      let ours = Table(fast.dq).dot(q) + Table(fast.dk).dot(k) + Table(fast.dv).dot(v)
      let expected = (above - below) / (2 * h)
      #expect(abs(ours - expected) < 1e-5 * max(1, abs(expected)), "\(ours), expected \(expected)")
    }
  }

  @Test("RaggedAttention.backward: against differences of the fast forward itself")
  func backwardOfFastForward() throws {
    let test = Self.small[2]
    let workers = Workers(count: 1)
    let fast = try test.run(workers: workers)
    var dice = Dice(18)
    func check(_ at: Table, _ gradient: Matrix, _ f: (Table) throws -> AttentionCase.Result) throws {
      let direction = dice.table(at.rows, at.columns)
      let slope = try FiniteDifferences.derivative(at: at, along: direction, step: 0.05) {
        Table(try f($0).output).dot(test.dOutput)
      }
      let ours = Table(gradient).dot(direction)
      #expect(abs(slope - ours) < 1e-4 * max(1, abs(ours)), "\(ours), by differences \(slope)")
    }
    try check(test.q, fast.dq) { try test.run(workers: workers, q: $0) }
    try check(test.k, fast.dk) { try test.run(workers: workers, k: $0) }
    try check(test.v, fast.dv) { try test.run(workers: workers, v: $0) }
  }

  @Test("CachedAttention.forward: new tokens after kept ones, on every kernel")
  func cached() async {
    await #expect(processExitsWith: .success) {
      var dice = Dice(19)
      for (heads, shared, size, past, new) in [
        (1, 1, 2, 0, 1), (4, 2, 6, 0, 9), (4, 2, 6, 13, 1), (6, 3, 5, 70, 67), (3, 1, 16, 130, 2),
      ] {
        let count = past + new
        let q = dice.table(new, heads * size)
        let (k, v) = (dice.table(count, shared * size), dice.table(count, shared * size))
        let twin = Reference.attention(q: q, k: k, v: v, heads: heads, keyValueHeads: shared) {
          Array(0...past + $0)
        }
        // Rows of the cache that are not filled yet hold anything.
        let keys = try Matrix(
          [Float](repeating: .nan, count: (count + 5) * shared * size), rows: count + 5,
          columns: shared * size)
        let values = try Matrix(keys.values, rows: keys.rows, columns: keys.columns)
        keys.rows(0..<count).set(k.values.map { Float($0) })
        values.rows(0..<count).set(v.values.map { Float($0) })
        let queries = try Window(q).matrix
        try InstructionSet.withEach { set in
          let output = try Window(rows: new, columns: heads * size)
          let attention = CachedAttention(heads: heads, keyValueHeads: shared, headSize: size)
          for head in 0..<heads {
            attention.forward(
              head: head, q: queries, keys: keys, values: values, count: count, output: output.matrix)
          }
          #expect(relativeError(output.matrix, twin.output) < 2e-6, "\(set), \(past) + \(new)")
          #expect(output.isUntouchedAround)
        }
      }
    }
  }
}
