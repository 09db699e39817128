/// The derivative of a function of one table, from the function alone.
enum FiniteDifferences {
  /// (f(x + h·e) − f(x − h·e)) / 2h for every element e: in Double good to about 1e-10.
  static func gradient(at x: Table, step h: Double = 1e-5, of f: (Table) -> Double) -> Table {
    var result = x
    var moved = x
    for i in x.values.indices {
      moved.values[i] = x.values[i] + h
      let above = f(moved)
      moved.values[i] = x.values[i] - h
      result.values[i] = (above - f(moved)) / (2 * h)
      moved.values[i] = x.values[i]
    }
    return result
  }

  /// The derivative at x along `direction`, with the h² term of the error removed (Richardson).
  static func derivative(
    at x: Table, along direction: Table, step h: Double, of f: (Table) throws -> Double
  ) rethrows -> Double {
    func central(_ h: Double) throws -> Double {
      (try f(x.adding(h, direction)) - f(x.adding(-h, direction))) / (2 * h)
    }
    return (4 * (try central(h / 2)) - (try central(h))) / 3
  }
}
