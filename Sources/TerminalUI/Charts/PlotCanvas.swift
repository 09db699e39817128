/// A plot made of dots smaller than a cell, and what colour each cell of it has.
///
/// A cell has one colour for all its dots. Of two lines of the same layer that meet in a cell the dots are joined and
/// the later one's colour stays; a line of a higher layer replaces what is behind it, so that it reads clean.
struct PlotCanvas {
  let columns: Int
  let rows: Int
  let mode: Glyphs.Plot
  private var masks: [UInt8]
  private var styles: [Style]
  private var layers: [Int8]

  init(columns: Int, rows: Int, mode: Glyphs.Plot) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
    self.mode = mode
    let count = self.columns * self.rows
    masks = Array(repeating: 0, count: count)
    styles = Array(repeating: .text, count: count)
    layers = Array(repeating: .min, count: count)
  }

  static func pixels(_ mode: Glyphs.Plot) -> (x: Int, y: Int) {
    switch mode {
    case .braille: return (2, 4)
    case .quadrant: return (2, 2)
    case .ascii: return (1, 2)
    }
  }

  var pixelsPerColumn: Int { Self.pixels(mode).x }
  var pixelsPerRow: Int { Self.pixels(mode).y }
  var width: Int { columns * pixelsPerColumn }
  var height: Int { rows * pixelsPerRow }

  func isEmpty(column: Int, row: Int) -> Bool { masks[row * columns + column] == 0 }

  mutating func set(x: Int, y: Int, style: Style, layer: Int8) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    let cell = y / pixelsPerRow * columns + x / pixelsPerColumn
    if layers[cell] > layer { return }
    if layers[cell] < layer { masks[cell] = 0 }
    masks[cell] |= 1 << UInt8(y % pixelsPerRow * pixelsPerColumn + x % pixelsPerColumn)
    styles[cell] = style
    layers[cell] = layer
  }

  func draw(in grid: inout CellGrid, x: Int, y: Int) {
    for row in 0..<rows {
      for column in 0..<columns {
        let cell = row * columns + column
        guard masks[cell] != 0 else { continue }
        grid.putGlyph(glyph(masks[cell]), x: x + column, y: y + row, styles[cell])
      }
    }
  }

  private func glyph(_ mask: UInt8) -> Character {
    switch mode {
    case .braille: return Self.braille[Int(mask)]
    case .quadrant: return Self.quadrants[Int(mask)]
    case .ascii: return Self.asciiMarks[Int(mask)]
    }
  }

  /// By mask, whose bits count dots row by row. Unicode counts the left column's first three, the right column's,
  /// then the last row.
  private static let braille: [Character] = (0..<256).map { mask in
    let bits: [UInt32] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]
    let pattern = bits.indices.reduce(UInt32(0)) { $0 | (mask >> $1 & 1 == 1 ? bits[$1] : 0) }
    return Character(Unicode.Scalar(0x2800 + pattern) ?? " ")
  }
  private static let quadrants: [Character] = Array(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
  private static let asciiMarks: [Character] = Array(" '.:")
}

/// Draws one line after another onto a canvas, solid or dotted; the dots go on through corners.
struct PlotPen {
  let style: Style
  let layer: Int8
  let isDotted: Bool
  private var drawn = 0
  private var at: (x: Int, y: Int)?

  init(style: Style, layer: Int8, isDotted: Bool) {
    self.style = style
    self.layer = layer
    self.isDotted = isDotted
  }

  /// Ends the line; the next one begins where it is moved to.
  mutating func lift() { at = nil }

  private mutating func dot(_ x: Int, _ y: Int, on canvas: inout PlotCanvas) {
    if let at, at == (x, y) { return }
    let period = canvas.mode == .ascii ? 1 : 2
    if !isDotted || drawn / period % 2 == 0 { canvas.set(x: x, y: y, style: style, layer: layer) }
    drawn += 1
    at = (x, y)
  }

  /// Draws from one place to another, in pixels; what lies outside of the canvas is cut off.
  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), on canvas: inout PlotCanvas
  ) {
    guard let cut = Self.clipped(start, end, width: canvas.width, height: canvas.height) else { return }
    let first = (x: Int(cut.0.x.rounded()), y: Int(cut.0.y.rounded()))
    let last = (x: Int(cut.1.x.rounded()), y: Int(cut.1.y.rounded()))
    let steps = max(abs(last.x - first.x), abs(last.y - first.y))
    for index in 0...steps {
      let t = steps == 0 ? 0 : Double(index) / Double(steps)
      let x = Double(first.x) + t * Double(last.x - first.x)
      let y = Double(first.y) + t * Double(last.y - first.y)
      dot(Int(x.rounded()), Int(y.rounded()), on: &canvas)
    }
  }

  /// The part of a line inside the canvas (Liang and Barsky 1984).
  private static func clipped(
    _ start: (x: Double, y: Double), _ end: (x: Double, y: Double), width: Int, height: Int
  ) -> ((x: Double, y: Double), (x: Double, y: Double))? {
    let limit = 1e12
    let a = (x: start.x.clamped(to: -limit...limit), y: start.y.clamped(to: -limit...limit))
    let b = (x: end.x.clamped(to: -limit...limit), y: end.y.clamped(to: -limit...limit))
    let dx = b.x - a.x
    let dy = b.y - a.y
    var enter = 0.0
    var leave = 1.0
    let edges = [
      (-dx, a.x + 0.49), (dx, Double(width) - 0.51 - a.x), (-dy, a.y + 0.49),
      (dy, Double(height) - 0.51 - a.y),
    ]
    for (direction, distance) in edges {
      if direction == 0 {
        if distance < 0 { return nil }
      } else if direction < 0 {
        enter = max(enter, distance / direction)
      } else {
        leave = min(leave, distance / direction)
      }
    }
    guard enter <= leave else { return nil }
    return ((a.x + enter * dx, a.y + enter * dy), (a.x + leave * dx, a.y + leave * dy))
  }
}
