/// How much of a direction one part of a layout takes.
public struct Extent: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case fixed
    case share(Double)
  }

  var kind: Kind
  var minimum: Int
  var maximum: Int

  /// Exactly so many cells.
  public static func fixed(_ cells: Int) -> Extent {
    Extent(kind: .fixed, minimum: max(0, cells), maximum: max(0, cells))
  }

  /// A share of what the fixed parts leave, by weight, between a minimum and a maximum.
  public static func share(_ weight: Double = 1, minimum: Int = 0, maximum: Int = .max) -> Extent {
    let weight = weight.isFinite ? max(0, weight) : 1
    return Extent(kind: .share(weight), minimum: max(0, minimum), maximum: max(minimum, maximum, 0))
  }

  /// The cells of each part. Their sum is `total` wherever the maxima allow it and never more; if there is not enough
  /// room for all minima, the last parts lose theirs first.
  static func resolve(_ extents: [Extent], total: Int) -> [Int] {
    var sizes = extents.map(\.minimum)
    var spare = total - sizes.reduce(0, +)
    for index in sizes.indices.reversed() where spare < 0 {
      let cut = min(sizes[index], -spare)
      sizes[index] -= cut
      spare += cut
    }
    guard spare > 0 else { return sizes }

    // Parts that their limits hold back are settled first; the others then share by weight alone.
    var open = extents.indices.filter { index in
      if case .share(let weight) = extents[index].kind { return weight > 0 }
      return false
    }
    while !open.isEmpty {
      let room = total - sizes.indices.filter { !open.contains($0) }.reduce(0) { $0 + sizes[$1] }
      let shares = divide(room, by: open.map { extents[$0].weight })
      let violators = zip(open, shares).filter { $1 < extents[$0].minimum || $1 > extents[$0].maximum }
      guard !violators.isEmpty else {
        for (index, share) in zip(open, shares) { sizes[index] = share }
        break
      }
      // Of both kinds at once, those go first whose side has the larger error (CSS flexible boxes, 9.7).
      let error = violators.reduce(0) { sum, part in
        sum + part.1.clamped(to: extents[part.0].minimum...extents[part.0].maximum) - part.1
      }
      let settled = violators.filter { index, share in
        error == 0 || (error > 0 ? share < extents[index].minimum : share > extents[index].maximum)
      }
      for (index, share) in settled {
        sizes[index] = share.clamped(to: extents[index].minimum...extents[index].maximum)
      }
      open.removeAll { index in settled.contains { $0.0 == index } }
    }
    return sizes
  }

  private var weight: Double {
    if case .share(let weight) = kind { return weight }
    return 0
  }

  /// Whole parts of a total in proportion to weights; rounding errors do not add up.
  private static func divide(_ total: Int, by weights: [Double]) -> [Int] {
    let sum = weights.reduce(0, +)
    guard sum > 0 else { return weights.map { _ in 0 } }
    var passed = 0.0
    var start = 0
    return weights.map { weight in
      passed += weight
      let end = Int((Double(total) * passed / sum).rounded())
      defer { start = end }
      return end - start
    }
  }
}

extension Rectangle {
  /// Parts side by side, `gap` cells between them.
  public func columns(_ extents: [Extent], gap: Int = 0) -> [Rectangle] {
    var left = x
    return Extent.resolve(extents, total: max(0, width - gap * max(0, extents.count - 1))).map { size in
      defer { left += size + gap }
      return Rectangle(x: left, y: y, width: size, height: height).intersection(self)
    }
  }

  /// Parts below each other, `gap` cells between them.
  public func rows(_ extents: [Extent], gap: Int = 0) -> [Rectangle] {
    var top = y
    return Extent.resolve(extents, total: max(0, height - gap * max(0, extents.count - 1))).map { size in
      defer { top += size + gap }
      return Rectangle(x: x, y: top, width: width, height: size).intersection(self)
    }
  }
}
