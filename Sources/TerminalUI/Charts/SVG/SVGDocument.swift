import Foundation

/// A drawing in SVG 1.1 (https://www.w3.org/TR/SVG11/), written element by element. All text is made safe and escaped.
struct SVGDocument {
  let width: Int
  let height: Int
  private var body = ""

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// `0.1` pixels are finer than anything that is seen.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    return NumberText.trimmed(String(format: "%.1f", value.clamped(to: -1e6...1e6)))
  }

  /// A text for the content of an element or an attribute.
  static func escaped(_ text: String) -> String {
    DisplayText.sanitised(text).reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  mutating func add(_ element: String) { body += element + "\n" }

  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), colour: String, dashes: String? = nil
  ) {
    let (x1, y1, x2, y2) = (
      Self.number(start.x), Self.number(start.y), Self.number(end.x), Self.number(end.y)
    )
    let dash = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    add("<line x1=\"\(x1)\" y1=\"\(y1)\" x2=\"\(x2)\" y2=\"\(y2)\" stroke=\"\(colour)\"\(dash)/>")
  }

  enum Anchor: String { case start, middle, end }

  mutating func text(
    _ text: String, x: Double, y: Double, colour: String, anchor: Anchor = .start, isBold: Bool = false
  ) {
    let weight = isBold ? " font-weight=\"bold\"" : ""
    add(
      "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" fill=\"\(colour)\" text-anchor=\"\(anchor.rawValue)\"\(weight)>"
        + Self.escaped(text) + "</text>")
  }

  /// The whole file.
  func text(title: String) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
    font-family="system-ui, sans-serif" font-size="12">
    <title>\(Self.escaped(title))</title>
    <rect width="\(width)" height="\(height)" fill="#ffffff"/>
    \(body)</svg>

    """
  }
}
