import ModelFiles

/// The seven linear layers of a decoder layer; raw values are the names of checkpoints and of PEFT.
public enum LinearLayer: String, CaseIterable, Sendable, Codable {
  case q = "q_proj"
  case k = "k_proj"
  case v = "v_proj"
  case o = "o_proj"
  case gate = "gate_proj"
  case up = "up_proj"
  case down = "down_proj"

  /// Its place below `model.layers.N.`.
  public var path: String {
    switch self {
    case .q, .k, .v, .o: "self_attn.\(rawValue)"
    case .gate, .up, .down: "mlp.\(rawValue)"
    }
  }

  func size(in c: ModelConfiguration) -> (inputs: Int, outputs: Int) {
    let queries = c.headCount * c.headDimension
    let keys = c.keyValueHeadCount * c.headDimension
    return switch self {
    case .q: (c.hiddenSize, queries)
    case .k, .v: (c.hiddenSize, keys)
    case .o: (queries, c.hiddenSize)
    case .gate, .up: (c.hiddenSize, c.intermediateSize)
    case .down: (c.intermediateSize, c.hiddenSize)
    }
  }
}

/// Linear layers that read the same input: their weights stand under one another in one matrix, and one product
/// computes them all.
enum LinearGroup: Int, CaseIterable, Sendable {
  case attentionInput, attentionOutput, mlpInput, mlpOutput

  var members: [LinearLayer] {
    switch self {
    case .attentionInput: [.q, .k, .v]
    case .attentionOutput: [.o]
    case .mlpInput: [.gate, .up]
    case .mlpOutput: [.down]
    }
  }

  func size(in c: ModelConfiguration) -> (inputs: Int, outputs: Int) {
    (members[0].size(in: c).inputs, members.reduce(0) { $0 + $1.size(in: c).outputs })
  }

  /// The columns of the group's output that belong to each member.
  func outputRanges(in c: ModelConfiguration) -> [(layer: LinearLayer, columns: Range<Int>)] {
    var start = 0
    return members.map { layer in
      let end = start + layer.size(in: c).outputs
      defer { start = end }
      return (layer, start..<end)
    }
  }
}
