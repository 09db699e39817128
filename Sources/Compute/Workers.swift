import Dispatch
import Foundation
import Synchronization

/// A number of Dispatch workers that share out the items of a phase.
///
/// A phase is one fork and join (30–50 µs), so an item should be a good part of a layer, not one operation.
public struct Workers: Sendable {
  public let count: Int

  /// - Parameter count: threads to use; by default all that this process may run on.
  public init(count: Int? = nil) {
    self.count = max(1, count ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Calls `body` once for each item 0 ..< items and returns when all are done. Items are taken in order as
  /// workers become free; what an item writes must not depend on the worker.
  public func run(_ items: Int, _ body: @Sendable (Int) -> Void) {
    let width = min(count, items)
    guard width > 1 else {
      for item in 0..<items { body(item) }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: width) { _ in
      while true {
        let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard item < items else { return }
        body(item)
      }
    }
  }

  /// Cuts rows into `count` even ranges, fewer when there are fewer rows than `least` for each. All but the first
  /// begin at a multiple of `alignment`.
  public func ranges(of rows: Int, least: Int = 1, alignment: Int = 1) -> [Range<Int>] {
    let parts = max(1, min(count, rows / max(1, least, alignment)))
    let ends = (0..<parts).map { rows * ($0 + 1) / parts / alignment * alignment }.dropLast() + [rows]
    return zip([0] + ends, ends).map { $0..<$1 }
  }
}
