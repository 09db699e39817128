import Compute

/// A matrix of Double by rows: what the twins compute with.
struct Table: Equatable, Sendable {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(rows: Int, columns: Int, _ values: [Double]? = nil) {
    self.rows = rows
    self.columns = columns
    self.values = values ?? [Double](repeating: 0, count: rows * columns)
    precondition(self.values.count == rows * columns)
  }

  init(_ matrix: Matrix) {
    self.init(rows: matrix.rows, columns: matrix.columns, matrix.values.map(Double.init))
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  func row(_ r: Int) -> ArraySlice<Double> { values[r * columns..<(r + 1) * columns] }

  var transposed: Table {
    var result = Table(rows: columns, columns: rows)
    for r in 0..<rows { for c in 0..<columns { result[c, r] = self[r, c] } }
    return result
  }

  func map(_ transform: (Double) -> Double) -> Table {
    Table(rows: rows, columns: columns, values.map(transform))
  }

  /// Σ of the elementwise product.
  func dot(_ other: Table) -> Double {
    precondition(rows == other.rows && columns == other.columns)
    return zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  func adding(_ factor: Double, _ other: Table) -> Table {
    Table(rows: rows, columns: columns, zip(values, other.values).map { $0 + factor * $1 })
  }

  /// What a matrix of this element would hold.
  func rounded(to element: Element) -> Table {
    element == .f32 ? map { Double(Float($0)) } : map { Double(Self.nearestBF16(Float($0))) }
  }

  /// The nearest number with 8 bits of significand, ties to an even last bit; by arithmetic, not by the bit trick
  /// of the fast code. Exact for what is not subnormal.
  static func nearestBF16(_ x: Float) -> Float {
    guard x.isNormal else { return x }
    let unit = x.ulp * 65536
    return (x / unit).rounded(.toNearestOrEven) * unit
  }
}

/// max |fast − twin| / max |twin|; infinite when something is NaN.
func relativeError(_ fast: [Double], _ twin: [Double]) -> Double {
  precondition(fast.count == twin.count)
  var worst = 0.0
  var scale = Double.leastNormalMagnitude
  for (a, b) in zip(fast, twin) {
    let difference = abs(a - b)
    guard difference.isFinite else { return .infinity }
    worst = max(worst, difference)
    scale = max(scale, abs(b))
  }
  return worst / scale
}

func relativeError(_ fast: Matrix, _ twin: Table) -> Double {
  precondition(fast.rows == twin.rows && fast.columns == twin.columns)
  return relativeError(Table(fast).values, twin.values)
}

// MARK: - Random numbers

/// SplitMix64: the same numbers in every run, so that a failure can be looked at again.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in ±scale; every number is an f32, so that the fast code and the twin start from the same.
  mutating func table(_ rows: Int, _ columns: Int, scale: Float = 1) -> Table {
    Table(
      rows: rows, columns: columns,
      (0..<rows * columns).map { _ in Double((Float(next() >> 40) * 0x1p-23 - 1) * scale) })
  }

  /// Whole numbers in −4…4: their products and sums are exact in f32 and bf16, so that equality can be asked.
  mutating func wholeTable(_ rows: Int, _ columns: Int) -> Table {
    Table(rows: rows, columns: columns, (0..<rows * columns).map { _ in Double(next() >> 32 % 9) - 4 })
  }

  mutating func bool() -> Bool { next() >> 63 == 1 }
  mutating func element() -> Element { bool() ? .bf16 : .f32 }
}
