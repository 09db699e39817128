import Testing

@testable import TerminalUI

@Suite struct AxisWindowTests {
  private let data = 0.0...800.0

  @Test func zoomingWithoutACursorFollowsTheNewest() {
    var window = AxisWindow.all
    #expect(window.range(in: data) == nil)
    window.zoom(by: 2, around: nil, in: data)
    #expect(window.range(in: data) == 400...800)
    #expect(window.magnification(in: data) == 2)
    // The data grow: the window keeps its width and its end.
    #expect(window.range(in: 0...1000) == 600...1000)
    window.zoom(by: 0.5, around: nil, in: data)
    #expect(window == .all)
    window.zoom(by: 0.5, around: nil, in: data)
    #expect(window == .all)
  }

  @Test func zoomingKeepsWhatIsAtTheCursorInItsPlace() {
    var window = AxisWindow.all
    window.zoom(by: 2, around: 200, in: data)
    #expect(window.range(in: data) == 100...500)
    window.zoom(by: 4, around: 200, in: data)
    #expect(window.range(in: data) == 175...275)
    #expect(window.range(in: 0...2000) == 175...275, "it stays when the data grow")
    window.zoom(by: 0.25, around: 200, in: data)
    window.zoom(by: 0.5, around: 200, in: data)
    #expect(window == .all)
  }

  @Test func panningStopsAtTheEndsAndFollowsAtTheLast() {
    var window = AxisWindow.newest(width: 100)
    window.pan(by: -0.5, in: data)
    #expect(window == .part(650...750))
    window.pan(by: -100, in: data)
    #expect(window == .part(0...100))
    window.pan(by: 100, in: data)
    #expect(window == .newest(width: 100))
    var all = AxisWindow.all
    all.pan(by: 1, in: data)
    #expect(all == .all)
  }

  @Test func aPlaceIsBroughtIntoSight() {
    var window = AxisWindow.part(100...200)
    window.show(150, in: data)
    #expect(window == .part(100...200))
    window.show(250, in: data)
    #expect(window == .part(150...250))
    window.show(10, in: data)
    #expect(window == .part(10...110))
    window.show(800, in: data)
    #expect(window == .newest(width: 100))
  }

  /// However often one zooms, there is an axis with two ends inside the data.
  @Test(arguments: [0.0...800, 5...5, -1e300...1e300, 1e15...1e15 + 4, 0...1e-300])
  func zoomingNeverEndsInNothing(_ data: ClosedRange<Double>) {
    for centre in [nil, data.lowerBound, data.upperBound] {
      var window = AxisWindow.all
      for _ in 0..<200 { window.zoom(by: 2, around: centre, in: data) }
      guard let range = window.range(in: data) else { continue }
      #expect(range.lowerBound < range.upperBound)
      #expect(range.lowerBound >= data.lowerBound)
      #expect(range.upperBound <= data.upperBound + range.upperBound.ulp)
    }
  }

  @Test func aPartThatOtherDataDoNotHaveShowsThemWhole() {
    #expect(AxisWindow.part(100...200).range(in: 0...20) == nil)
    #expect(AxisWindow.newest(width: 100).range(in: 0...20) == 0...20)
  }
}
