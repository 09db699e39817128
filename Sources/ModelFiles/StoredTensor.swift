/// Where a tensor lies in a model's files.
struct StoredTensor: Sendable {
  var elementType: ElementType
  /// In torch order: [out, in] for a projection.
  var shape: [Int]
  /// The file that holds it, as an index into the model's files.
  var fileIndex: Int
  var byteOffset: Int
  var byteCount: Int
  /// For the query and key projections of a GGUF llama: the head dimension by which rows are interleaved.
  var interleavedHeadDimension: Int?

  /// Elements of one index of the first dimension.
  var rowElements: Int { shape.dropFirst().reduce(1, *) }
  var elementCount: Int { shape.reduce(1, *) }

  /// Decodes `rows` of the first dimension, in the order that Hugging Face models use.
  func floats(in file: MappedFile, rows: Range<Int>) -> [Float] {
    elementType.decode(
      file.bytes, at: byteOffset, rowElements: rowElements, rows: rows,
      storedRow: interleavedHeadDimension.map { dimension in
        { Self.interleavedRow($0, headDimension: dimension) }
      }
    )
  }

  /// The row of a GGUF llama q or k projection that holds row `row` of the Hugging Face tensor.
  ///
  /// The converter to GGUF interleaves the two halves of each head,
  /// `reshape(heads, 2, headDimension / 2, …).swapaxes(1, 2)`, so that rotation pairs become neighbours.
  static func interleavedRow(_ row: Int, headDimension: Int) -> Int {
    let (head, inHead) = row.quotientAndRemainder(dividingBy: headDimension)
    let (half, pair) = inHead.quotientAndRemainder(dividingBy: headDimension / 2)
    return head * headDimension + 2 * pair + half
  }
}
