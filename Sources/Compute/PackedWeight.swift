import CKernels

/// A frozen weight W [outputs, inputs] in the order in which the kernels read it, packed once: x·Wᵀ reads it as it
/// stands, dy·W turns it square by square.
///
/// - Note: the order belongs to the instruction set in use when it was packed.
public struct PackedWeight: Sendable {
  private let storage: Storage
  private let firstPanel: Int
  public let outputs: Int
  public let inputs: Int
  public let element: Element

  public init(_ weight: Matrix) throws {
    outputs = weight.rows
    inputs = weight.columns
    element = weight.element
    firstPanel = 0
    let panels = (outputs + Self.sliceAlignment - 1) / Self.sliceAlignment
    storage = try Storage(bytes: panels * assay_panel_units(inputs, element.code) * 4)
    assay_pack_weight(
      outputs, inputs, weight.raw, weight.stride, element.code, element.code, units)
  }

  private init(_ whole: PackedWeight, outputs range: Range<Int>) {
    storage = whole.storage
    firstPanel = whole.firstPanel + range.lowerBound / Self.sliceAlignment
    outputs = range.count
    inputs = whole.inputs
    element = whole.element
  }

  /// A slice of the outputs begins at a multiple of this.
  public static var sliceAlignment: Int { assay_panel() }

  /// The weight of some outputs, the same memory.
  public func outputs(_ range: Range<Int>) -> PackedWeight {
    precondition(range.lowerBound % Self.sliceAlignment == 0, "a slice at \(range.lowerBound)")
    precondition(range.lowerBound >= 0 && range.upperBound <= outputs, "outputs \(range) of \(outputs)")
    return PackedWeight(self, outputs: range)
  }

  /// Memory that it takes.
  public var bytes: Int { storage.bytes }

  var panelUnits: Int { assay_panel_units(inputs, element.code) }
  var units: UnsafeMutablePointer<UInt32> {
    storage.address.assumingMemoryBound(to: UInt32.self) + firstPanel * panelUnits
  }
}
