/// Integers in the order of their recording, in little memory: the steps of a run, its tokens, its ticks of time.
///
/// A thousand of them at a time are kept as a straight line and what they stray from it, in as few bytes as that needs:
/// none for regular steps, one or two for tokens and times that grow evenly, eight for anything else. Sealed pages are
/// shared by copies, so that a copy taken while more is appended costs a page and not the column.
public struct IntegerColumn: Equatable, Sendable {
  /// Stands for a place that is not known. It is below all others, and never drawn.
  public static let unknown = Int64.min

  static let pageSize = 1024

  private var pages: [Page] = []
  private var tail: [Int64] = []
  /// Where a number is smaller than the one before it; ascending.
  private(set) var descents: [Int] = []
  public private(set) var last: Int64?

  public init() {}

  public var count: Int { pages.count * Self.pageSize + tail.count }

  public mutating func append(_ value: Int64) {
    if let last, value < last { descents.append(count) }
    last = value
    tail.append(value)
    if tail.count == Self.pageSize {
      pages.append(Page(tail))
      tail = []
    }
  }

  public subscript(index: Int) -> Int64 {
    let page = index / Self.pageSize
    return page < pages.count
      ? pages[page][index % Self.pageSize] : tail[index - pages.count * Self.pageSize]
  }

  /// Every so-and-so-many-th number, from the first on.
  public func thinned(by factor: Int) -> IntegerColumn {
    var column = IntegerColumn()
    for index in stride(from: 0, to: count, by: factor) { column.append(self[index]) }
    return column
  }

  // MARK: Ranges without a descent

  /// Cuts a range before each number that is smaller than the one before it.
  public func ascendingRanges(in range: Range<Int>) -> [Range<Int>] {
    guard !range.isEmpty else { return [] }
    var ranges: [Range<Int>] = []
    var start = range.lowerBound
    for descent in descents[descentIndices(in: range)] {
      ranges.append(start..<descent)
      start = descent
    }
    ranges.append(start..<range.upperBound)
    return ranges
  }

  /// How many numbers of a range, its first one aside, are smaller than the one before them.
  public func descentCount(in range: Range<Int>) -> Int { descentIndices(in: range).count }

  private func descentIndices(in range: Range<Int>) -> Range<Int> {
    let first = descents.partitionIndex { $0 > range.lowerBound }
    return first..<max(first, descents.partitionIndex { $0 >= range.upperBound })
  }

  /// The first index of an ascending range whose number is larger than a limit; its end if none is.
  public func firstIndex(above limit: Int64, in range: Range<Int>) -> Int {
    range.partitionIndex { self[$0] > limit }
  }

  /// The last index of any range whose number is at most a limit.
  public func lastIndex(atMost limit: Int64, in range: Range<Int>) -> Int? {
    for part in ascendingRanges(in: range).reversed() {
      let end = firstIndex(above: limit, in: part)
      if end > part.lowerBound { return end - 1 }
    }
    return nil
  }

  // MARK: Pages

  /// `pageSize` numbers: `base + slope · i + rest[i]`, where the rests are not negative.
  private enum Page: Equatable, Sendable {
    case line(base: Int64, slope: Int64)
    case bytes(base: Int64, slope: Int64, [UInt8])
    case shorts(base: Int64, slope: Int64, [UInt16])
    case words(base: Int64, slope: Int64, [UInt32])
    case whole([Int64])

    init(_ values: [Int64]) {
      self = Page.line(through: values) ?? .whole(values)
    }

    /// `nil` if the numbers are too far from a line, or too large to say.
    private static func line(through values: [Int64]) -> Page? {
      guard let first = values.first, let last = values.last, values.count > 1 else { return nil }
      let bound = Int64.max / 16
      guard values.allSatisfy({ $0 > -bound && $0 < bound }) else { return nil }
      let slope = (last - first) / Int64(values.count - 1)
      let strays = values.indices.map { values[$0] - first - slope * Int64($0) }
      let lowest = strays.min() ?? 0
      let base = first + lowest
      switch (strays.max() ?? 0) - lowest {
      case 0: return .line(base: base, slope: slope)
      case ...Int64(UInt8.max):
        return .bytes(base: base, slope: slope, strays.map { UInt8(truncatingIfNeeded: $0 - lowest) })
      case ...Int64(UInt16.max):
        return .shorts(base: base, slope: slope, strays.map { UInt16(truncatingIfNeeded: $0 - lowest) })
      case ...Int64(UInt32.max):
        return .words(base: base, slope: slope, strays.map { UInt32(truncatingIfNeeded: $0 - lowest) })
      default: return nil
      }
    }

    subscript(index: Int) -> Int64 {
      switch self {
      case .line(let base, let slope): base + slope * Int64(index)
      case .bytes(let base, let slope, let rest): base + slope * Int64(index) + Int64(rest[index])
      case .shorts(let base, let slope, let rest): base + slope * Int64(index) + Int64(rest[index])
      case .words(let base, let slope, let rest): base + slope * Int64(index) + Int64(rest[index])
      case .whole(let values): values[index]
      }
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element passes a test that all later ones pass too; the end if none does.
  func partitionIndex(_ passes: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if passes(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
