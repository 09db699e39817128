import Compute
import ModelFiles

/// Where each trained tensor of a BERT lies in one vector of parameters, and so in that of their gradients.
public struct BERTLayout: Sendable {
  public struct Entry: Sendable {
    /// Without `bert.`.
    public let name: String
    public let shape: [Int]
    public let range: Range<Int>

    /// Weights of products and embeddings decay; biases and norms do not.
    public var decays: Bool { shape.count == 2 }
  }

  public let entries: [Entry]
  public let count: Int
  private let offsets: [String: Int]

  /// - Parameters:
  ///   - firstLayer: layers from here on are trained; `layerCount` for the head alone.
  ///   - embeddings: whether the embeddings are trained, too; only with all layers.
  init(_ c: BERTConfiguration, classes: Int, firstLayer: Int, embeddings: Bool) {
    precondition(firstLayer >= 0 && firstLayer <= c.layerCount && (!embeddings || firstLayer == 0))
    let tensors =
      (embeddings ? c.embeddingTensors : []) + (firstLayer..<c.layerCount).flatMap(c.layerTensors)
      + c.poolerTensors + c.classifierTensors(classes: classes)
    var start = 0
    entries = tensors.map { tensor in
      let end = start + tensor.shape.reduce(1, *)
      defer { start = end }
      return Entry(name: tensor.name, shape: tensor.shape, range: start..<end)
    }
    count = start
    offsets = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.range.lowerBound) })
  }

  /// The part of a vector that begins with tensor `name`, as [rows, columns].
  func matrix(_ name: String, _ rows: Int, _ columns: Int, of vector: Matrix) -> Matrix {
    guard let start = offsets[name] else { preconditionFailure("\(name) is not trained") }
    return vector.columns(start..<start + rows * columns).reshaped(rows: rows, columns: columns)
  }

  /// The tensors of a vector by name.
  public func tensors(of vector: Matrix) -> [String: FloatTensor] {
    Dictionary(
      uniqueKeysWithValues: entries.map {
        ($0.name, FloatTensor(shape: $0.shape, values: vector.columns($0.range).values))
      })
  }
}

extension BERTWeights.Part {
  /// Windows on a vector of parameters or gradients.
  static func trained(_ layout: BERTLayout, _ vector: Matrix, precision: Element) -> Self {
    Self(
      read: { names, rows, columns in layout.matrix(names[0], rows, columns, of: vector) }, isTrained: true,
      precision: precision)
  }
}
