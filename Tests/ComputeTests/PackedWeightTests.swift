import CKernels
import Compute
import Testing

@Suite("Packed weights") struct PackedWeightTests {
  @Test("x·Wᵀ and dy·W of a packed weight equal those of the plain one, exactly, on every kernel")
  func bothDirections() async {
    await #expect(processExitsWith: .success) {
      var dice = Dice(4)
      // Odd sizes, sizes around a panel's, and inner dimensions beyond one pass over a packed block.
      let shapes = [
        (1, 1, 1), (1, 1, 33), (3, 7, 1), (1, 31, 64), (5, 64, 31), (13, 33, 17), (2, 130, 770),
        (4, 1700, 40), (3, 40, 1701),
      ]
      for (rows, outputs, inputs) in shapes {
        let weight = dice.wholeTable(outputs, inputs)
        let (x, dy) = (dice.wholeTable(rows, inputs), dice.wholeTable(rows, outputs))
        for element in [Element.f32, .bf16] {
          try InstructionSet.withEach { set in
            let packed = try PackedWeight(Window(weight, element).matrix)
            let y = try Window(rows: rows, columns: outputs)
            y.matrix.setProduct(Product(try Window(x).matrix, packed))
            #expect(
              y.matrix.values.map(Double.init) == Reference.product([(x, weight.transposed)]).values,
              "\(set), \(element), \(rows) × \(outputs) × \(inputs)")
            #expect(y.isUntouchedAround)
            let dx = try Window(rows: rows, columns: inputs)
            dx.matrix.setProduct(Product(try Window(dy).matrix, packed, across: true))
            #expect(
              dx.matrix.values.map(Double.init) == Reference.product([(dy, weight)]).values,
              "across, \(set), \(element), \(rows) × \(outputs) × \(inputs)")
            #expect(dx.isUntouchedAround)
          }
        }
      }
    }
  }

  @Test("A slice of the outputs is the weight of those rows", arguments: [Element.f32, .bf16])
  func slices(element: Element) throws {
    var dice = Dice(5)
    let (outputs, inputs) = (3 * PackedWeight.sliceAlignment + 5, 19)
    let weight = dice.wholeTable(outputs, inputs)
    let packed = try PackedWeight(Matrix(weight, element))
    let x = dice.wholeTable(2, inputs)
    let whole = Reference.product([(x, weight.transposed)])
    let ranges = Workers(count: 3).ranges(of: outputs, alignment: PackedWeight.sliceAlignment)
    #expect(ranges.map(\.count).reduce(0, +) == outputs && ranges.count == 3)
    for range in ranges {
      let y = try Matrix(rows: 2, columns: range.count)
      y.setProduct(Product(try Matrix(x), packed.outputs(range)))
      let expected = (0..<2).flatMap { row in range.map { whole.values[row * outputs + $0] } }
      #expect(y.values.map(Double.init) == expected)
    }
  }

  @Test("NaN and infinity pass through a packed weight")
  func notFinite() throws {
    let packed = try PackedWeight(Matrix([1, .infinity, .nan, 2], rows: 2, columns: 2, element: .bf16))
    let y = try Matrix(rows: 1, columns: 2)
    y.setProduct(Product(try Matrix([1, 1], rows: 1, columns: 2), packed))
    #expect(y[0, 0] == .infinity && y[0, 1].isNaN)
  }
}
