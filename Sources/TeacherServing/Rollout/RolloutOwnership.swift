import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whether this service is the one that controls its store's rollouts.
///
/// What it writes carries the fencing number, so one that was stopped for longer than its time cannot undo what its
/// successor decided.
struct RolloutOwnership {
  /// One life of one process.
  let name = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
  private(set) var fence: Int64?
  var isAsking = false
  /// Until when it is the owner, and when it asks again.
  private var until = NIODeadline.uptimeNanoseconds(0)
  private var renewal = NIODeadline.uptimeNanoseconds(0)

  static let duration = Duration.seconds(10)
  private static let renewalInterval = TimeAmount.seconds(2)

  func isHeld(at now: NIODeadline) -> Bool { fence != nil && now < until }

  func isDue(at now: NIODeadline) -> Bool { now >= renewal }

  /// - Parameters:
  ///   - fence: what the store said; nil: another service is the owner.
  ///   - began: when it was asked.
  mutating func answer(_ fence: Int64?, askedAt began: NIODeadline) {
    self.fence = fence
    until = began + TimeAmount.nanoseconds(Int64(Self.duration / .nanoseconds(1)))
    renewal = began + Self.renewalInterval
  }
}
