/// A tensor in memory: its shape, and its values row-major.
public struct FloatTensor: Sendable, Equatable {
  public var shape: [Int]
  public var values: [Float]

  /// - Precondition: `values.count` is the product of `shape`.
  public init(shape: [Int], values: [Float]) {
    precondition(elementCount(shape) == values.count, "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// Whether both have the same shape and the same bits (so that NaN equals itself, and −0 is not 0).
  public func isBitEqual(to other: FloatTensor) -> Bool {
    shape == other.shape && values.elementsEqual(other.values) { $0.bitPattern == $1.bitPattern }
  }
}
