import CKernels

/// How the numbers of a matrix are stored.
public enum Element: Sendable {
  case f32
  /// The upper half of an f32: 8 bits of exponent, 7 of mantissa.
  case bf16

  public var bytes: Int { self == .f32 ? 4 : 2 }
  var code: assay_element { self == .f32 ? ASSAY_F32 : ASSAY_BF16 }
}

public enum ComputeError: Error, CustomStringConvertible {
  case outOfMemory(bytes: Int)

  public var description: String {
    switch self {
    case .outOfMemory(let bytes):
      "not enough memory: \(bytes / 1_048_576 + (bytes % 1_048_576 > 0 ? 1 : 0)) MiB more were needed — use a smaller batch, --max-length, or model"
    }
  }
}

/// Owns 64-byte aligned memory, zero at first, freed with its last matrix.
///
/// - Note: `@unchecked Sendable`: the address never changes. What stands there is shared mutable state on purpose;
///   `Workers.run` hands every worker disjoint rows (or slices) of it, and two phases never overlap.
final class Storage: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let bytes: Int

  init(bytes: Int) throws {
    guard let memory = assay_allocate(max(bytes, 64)) else { throw ComputeError.outOfMemory(bytes: bytes) }
    address = memory
    self.bytes = bytes
  }

  deinit { assay_release(address, max(bytes, 64)) }
}

/// A window of rows and columns on numbers in memory; copies of the value share them.
public struct Matrix: Sendable {
  let storage: Storage
  let offset: Int
  public let rows: Int
  public let columns: Int
  /// Elements from one row to the next.
  public let stride: Int
  public let element: Element

  /// A matrix of zeros.
  public init(rows: Int, columns: Int, element: Element = .f32) throws {
    precondition(rows >= 0 && columns >= 0)
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, count < Int.max / 8 else { throw ComputeError.outOfMemory(bytes: .max) }
    self.init(
      storage: try Storage(bytes: count * element.bytes), offset: 0, rows: rows, columns: columns,
      stride: columns, element: element)
  }

  /// A copy of `values`, row by row.
  public init(_ values: [Float], rows: Int, columns: Int, element: Element = .f32) throws {
    precondition(values.count == rows * columns)
    try self.init(rows: rows, columns: columns, element: element)
    set(values)
  }

  init(storage: Storage, offset: Int, rows: Int, columns: Int, stride: Int, element: Element) {
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.element = element
  }

  public var count: Int { rows * columns }
  public var bytes: Int { count * element.bytes }

  /// The window of some rows.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    return Matrix(
      storage: storage, offset: offset + range.lowerBound * stride, rows: range.count, columns: columns,
      stride: stride, element: element)
  }

  /// The window of some columns.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
    return Matrix(
      storage: storage, offset: offset + range.lowerBound, rows: rows, columns: range.count, stride: stride,
      element: element)
  }

  /// The first rows × columns numbers of this memory as a matrix of another shape (a reused buffer).
  public func reshaped(rows: Int, columns: Int) -> Matrix {
    precondition(isContiguous && rows * columns <= count, "\(rows) × \(columns) of \(count) elements")
    return Matrix(
      storage: storage, offset: offset, rows: rows, columns: columns, stride: columns, element: element)
  }

  public var isContiguous: Bool { stride == columns || rows <= 1 }

  var raw: UnsafeMutableRawPointer { storage.address + offset * element.bytes }
  /// The first f32.
  var f32: UnsafeMutablePointer<Float> {
    precondition(element == .f32)
    return raw.assumingMemoryBound(to: Float.self)
  }
  var bf16: UnsafeMutablePointer<UInt16> {
    precondition(element == .bf16)
    return raw.assumingMemoryBound(to: UInt16.self)
  }
}

// MARK: - Values in and out

extension Matrix {
  /// Overwrites all elements, rounding to nearest even for bf16.
  public func set(_ values: [Float]) {
    precondition(values.count == count)
    values.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress else { return }
      switch element {
      case .f32:
        for row in 0..<rows { (f32 + row * stride).update(from: from + row * columns, count: columns) }
      case .bf16:
        assay_narrow(rows, columns, from, columns, bf16, stride)
      }
    }
  }

  /// All elements, row by row.
  public var values: [Float] {
    [Float](unsafeUninitializedCapacity: count) { target, initialized in
      if let to = target.baseAddress {
        switch element {
        case .f32:
          for row in 0..<rows { (to + row * columns).update(from: f32 + row * stride, count: columns) }
        case .bf16:
          assay_widen(rows, columns, bf16, stride, to, columns)
        }
      }
      initialized = count
    }
  }

  public subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return element == .f32
        ? f32[row * stride + column] : Float(bitPattern: UInt32(bf16[row * stride + column]) << 16)
    }
    nonmutating set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      f32[row * stride + column] = newValue
    }
  }

  public func fill(_ value: Float) {
    for row in 0..<rows { (f32 + row * stride).update(repeating: value, count: columns) }
  }

  /// Copies `source`, converting between f32 and bf16 where the two differ.
  public func copy(from source: Matrix) {
    precondition(rows == source.rows && columns == source.columns)
    switch (source.element, element) {
    case (.f32, .bf16): assay_narrow(rows, columns, source.f32, source.stride, bf16, stride)
    case (.bf16, .f32): assay_widen(rows, columns, source.bf16, source.stride, f32, stride)
    default:
      for row in 0..<rows {
        (raw + row * stride * element.bytes).copyMemory(
          from: source.raw + row * source.stride * element.bytes, byteCount: columns * element.bytes)
      }
    }
  }

  /// Row `indices[i]` of `table` becomes row i: an embedding look-up.
  public func gather(_ indices: ArraySlice<Int32>, from table: Matrix) {
    precondition(indices.count == rows && columns == table.columns)
    for (row, index) in indices.enumerated() {
      self.rows(row..<row + 1).copy(from: table.rows(Int(index)..<Int(index) + 1))
    }
  }
}
