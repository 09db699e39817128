import Foundation

/// How many colours a terminal shows.
public enum ColourTier: String, Sendable, CaseIterable {
  case direct
  case colours256 = "256"
  case colours16 = "16"
  case colours8 = "8"
  case mono = "never"

  /// The tier for a terminal that has `count` colours.
  public init(count: Int, isDirect: Bool) {
    if isDirect, count >= 1 << 15 {
      self = .direct
    } else {
      switch count {
      case 256...: self = .colours256
      case 16...: self = .colours16
      case 8...: self = .colours8
      default: self = .mono
      }
    }
  }
}

extension Colour {
  /// A colour as a theme writes it: `default`, `red`, `bright red`, `0`…`255`, `#rrggbb`.
  public init?(_ text: String) {
    let name = text.lowercased()
    if name == "default" {
      self = .terminal
    } else if name.hasPrefix("#"), name.count == 7, let value = UInt32(name.dropFirst(), radix: 16) {
      self = .rgb(
        red: UInt8(value >> 16 & 255), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255))
    } else if let index = Colour.ansiNames.firstIndex(of: name.replacingOccurrences(of: "bright ", with: ""))
    {
      self = .ansi(UInt8(index + (name.hasPrefix("bright ") ? 8 : 0)))
    } else if let index = UInt8(name) {
      self = .indexed(index)
    } else {
      return nil
    }
  }

  /// The colour's number on a terminal of a tier: −1 for its default, 0xRRGGBB where colours are direct.
  func number(_ tier: ColourTier) -> Int {
    switch (self, tier) {
    case (.terminal, _), (_, .mono): return -1
    case (.ansi(let index), .colours8): return Int(index % 8)
    case (.ansi(let index), .direct) where index >= 8: return rgbValue
    case (.ansi(let index), _): return Int(index)
    case (.indexed(let index), .colours256): return Int(index)
    // Numbers below 8 mean the ANSI colours there.
    case (_, .direct): return max(8, rgbValue)
    case (.rgb, .colours256): return nearest(in: 16..<256)
    case (_, .colours16): return nearest(in: 0..<16)
    case (_, .colours8): return nearest(in: 0..<8)
    }
  }

  private var rgbValue: Int {
    let (red, green, blue) = components
    return red << 16 | green << 8 | blue
  }

  private var components: (Int, Int, Int) {
    switch self {
    case .terminal: return (0, 0, 0)
    case .ansi(let index): return Colour.palette(Int(index))
    case .indexed(let index): return Colour.palette(Int(index))
    case .rgb(let red, let green, let blue): return (Int(red), Int(green), Int(blue))
    }
  }

  /// The nearest entry of xterm's palette, by a distance that weighs the channels as the eye does ("redmean").
  private func nearest(in candidates: Range<Int>) -> Int {
    let (red, green, blue) = components
    func distance(_ index: Int) -> Int {
      let (r, g, b) = Colour.palette(index)
      let mean = (red + r) / 2
      let (dr, dg, db) = (red - r, green - g, blue - b)
      return (512 + mean) * dr * dr / 256 + 4 * dg * dg + (767 - mean) * db * db / 256
    }
    // A grey stays grey: among few colours the nearest one may have a hue.
    let isGrey = max(red, green, blue) - min(red, green, blue) < 24
    let fitting = candidates.filter { index in
      let (r, g, b) = Colour.palette(index)
      return !isGrey || (r == g && g == b)
    }
    return fitting.min { distance($0) < distance($1) } ?? 7
  }

  /// xterm's 256: sixteen of its own, a cube of 6 × 6 × 6, 24 greys.
  private static func palette(_ index: Int) -> (Int, Int, Int) {
    switch index {
    case 0..<16: return ansi[index]
    case 16..<232:
      let level = { (value: Int) in value == 0 ? 0 : 55 + 40 * value }
      return (level((index - 16) / 36), level((index - 16) / 6 % 6), level((index - 16) % 6))
    default:
      let grey = 8 + 10 * (index - 232)
      return (grey, grey, grey)
    }
  }

  private static let ansi = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
  ]
}
