import Dispatch
import Synchronization

/// Where the time of passes went, summed over workers. Off until `measuring`, and then cheap.
public final class PassClock: Sendable {
  public let measuring = Atomic<Bool>(false)
  private let product = Atomic<UInt64>(0)
  private let attentionTime = Atomic<UInt64>(0)
  private let busyTime = Atomic<UInt64>(0)

  func products<T>(_ body: () -> T) -> T { timed(product, body) }
  func attention<T>(_ body: () -> T) -> T { timed(attentionTime, body) }
  /// Everything that a worker does in a phase, products and attention included.
  func busy<T>(_ body: () -> T) -> T { timed(busyTime, body) }

  private func timed<T>(_ counter: borrowing Atomic<UInt64>, _ body: () -> T) -> T {
    guard measuring.load(ordering: .relaxed) else { return body() }
    let start = DispatchTime.now().uptimeNanoseconds
    defer { counter.wrappingAdd(DispatchTime.now().uptimeNanoseconds - start, ordering: .relaxed) }
    return body()
  }

  /// Seconds of all workers together since the last call.
  public func take() -> (products: Double, attention: Double, other: Double) {
    let p = Double(product.exchange(0, ordering: .relaxed)) * 1e-9
    let a = Double(attentionTime.exchange(0, ordering: .relaxed)) * 1e-9
    let b = Double(busyTime.exchange(0, ordering: .relaxed)) * 1e-9
    return (p, a, max(0, b - p - a))
  }
}
