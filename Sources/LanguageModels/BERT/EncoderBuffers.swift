import Compute
import ModelFiles

/// The memory of one batch on its way through an encoder; used by one worker at a time.
struct EncoderBuffers: Sendable {
  /// What the backward needs of a layer; a frozen layer leaves it to the next.
  struct Layer: Sendable {
    /// [rows, hidden]
    let input: Matrix
    /// [rows, 3 · hidden]
    let qkv: Matrix
    /// [heads, rows]
    let logSums: Matrix
    /// [rows, hidden]
    let attention: Matrix
    /// What each norm reads, and its moments.
    let attentionSum: Matrix
    let attentionMoments: RowMoments
    /// [rows, hidden]: the first norm's output.
    let middle: Matrix
    /// [rows, intermediate], before GELU.
    let intermediate: Matrix
    let outputSum: Matrix
    let outputMoments: RowMoments

    init(rows: Int, _ c: BERTConfiguration) throws {
      input = try Matrix(rows: rows, columns: c.hiddenSize)
      qkv = try Matrix(rows: rows, columns: 3 * c.hiddenSize)
      logSums = try Matrix(rows: c.headCount, columns: rows)
      attention = try Matrix(rows: rows, columns: c.hiddenSize)
      attentionSum = try Matrix(rows: rows, columns: c.hiddenSize)
      attentionMoments = try RowMoments(rows: rows)
      middle = try Matrix(rows: rows, columns: c.hiddenSize)
      intermediate = try Matrix(rows: rows, columns: c.intermediateSize)
      outputSum = try Matrix(rows: rows, columns: c.hiddenSize)
      outputMoments = try RowMoments(rows: rows)
    }
  }

  /// What only a backward needs.
  struct Gradients: Sendable {
    /// [rows, hidden]: the gradient of what goes from layer to layer.
    let hidden: Matrix
    /// [rows, hidden]: of what a norm reads.
    let sum: Matrix
    let attention: Matrix
    /// [rows, 3 · hidden]
    let qkv: Matrix
    /// [rows, intermediate]
    let activated: Matrix

    init(rows: Int, _ c: BERTConfiguration) throws {
      hidden = try Matrix(rows: rows, columns: c.hiddenSize)
      sum = try Matrix(rows: rows, columns: c.hiddenSize)
      attention = try Matrix(rows: rows, columns: c.hiddenSize)
      qkv = try Matrix(rows: rows, columns: 3 * c.hiddenSize)
      activated = try Matrix(rows: rows, columns: c.intermediateSize)
    }
  }

  let rows: Int
  let firstKept: Int
  private let frozen: Layer
  private let kept: [Layer]
  /// [rows, hidden]: the sum of the embeddings, and its moments.
  let embedded: Matrix
  let embeddedMoments: RowMoments
  /// [rows, hidden]: the last layer's output.
  let output: Matrix
  /// [rows, intermediate]
  let activated: Matrix
  let gradients: Gradients?

  /// - Parameter firstKept: the first layer whose backward is wanted; nil when none is.
  init(rows: Int, _ c: BERTConfiguration, firstKept: Int?) throws {
    self.rows = rows
    self.firstKept = firstKept ?? c.layerCount
    frozen = try Layer(rows: self.firstKept > 0 ? rows : 0, c)
    kept = try (self.firstKept..<c.layerCount).map { _ in try Layer(rows: rows, c) }
    embedded = try Matrix(rows: rows, columns: c.hiddenSize)
    embeddedMoments = try RowMoments(rows: rows)
    output = try Matrix(rows: rows, columns: c.hiddenSize)
    activated = try Matrix(rows: rows, columns: c.intermediateSize)
    gradients = firstKept == nil ? nil : try Gradients(rows: rows, c)
  }

  func layer(_ index: Int) -> Layer { index < firstKept ? frozen : kept[index - firstKept] }
  /// Where layer `index` finds its input; after the last, the encoder's output.
  func input(_ index: Int, of layerCount: Int) -> Matrix {
    index < layerCount ? layer(index).input : output
  }
}
