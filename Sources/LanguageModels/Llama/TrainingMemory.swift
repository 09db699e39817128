import ModelFiles

/// How much a training pass takes beside the weights.
public enum TrainingMemory {
  /// - Parameter rows: tokens of the largest batch.
  public static func bytes(rows: Int, _ c: ModelConfiguration, rank: Int, threads: Int) -> Int {
    PassBuffers.bytes(rows: rows, c, rank: rank)
      + HeadBuffers.block * (c.vocabularySize + (3 + threads) * c.hiddenSize) * 4
  }

  public static func size(of layer: LinearLayer, in c: ModelConfiguration) -> (inputs: Int, outputs: Int) {
    layer.size(in: c)
  }
}
