import Foundation

/// Low-rank adaptation (Hu et al. 2021): y = W·x + scale · B·A·dropout(x).
public struct LoRAConfiguration: Sendable, Equatable, Codable {
  /// r; A is [r, inputs] and B is [outputs, r].
  public var rank: Int
  public var alpha: Double
  /// Probability that an input of A is zeroed in training.
  public var dropout: Double
  /// scale = alpha / √rank instead of alpha / rank (Kalajdzievski 2023).
  public var useRSLoRA: Bool
  public var targets: Set<LinearLayer>

  // Survives a conversion to snake case and back: use_rslora, as PEFT spells it.
  private enum CodingKeys: String, CodingKey {
    case rank, alpha, dropout, targets
    case useRSLoRA = "useRslora"
  }

  public init(
    rank: Int = 16, alpha: Double = 32, dropout: Double = 0, useRSLoRA: Bool = false,
    targets: Set<LinearLayer> = Set(LinearLayer.allCases)
  ) {
    self.rank = rank
    self.alpha = alpha
    self.dropout = dropout
    self.useRSLoRA = useRSLoRA
    self.targets = targets
  }

  /// As synthesised, but with the targets in one order: a set has another in each process, and files that say the
  /// same shall be the same.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rank, forKey: .rank)
    try container.encode(alpha, forKey: .alpha)
    try container.encode(dropout, forKey: .dropout)
    try container.encode(useRSLoRA, forKey: .useRSLoRA)
    try container.encode(LinearLayer.allCases.filter(targets.contains), forKey: .targets)
  }

  public var scale: Double { alpha / (useRSLoRA ? Double(rank).squareRoot() : Double(rank)) }
}
