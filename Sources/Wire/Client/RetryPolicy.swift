/// When a call that failed is asked again.
///
/// Only UNAVAILABLE and RESOURCE_EXHAUSTED are worth another attempt: every other status would come again. A call that
/// the server certainly never started is asked again at once.
public struct RetryPolicy: Hashable, Sendable {
  /// The first one included. 1: no call is asked twice.
  public var attempts: Int
  /// Never sooner than the server's own word, `retry_after_us`.
  public var backoff: Backoff

  /// gRPC's most attempts, and its backoff from 50 ms.
  public static let defaults = RetryPolicy()

  /// - Precondition: at least one attempt.
  public init(attempts: Int = 5, backoff: Backoff = Backoff(initial: .milliseconds(50))) {
    precondition(attempts >= 1, "a call is asked at least once")
    self.attempts = attempts
    self.backoff = backoff
  }

  static func isRetryable(_ code: WireStatus.Code) -> Bool {
    [.unavailable, .resourceExhausted].contains(code)
  }

  enum Decision: Equatable {
    case retry(after: Duration)
    case giveUp(WireStatus)
  }

  /// - Parameters:
  ///   - failure: of the last attempt.
  ///   - attempts: that failed so far and may have been started, the last one included.
  ///   - unstarted: of those that were not, the last one included.
  ///   - timeLeft: until the deadline; nil where there is none.
  ///   - random: 0 up to 1, drawn evenly.
  func decide(
    _ failure: AttemptFailure, attempts: Int, unstarted: Int, timeLeft: Duration?, random: Double
  ) -> Decision {
    let status = failure.status
    if let timeLeft, timeLeft <= .zero {
      guard status.code != .deadlineExceeded else { return .giveUp(status) }
      return .giveUp(WireStatus(.deadlineExceeded, "the deadline passed; the last attempt ended with \(status)"))
    }
    // A server that sends every call away is not asked for ever.
    if failure.isUnstarted {
      return unstarted <= self.attempts ? .retry(after: .zero) : .giveUp(status)
    }
    guard Self.isRetryable(status.code), attempts < self.attempts else { return .giveUp(status) }
    let pushback = Duration.microseconds(Int64(clamping: status.retryAfterMicroseconds))
    let delay = max(backoff.delay(afterFailures: attempts, random: random), pushback)
    if let timeLeft, delay >= timeLeft { return .giveUp(status) }
    return .retry(after: delay)
  }
}

/// How one attempt at a call ended.
struct AttemptFailure: Error, Hashable {
  var status: WireStatus
  /// The server did not start the call: it was above a GoAway's `last_call`, or never left.
  var isUnstarted = false

  init(_ status: WireStatus, isUnstarted: Bool = false) {
    self.status = status
    self.isUnstarted = isUnstarted
  }
}

/// The attempts at one call.
struct Attempts {
  private let policy: RetryPolicy
  private var started = 0
  private var unstarted = 0

  init(_ policy: RetryPolicy) { self.policy = policy }

  mutating func failed(_ failure: AttemptFailure, timeLeft: Duration?, random: Double) -> RetryPolicy.Decision {
    if failure.isUnstarted { unstarted += 1 } else { started += 1 }
    return policy.decide(failure, attempts: started, unstarted: unstarted, timeLeft: timeLeft, random: random)
  }
}
