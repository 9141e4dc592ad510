import NIOCore

/// Wakes an event loop when the earliest of its queries' deadlines passes.
struct DeadlineTimer {
  private var earliest = UInt64.max
  private var scheduled: Scheduled<Void>?

  /// - Parameters:
  ///   - deadline: in nanoseconds of the event loop's clock.
  ///   - wake: called on the event loop at that time, or at an earlier deadline.
  mutating func watch(_ deadline: UInt64, on eventLoop: any EventLoop, wake: @escaping () -> Void) {
    guard deadline < earliest else { return }
    scheduled?.cancel()
    earliest = deadline
    scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(deadline), wake)
  }

  /// It has woken, and watches nothing.
  mutating func reset() {
    earliest = .max
    scheduled = nil
  }
}
