import CKernels
import Foundation

// The one place of this target where bytes of a file meet a pointer: the decoding kernels are C, so that
// loading a model is as fast in a debug build as in a release build.

extension ElementType {
  /// Decodes rows of `rowElements` elements each.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - offset: where row 0 of the tensor begins.
  ///   - rows: the rows wanted, in the order of the result.
  ///   - storedRow: the row of the file that holds a wanted row; the identity is the common case.
  /// - Returns: `rows.count × rowElements` values.
  /// - Precondition: the rows lie within `bytes`, and a row is a whole number of blocks.
  func decode(
    _ bytes: Data, at offset: Int, rowElements: Int, rows: Range<Int>, storedRow: ((Int) -> Int)? = nil
  ) -> [Float] {
    guard let rowBytes = byteCount(elements: rowElements) else {
      preconditionFailure("a row of \(rowElements) elements is no whole number of \(rawValue) blocks")
    }
    let count = rows.count * rowElements
    return [Float](unsafeUninitializedCapacity: count) { destination, initialized in
      initialized = count
      guard count > 0, let output = destination.baseAddress else { return }
      bytes.withUnsafeBytes { source in
        func decodeRun(from row: Int, count rowCount: Int, to position: Int) {
          let start = offset + row * rowBytes
          // Slicing checks the bounds.
          let run = source[start..<(start + rowCount * rowBytes)]
          guard let input = UnsafeRawBufferPointer(rebasing: run).baseAddress else { return }
          kernel(
            input.assumingMemoryBound(to: UInt8.self), output + position * rowElements,
            rowCount * rowElements)
        }
        if let storedRow {
          for (position, row) in rows.enumerated() {
            decodeRun(from: storedRow(row), count: 1, to: position)
          }
        } else {
          decodeRun(from: rows.lowerBound, count: rows.count, to: 0)
        }
      }
    }
  }

  private var kernel: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>, Int) -> Void {
    switch self {
    case .float32: dequantize_f32
    case .float16: dequantize_f16
    case .bfloat16: dequantize_bf16
    case .q8_0: dequantize_q8_0
    case .q4_0: dequantize_q4_0
    case .q4_1: dequantize_q4_1
    }
  }
}

/// The values as little-endian binary32, the form safetensors stores.
func littleEndianBytes(_ values: [Float]) -> Data {
  #if _endian(little)
    values.withUnsafeBytes { Data($0) }
  #else
    values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
  #endif
}
