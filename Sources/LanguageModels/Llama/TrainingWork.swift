import ModelFiles

/// The multiplications and additions of one forward and backward as this engine does them: nothing padded, the head
/// only where there is a loss, no gradient of frozen weights, a shared prefix once.
public struct TrainingWork: Sendable {
  public let flops: Double

  public init(_ batch: RaggedBatch, _ c: ModelConfiguration, rank: Int) {
    let rows = Double(batch.rows)
    var body = 0.0
    var low = 0.0
    for layer in LinearLayer.allCases {
      let size = layer.size(in: c)
      body += 2 * Double(size.inputs * size.outputs)
      // Forward 2, gradients of the factors 2, gradient of the input 2.
      low += 6 * Double(rank * (size.inputs + size.outputs))
    }
    // Forward, and gradient of the input except below the first layer.
    let first = LinearGroup.attentionInput.size(in: c)
    let products = rows * (2 * body * Double(c.layerCount) - 2 * Double(first.inputs * first.outputs))
    let pairs = batch.runs.reduce(0.0) {
      $0 + Double($1.rows.count) * (Double($1.prefix) + (Double($1.rows.count) + 1) / 2)
    }
    // Two products forward, five backward.
    let attention = 14 * pairs * Double(c.headCount * c.headDimension * c.layerCount)
    let head = 4 * Double(batch.lossRows.count * c.vocabularySize * c.hiddenSize)
    flops = products + rows * low * Double(c.layerCount) + attention + head
  }
}
