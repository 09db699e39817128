/// A vocabulary: the bytes of each id, and the id of each byte string.
///
/// Strings are compared as bytes: Swift's `String` holds canonically equivalent spellings equal, and a
/// vocabulary may hold both "é" and "e" with a combining accent. All tokens share one buffer, so that
/// 150,000 of them cost three arrays instead of 150,000.
struct TokenTable: Sendable {
  /// The largest vocabulary accepted; the largest known ones have about 260,000 entries.
  static let largestCount = 1 << 22

  private var bytes: [UInt8] = []
  /// Start of each id's bytes; -1 for an id without a token.
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  /// Open-addressing hash table of ids; -1 is an empty slot.
  private var slots: [Int32]
  private var occupied = 0
  /// Random, so that a hostile vocabulary cannot be built to collide.
  private let seed = UInt64.random(in: .min ... .max)

  init(capacity: Int) {
    var size = 64
    while size < capacity * 2 && size < TokenTable.largestCount * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    starts.reserveCapacity(capacity)
    lengths.reserveCapacity(capacity)
    bytes.reserveCapacity(capacity * 8)
  }

  /// The number of ids: one more than the largest.
  var count: Int { starts.count }

  func contains(id: Int) -> Bool { id >= 0 && id < starts.count && starts[id] >= 0 }

  /// The bytes of a token; empty for an id without a token.
  func bytes(of id: Int) -> ArraySlice<UInt8> {
    guard contains(id: id) else { return [] }
    return bytes[starts[id]..<starts[id] + Int(lengths[id])]
  }

  /// The id of a byte string among the tokens that can be looked up.
  func id(of key: [UInt8], in range: Range<Int>) -> Int32? {
    let mask = slots.count - 1
    var slot = hash(key, range) & mask
    while slots[slot] >= 0 {
      if equals(slots[slot], key, range) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  func id(of key: [UInt8]) -> Int32? { id(of: key, in: 0..<key.count) }

  enum Insertion { case done, tokenExists, idExists, idOutOfRange }

  /// Gives an id its bytes. With `lookup` the token can be found by its bytes, which must then be new.
  mutating func insert(_ token: some Collection<UInt8>, id: Int, lookup: Bool) -> Insertion {
    guard id >= 0, id < TokenTable.largestCount else { return .idOutOfRange }
    if contains(id: id) { return .idExists }
    let start = bytes.count
    bytes.append(contentsOf: token)
    let range = start..<bytes.count
    if lookup, self.id(of: bytes, in: range) != nil {
      bytes.removeSubrange(range)
      return .tokenExists
    }
    while starts.count <= id {
      starts.append(-1)
      lengths.append(0)
    }
    starts[id] = start
    lengths[id] = Int32(truncatingIfNeeded: range.count)
    if lookup { link(id) }
    return .done
  }

  private mutating func link(_ id: Int) {
    if (occupied + 1) * 2 > slots.count { grow() }
    let mask = slots.count - 1
    var slot = hash(bytes, starts[id]..<starts[id] + Int(lengths[id])) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(id)
    occupied += 1
  }

  private mutating func grow() {
    let linked = slots.filter { $0 >= 0 }
    slots = [Int32](repeating: -1, count: slots.count * 2)
    occupied = 0
    for id in linked { link(Int(id)) }
  }

  private func equals(_ id: Int32, _ key: [UInt8], _ range: Range<Int>) -> Bool {
    guard Int(lengths[Int(id)]) == range.count else { return false }
    let start = starts[Int(id)]
    for offset in 0..<range.count where bytes[start + offset] != key[range.lowerBound + offset] {
      return false
    }
    return true
  }

  private func hash(_ key: [UInt8], _ range: Range<Int>) -> Int {
    var hash = seed
    for index in range {
      hash = (hash ^ UInt64(key[index])) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return Int(truncatingIfNeeded: hash >> 3)
  }
}
