import Compute

/// A matrix inside a larger one. What stands around it is NaN (so that reading it shows), or a mark that writing
/// over it would change.
struct Window {
  static let mark: Float = 12345
  let whole: Matrix
  let matrix: Matrix
  private let top = 1
  private let left: Int

  /// - Parameter margin: columns left and right; 0 makes the rows contiguous.
  init(_ table: Table, _ element: Element = .f32, around: Float = .nan, margin: Int = 3) throws {
    left = margin
    let (rows, columns) = (table.rows + 2, table.columns + 2 * margin)
    whole = try Matrix(
      [Float](repeating: around, count: rows * columns), rows: rows, columns: columns, element: element)
    matrix = whole.rows(1..<1 + table.rows).columns(margin..<margin + table.columns)
    matrix.set(table.values.map { Float($0) })
  }

  /// Room for a result, full of marks.
  init(rows: Int, columns: Int, margin: Int = 3) throws {
    let marks = [Double](repeating: Double(Self.mark), count: rows * columns)
    try self.init(Table(rows: rows, columns: columns, marks), around: Self.mark, margin: margin)
  }

  /// True while nothing was written around the window.
  var isUntouchedAround: Bool {
    let values = whole.values
    for row in 0..<whole.rows {
      let inside = row >= top && row < top + matrix.rows
      for column in 0..<whole.columns where !(inside && column >= left && column < left + matrix.columns) {
        if values[row * whole.columns + column] != Self.mark { return false }
      }
    }
    return true
  }
}

extension Matrix {
  /// Numbers in memory of their own.
  init(_ table: Table, _ element: Element = .f32) throws {
    try self.init(table.values.map { Float($0) }, rows: table.rows, columns: table.columns, element: element)
  }
}
