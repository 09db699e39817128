extension CellGrid {
  /// The characters, a line a row, without trailing blanks.
  public var text: String {
    (0..<size.height).map { y in
      var line = String(row(y).lazy.filter { !$0.isContinuation }.map(\.character))
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  /// The characters with a mark where the style changes, a line a row: `‹series-1 bold›A ‹text›base`.
  ///
  /// The marks name roles and attributes, not colours, and so hold for every theme.
  public var styledText: String {
    (0..<size.height).map { y in
      var line = ""
      var current = Style.text
      let last = row(y).lastIndex { !($0.isBlank && $0.style == .text) } ?? row(y).startIndex - 1
      for cell in row(y) where !cell.isContinuation {
        if cell.style != current {
          line += "‹\(cell.style.description)›"
          current = cell.style
        }
        line.append(cell.character)
      }
      if last < row(y).startIndex { return "" }
      while line.last == " ", current == .text { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

extension Style: CustomStringConvertible {
  public var description: String {
    var words = [Style.name(foreground)]
    if let background { words.append("on \(Style.name(background))") }
    if attributes.contains(.bold) { words.append("bold") }
    if attributes.contains(.dim) { words.append("dim") }
    if attributes.contains(.reverse) { words.append("reverse") }
    if attributes.contains(.underline) { words.append("underline") }
    return words.joined(separator: " ")
  }

  private static func name(_ paint: Paint) -> String {
    switch paint {
    case .role(let role): return role.rawValue
    case .colour(let colour): return colour.description
    }
  }
}

extension Colour: CustomStringConvertible {
  /// As themes write it: `default`, `bright red`, `231`, `#a0b0c0`.
  public var description: String {
    switch self {
    case .terminal: return "default"
    case .ansi(let index):
      let name = Colour.ansiNames[Int(index % 8)]
      return index < 8 ? name : "bright \(name)"
    case .indexed(let index): return String(index)
    case .rgb(let red, let green, let blue):
      let hex = [red, green, blue].map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
      }
      return "#" + hex.joined()
    }
  }

  static let ansiNames = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
}
