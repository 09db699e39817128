import Compute
import ModelFiles

/// Where each factor of an adapter stands in one run of numbers, so that parameters, gradients and moments are
/// each a single vector: the optimiser, the checkpoint and the reduction over workers need nothing else.
///
/// A factors of a group stand under one another, [members · r, inputs]: one product computes all of them. B is kept
/// transposed, [r, outputs], so that every factor is a few long rows.
struct LoRALayout: Sendable {
  struct Factor: Sendable {
    let layer: LinearLayer
    /// Columns of the group's output.
    let columns: Range<Int>
    /// Rows of the group's stacked A, and columns of x·Aᵀ.
    let ranks: Range<Int>
    /// Start of Bᵀ [r, outputs].
    let b: Int
  }

  struct Group: Sendable {
    /// Start of the stacked A [ranks, inputs].
    let a: Int
    let inputs: Int
    let factors: [Factor]
    var ranks: Int { factors.last?.ranks.upperBound ?? 0 }
  }

  let rank: Int
  /// [layer][LinearGroup]
  let layers: [[Group]]
  let count: Int

  init(_ lora: LoRAConfiguration, model: ModelConfiguration) {
    var next = 0
    rank = lora.rank
    layers = (0..<model.layerCount).map { _ in
      LinearGroup.allCases.map { group in
        let members = group.outputRanges(in: model).filter { lora.targets.contains($0.layer) }
        let inputs = group.size(in: model).inputs
        let a = next
        next += members.count * lora.rank * inputs
        var factors: [Factor] = []
        for (index, member) in members.enumerated() {
          factors.append(
            Factor(
              layer: member.layer, columns: member.columns,
              ranks: index * lora.rank..<(index + 1) * lora.rank, b: next))
          next += lora.rank * member.columns.count
        }
        return Group(a: a, inputs: inputs, factors: factors)
      }
    }
    count = next
  }
}

extension LoRALayout {
  /// The factors of a group in a vector laid out like `parameters` (which may be gradients).
  func stackedA(_ layer: Int, _ group: LinearGroup, of vector: Matrix) -> Matrix {
    let g = layers[layer][group.rawValue]
    return vector.columns(g.a..<g.a + g.ranks * g.inputs).reshaped(rows: g.ranks, columns: g.inputs)
  }

  /// Bᵀ [r, outputs].
  func transposedB(_ factor: LoRALayout.Factor, of vector: Matrix) -> Matrix {
    vector.columns(factor.b..<factor.b + rank * factor.columns.count)
      .reshaped(rows: rank, columns: factor.columns.count)
  }
}
