import Compute
import Synchronization
import Testing

@Suite("Workers")
struct WorkersTests {
  static let counts = [1, 2, 3, 8, 31]

  @Test("run: every item exactly once", arguments: counts)
  func everyItemOnce(count: Int) {
    for items in [0, 1, 2, 3, 7, 64, 1000] {
      let seen = Mutex([Int](repeating: 0, count: items))
      Workers(count: count).run(items) { item in seen.withLock { $0[item] += 1 } }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: items))
    }
  }

  @Test("run: from several queues at once")
  func concurrentPhases() {
    let total = Mutex(0)
    Workers(count: 4).run(8) { _ in
      Workers(count: 3).run(50) { item in total.withLock { $0 += item } }
    }
    #expect(total.withLock { $0 } == 8 * 49 * 50 / 2)
  }

  @Test("run: on one thread in order")
  func inOrder() {
    let order = Mutex<[Int]>([])
    Workers(count: 1).run(20) { item in order.withLock { $0.append(item) } }
    #expect(order.withLock { $0 } == Array(0..<20))
  }

  @Test("ranges: all rows, in order, none empty, none below the least", arguments: counts)
  func ranges(count: Int) {
    let workers = Workers(count: count)
    for rows in [0, 1, 2, 5, 15, 16, 17, 31, 32, 100, 1001] {
      for least in [1, 2, 16] {
        let ranges = workers.ranges(of: rows, least: least)
        #expect(ranges.flatMap { Array($0) } == Array(0..<rows))
        #expect(ranges.count <= count)
        #expect(ranges.count == 1 || ranges.allSatisfy { $0.count >= least })
        let sizes = ranges.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
  }

  @Test("a count below one is one; none given is what the process may use")
  func defaultCount() {
    #expect(Workers(count: 0).count == 1 && Workers(count: -3).count == 1 && Workers().count >= 1)
  }

  @Test("attention gives the same bits on any number of threads", arguments: [2, 3, 5])
  func attention(threads: Int) throws {
    let test = AttentionCase(
      heads: 4, keyValueHeads: 2, headSize: 6, prefix: 5, lengths: [70, 3, 9], seed: 95)
    let one = try test.run(workers: Workers(count: 1))
    let many = try test.run(workers: Workers(count: threads))
    for (a, b) in [
      (one.output, many.output), (one.logSums, many.logSums), (one.dq, many.dq), (one.dk, many.dk),
      (one.dv, many.dv),
    ] {
      #expect(a.values == b.values)
    }
  }

  @Test("row by row operations give the same bits however rows are shared out", arguments: [2, 3, 5])
  func rowRanges(threads: Int) throws {
    var dice = Dice(96)
    let (rows, columns) = (37, 45)
    let (x, weight) = (try Matrix(dice.table(rows, columns)), try Matrix(dice.table(1, columns)))
    let factor = try Matrix(dice.table(columns, columns))
    let keys = (0..<rows).map { _ in dice.next() }
    let targets = (0..<rows).map { Int32($0) }
    func run(_ workers: Workers) throws -> [Float] {
      let (normed, product) = (
        try Matrix(rows: rows, columns: columns), try Matrix(rows: rows, columns: columns)
      )
      let (dropped, losses) = (try Matrix(rows: rows, columns: columns), try Matrix(rows: rows, columns: 1))
      let ranges = workers.ranges(of: rows)
      workers.run(ranges.count) { slot in
        let range = ranges[slot]
        normed.rows(range).setRMSNorm(of: x.rows(range), weight: weight, epsilon: 1e-5, inverseRMS: nil)
        product.rows(range).setProduct(Product(normed.rows(range), factor, transposeB: true))
        dropped.rows(range).setDropout(of: product.rows(range), keys: keys[range], probability: 0.3)
        product.rows(range).crossEntropy(
          targets: targets[range], losses: losses.rows(range), gradientScale: 1)
      }
      return normed.values + product.values + dropped.values + losses.values
    }
    let (many, one) = (try run(Workers(count: threads)), try run(Workers(count: 1)))
    #expect(many == one)
  }
}
