/// An array that grows by pages. A copy shares its full pages, so that appending to it costs at most one page and the
/// list of pages, and growing never moves what is there.
struct PagedArray<Element: Equatable & Sendable>: Equatable, Sendable {
  static var pageSize: Int { 1024 }

  private var pages: [[Element]] = []
  private var tail: [Element] = []

  var count: Int { pages.count * Self.pageSize + tail.count }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) {
    // Not before: most series are short, and a page that is kept should not be longer than it needs.
    if tail.count == Self.pageSize / 2 { tail.reserveCapacity(Self.pageSize) }
    tail.append(element)
    if tail.count == Self.pageSize {
      pages.append(tail)
      tail = []
    }
  }

  subscript(index: Int) -> Element {
    let page = index / Self.pageSize
    return page < pages.count
      ? pages[page][index % Self.pageSize] : tail[index - pages.count * Self.pageSize]
  }

  /// The elements of a range, which lies within one page.
  subscript(range: Range<Int>) -> ArraySlice<Element> {
    let page = range.lowerBound / Self.pageSize
    let start = page * Self.pageSize
    let part = range.lowerBound - start..<range.upperBound - start
    return page < pages.count ? pages[page][part] : tail[part]
  }
}
