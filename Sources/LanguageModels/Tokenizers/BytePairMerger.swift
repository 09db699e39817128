/// Applies the merges of a byte-pair encoding to one word: always the pair of lowest rank, and among
/// equal ranks the leftmost, until no pair can be merged.
///
/// Short words, nearly all of them, are scanned for their best pair in a small array. Long ones keep
/// their pairs in a heap over a linked list, so a "word" of 100 kB costs n log n, not n².
struct BytePairMerger {
  /// Words up to this many symbols are scanned; found by timing English text.
  private static let longestScan = 40

  /// The word's symbols: filled by the caller, merged in place.
  var symbols: [Int32] = []
  /// Pairs looked at so far, for the test that guards against quadratic growth.
  private(set) var steps = 0

  /// `pairs[i]` is the merge of symbol i with the one behind it.
  private var pairs: [UInt64] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// A binary min-heap of `rank << 32 | position`.
  private var heap: [UInt64] = []

  mutating func merge(with table: MergeTable) {
    guard symbols.count > 1 else { return }
    pairs.removeAll(keepingCapacity: true)
    for index in 0..<symbols.count - 1 {
      pairs.append(table.value(left: symbols[index], right: symbols[index + 1]))
    }
    steps += symbols.count
    if symbols.count <= BytePairMerger.longestScan { mergeByScanning(table) } else { mergeByHeap(table) }
  }

  private mutating func mergeByScanning(_ table: MergeTable) {
    while true {
      var best = MergeTable.none
      var position = 0
      // Values of equal rank but different ids exist only in vocabularies with tied scores, where the
      // leftmost wins: compare ranks alone.
      for index in 0..<pairs.count where pairs[index] >> 32 < best >> 32 {
        best = pairs[index]
        position = index
      }
      steps += pairs.count
      if best == MergeTable.none { return }
      symbols[position] = Int32(truncatingIfNeeded: best)
      symbols.remove(at: position + 1)
      pairs.remove(at: position)
      if position > 0 {
        pairs[position - 1] = table.value(left: symbols[position - 1], right: symbols[position])
      }
      if position < pairs.count {
        pairs[position] = table.value(left: symbols[position], right: symbols[position + 1])
      }
    }
  }

  private mutating func mergeByHeap(_ table: MergeTable) {
    let count = symbols.count
    next = (1...Int32(count)).map { $0 }
    previous = (-1..<Int32(count - 1)).map { $0 }
    next[count - 1] = -1
    pairs.append(MergeTable.none)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 where pairs[index] != MergeTable.none { heap.append(entry(index)) }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }

    while let top = heap.first {
      let last = heap.removeLast()
      if !heap.isEmpty {
        heap[0] = last
        siftDown(0)
      }
      steps += 1
      let position = Int(UInt32(truncatingIfNeeded: top))
      // An entry is stale when its pair has changed since, or is gone.
      guard pairs[position] >> 32 == top >> 32 else { continue }
      let absorbed = Int(next[position])
      symbols[position] = Int32(truncatingIfNeeded: pairs[position])
      symbols[absorbed] = -1
      pairs[absorbed] = MergeTable.none
      let after = next[absorbed]
      next[position] = after
      pairs[position] = MergeTable.none
      if after >= 0 {
        previous[Int(after)] = Int32(position)
        refresh(position, table)
      }
      if previous[position] >= 0 { refresh(Int(previous[position]), table) }
    }
    symbols.removeAll { $0 < 0 }
  }

  private mutating func refresh(_ position: Int, _ table: MergeTable) {
    pairs[position] = table.value(left: symbols[position], right: symbols[Int(next[position])])
    guard pairs[position] != MergeTable.none else { return }
    heap.append(entry(position))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private func entry(_ position: Int) -> UInt64 {
    (pairs[position] >> 32) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
}
