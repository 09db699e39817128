/// A place in a grid: column and row from the top left, in cells.
public struct Point: Hashable, Sendable {
  public var x: Int
  public var y: Int

  public init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}

/// An extent in cells. Never negative.
public struct Size: Hashable, Sendable {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = max(0, width)
    self.height = max(0, height)
  }
}

/// A rectangle of cells. Its size is never negative, so that shrinking one below nothing leaves an empty one.
public struct Rectangle: Hashable, Sendable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  public init(_ size: Size) {
    self.init(x: 0, y: 0, width: size.width, height: size.height)
  }

  public var size: Size { Size(width: width, height: height) }
  public var isEmpty: Bool { width == 0 || height == 0 }
  /// The column after the last one.
  public var maxX: Int { x + width }
  /// The row after the last one.
  public var maxY: Int { y + height }

  public func contains(_ point: Point) -> Bool {
    point.x >= x && point.x < maxX && point.y >= y && point.y < maxY
  }

  public func intersection(_ other: Rectangle) -> Rectangle {
    let left = max(x, other.x)
    let top = max(y, other.y)
    return Rectangle(
      x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  /// The rectangle without a margin on each side.
  public func inset(left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0) -> Rectangle {
    Rectangle(x: x + left, y: y + top, width: width - left - right, height: height - top - bottom)
  }

  /// The inside of a box drawn along the rectangle's edge.
  public var insideBox: Rectangle { inset(left: 1, top: 1, right: 1, bottom: 1) }

  /// One row of the rectangle, counted from its top; empty if it has no such row.
  public func row(_ index: Int) -> Rectangle {
    Rectangle(x: x, y: y + index, width: width, height: (0..<height).contains(index) ? 1 : 0)
  }

  /// A rectangle of a size in the middle of this one, cut to fit.
  public func centred(_ size: Size) -> Rectangle {
    let fitted = Size(width: min(size.width, width), height: min(size.height, height))
    return Rectangle(
      x: x + (width - fitted.width) / 2, y: y + (height - fitted.height) / 2,
      width: fitted.width, height: fitted.height)
  }
}
