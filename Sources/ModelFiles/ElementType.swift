/// How one element, or one block of 32 elements, of a stored tensor is encoded.
///
/// Other encodings exist; the readers refuse them by name.
public enum ElementType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  // Names as the format spells them.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q8_0 = "Q8_0"
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q4_0 = "Q4_0"
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q4_1 = "Q4_1"

  /// Elements that are stored together: 1, or 32 for the block formats.
  public var blockElements: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q8_0, .q4_0, .q4_1: 32
    }
  }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    }
  }

  /// The bytes `elements` take, or nil when they are no whole number of blocks or the size overflows.
  func byteCount(elements: Int) -> Int? {
    guard elements >= 0, elements % blockElements == 0 else { return nil }
    let (bytes, overflow) = (elements / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}

/// The number of elements of `shape`, or nil when a dimension is negative or a product of some of the
/// dimensions overflows (a zero among them does not excuse the others).
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for dimension in shape {
    guard dimension >= 0 else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: max(dimension, 1))
    if overflow { return nil }
    count = product
  }
  return shape.contains(0) ? 0 : count
}
