import Dispatch
import NIOCore

/// When a call ends, whatever the server does.
struct CallDeadline: Sendable {
  let at: NIODeadline
  let timeout: Duration

  init(_ timeout: Duration, from now: NIODeadline) {
    self.timeout = timeout
    at = now + TimeAmount(timeout)
  }

  /// Negative once it has passed.
  func left(_ now: NIODeadline) -> Duration { .nanoseconds((at - now).nanoseconds) }

  /// For the wire, where 0 means none.
  func microsecondsLeft(_ now: NIODeadline) -> UInt64 { UInt64(max(1, (at - now).nanoseconds / 1000)) }

  var passed: WireStatus { WireStatus(.deadlineExceeded, "no answer within \(timeout)") }
}

/// How one call is made.
struct CallOptions: Sendable {
  var deadline: CallDeadline?
  var waitForReady: Bool
}

extension DispatchSemaphore {
  /// - Parameter now: not asked for where there is no deadline.
  /// - Returns: whether it was signalled before the deadline.
  func wait(until deadline: CallDeadline?, _ now: @autoclosure () -> NIODeadline) -> Bool {
    guard let deadline else {
      wait()
      return true
    }
    return wait(timeout: .now() + .nanoseconds(Int(max(0, (deadline.at - now()).nanoseconds)))) == .success
  }
}

func blockThread(for duration: Duration) {
  let nanoseconds = TimeAmount(duration).nanoseconds
  _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .nanoseconds(Int(nanoseconds)))
}
