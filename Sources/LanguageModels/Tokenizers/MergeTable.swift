/// The merges of a byte-pair encoding: which two neighbouring tokens join, in what order of priority.
struct MergeTable: Sendable {
  /// No merge: larger than every real entry.
  static let none = UInt64.max

  private var keys: [UInt64]
  /// `rank << 32 | merged id`, so that comparing two values compares their ranks.
  private var values: [UInt64]
  private(set) var count = 0

  init(capacity: Int) {
    var size = 64
    while size < capacity * 2 && size < 1 << 26 { size *= 2 }
    keys = [UInt64](repeating: .max, count: size)
    values = [UInt64](repeating: MergeTable.none, count: size)
  }

  /// `rank << 32 | merged id` of a pair, or `none`.
  @inline(__always)
  func value(left: Int32, right: Int32) -> UInt64 {
    let key = MergeTable.key(left, right)
    let mask = keys.count - 1
    var slot = MergeTable.slot(key, mask)
    while true {
      let found = keys[slot]
      if found == key { return values[slot] }
      if found == .max { return MergeTable.none }
      slot = (slot + 1) & mask
    }
  }

  /// A pair that is listed twice keeps its last rank, as in the reference implementation.
  mutating func insert(left: Int32, right: Int32, rank: Int, merged: Int32) {
    if (count + 1) * 2 > keys.count { grow() }
    let key = MergeTable.key(left, right)
    let mask = keys.count - 1
    var slot = MergeTable.slot(key, mask)
    while keys[slot] != key && keys[slot] != .max { slot = (slot + 1) & mask }
    if keys[slot] == .max { count += 1 }
    keys[slot] = key
    values[slot] = UInt64(UInt32(truncatingIfNeeded: rank)) << 32 | UInt64(UInt32(bitPattern: merged))
  }

  private mutating func grow() {
    let old = zip(keys, values).filter { $0.0 != .max }
    keys = [UInt64](repeating: .max, count: keys.count * 2)
    values = [UInt64](repeating: MergeTable.none, count: keys.count)
    let mask = keys.count - 1
    for (key, value) in old {
      var slot = MergeTable.slot(key, mask)
      while keys[slot] != .max { slot = (slot + 1) & mask }
      keys[slot] = key
      values[slot] = value
    }
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func slot(_ key: UInt64, _ mask: Int) -> Int {
    var hash = (key ^ key >> 32) &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash >> 32 ^ key) &* 0xD6E8_FEB8_6659_FD93
    return Int(truncatingIfNeeded: hash >> 20) & mask
  }
}
