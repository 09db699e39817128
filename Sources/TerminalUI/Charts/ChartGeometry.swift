/// Where a drawn chart has its plot and what the columns of it stand for, so that a place on the screen can be read as
/// an x.
public struct ChartGeometry: Hashable, Sendable {
  /// The cells between the axes.
  public let area: Rectangle
  public let xRange: ClosedRange<Double>
  let pixelsPerColumn: Int

  /// The x in the middle of a column of the screen; columns beside the plot stand for its ends.
  public func x(ofColumn column: Int) -> Double {
    let inside = Double(min(max(column - area.x, 0), area.width - 1))
    let pixel = inside * Double(pixelsPerColumn) + Double(pixelsPerColumn - 1) / 2
    let last = Double(max(1, area.width * pixelsPerColumn - 1))
    return xRange.lowerBound + pixel / last * (xRange.upperBound - xRange.lowerBound)
  }
}
