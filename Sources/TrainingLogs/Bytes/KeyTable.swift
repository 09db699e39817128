/// The names of a file's columns or members, each with a small number, so that rows need no strings of their own.
struct KeyTable: Sendable {
  /// More names than any log has; beyond, values are left out, so that a hostile file takes no memory without end.
  static let maximumCount = 20_000

  private(set) var names: [String] = []
  private var utf8: [[UInt8]] = []
  private var numbers: [[UInt8]: Int] = [:]
  /// Rows repeat their keys in the same order: the key that follows another, by number + 1; 0 begins a row.
  private var successors: [Int] = [-1]
  private var last = 0

  mutating func beginRow() { last = 0 }

  /// The number of a name; nil when the table is full.
  mutating func number(of name: ArraySlice<UInt8>) -> Int? {
    let expected = successors[last]
    if expected >= 0, utf8[expected].elementsEqual(name) {
      last = expected + 1
      return expected
    }
    let bytes = Array(name)
    let number: Int
    if let known = numbers[bytes] {
      number = known
    } else {
      guard names.count < Self.maximumCount else { return nil }
      number = names.count
      names.append(String(decoding: bytes, as: UTF8.self))
      utf8.append(bytes)
      numbers[bytes] = number
      successors.append(-1)
    }
    successors[last] = number
    last = number + 1
    return number
  }
}
