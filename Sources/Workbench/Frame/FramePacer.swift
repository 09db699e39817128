import Dispatch

/// Decides when a frame is drawn: for a key at once, when the keys that are waiting have been handled; for
/// data at most fifteen times a second.
@MainActor
final class FramePacer {
  private let draw: @MainActor () -> Void
  private let busy: BusyCounter?
  private var isDue = false
  private var isScheduled = false
  private var lastFrame = DispatchTime(uptimeNanoseconds: 0)

  nonisolated static let interval = DispatchTimeInterval.milliseconds(67)

  /// - Parameter busy: counts a frame that is due.
  init(busy: BusyCounter? = nil, draw: @escaping @MainActor () -> Void) {
    self.busy = busy
    self.draw = draw
  }

  /// Something was pressed: a frame as soon as all input that waits is handled.
  func needsFrameNow() {
    guard !isDue else { return }
    isDue = true
    busy?.begin()
    DispatchQueue.main.async { [self] in
      MainActor.assumeIsolated {
        drawNow()
        busy?.end()
      }
    }
  }

  /// Something has changed by itself.
  func needsFrame() {
    guard !isDue, !isScheduled else { return }
    let next = lastFrame + Self.interval
    guard next > .now() else { return needsFrameNow() }
    isScheduled = true
    busy?.begin()
    DispatchQueue.main.asyncAfter(deadline: next) { [self] in
      MainActor.assumeIsolated {
        // A key may have had its frame meanwhile, which showed this too.
        if isScheduled { drawNow() }
        busy?.end()
      }
    }
  }

  private func drawNow() {
    isDue = false
    isScheduled = false
    draw()
    lastFrame = .now()
  }
}
