import Dispatch
import Foundation
import Synchronization

/// Keeps a ``ViewState`` in a file: written whole or not at all, on a queue of its own, a moment after a change, and
/// never when nothing changed.
final class ViewFile: Sendable {
  static let name = "view.json"
  /// Of the screen on other tools' logs, in the user's state folder: one for all of them.
  static let watchName = "watch-view.json"

  private struct State {
    /// What the file has, as far as it is known here.
    var written: ViewState?
    var wanted: ViewState?
    var isScheduled = false
  }

  let url: URL
  private let queue = DispatchQueue(label: "workbench.view", qos: .utility)
  private let state = Mutex(State())
  private let delay: DispatchTimeInterval

  private static let largestFile = 1 << 20

  init(_ url: URL) {
    self.url = url
    delay = .milliseconds(500)
  }

  /// What the file says, or one line on why it is not taken. A file that is not there says nothing.
  func read() -> (view: ViewState?, problem: String?) {
    guard let handle = try? FileHandle(forReadingFrom: url) else { return (nil, nil) }
    defer { try? handle.close() }
    let afresh = "the screen begins afresh"
    guard let data = try? handle.read(upToCount: Self.largestFile + 1) ?? Data(),
      data.count <= Self.largestFile
    else {
      return (nil, "\(url.lastPathComponent) cannot be read, so \(afresh).")
    }
    guard let view = try? JSONDecoder().decode(ViewState.self, from: data) else {
      return (nil, "\(url.lastPathComponent) is damaged, so \(afresh).")
    }
    guard view.version == ViewState.version else {
      return (nil, "\(url.lastPathComponent) is another version's, so \(afresh).")
    }
    return (view, nil)
  }

  /// Says how the screens look at the beginning, which needs no writing.
  func begin(with view: ViewState) {
    state.withLock { state in
      state.written = view
      state.wanted = view
    }
  }

  /// Writes the view soon, if it is another one.
  func keep(_ view: ViewState) {
    let mustSchedule = state.withLock { state in
      guard state.wanted != view else { return false }
      state.wanted = view
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    if mustSchedule { queue.asyncAfter(deadline: .now() + delay) { [weak self] in self?.write() } }
  }

  /// Writes now what waits.
  func flush() { queue.sync { write() } }

  private func write() {
    let view = state.withLock { state in
      state.isScheduled = false
      defer { state.written = state.wanted }
      return state.wanted == state.written ? nil : state.wanted
    }
    guard let view else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    // A look that cannot be kept is no reason to bother anybody.
    guard let data = try? encoder.encode(view) else { return }
    try? FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? data.write(to: url, options: .atomic)
  }
}
