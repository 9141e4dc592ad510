/// How long to wait before something is tried again: exponential backoff with jitter, as gRPC has it.
///
/// The wait after n failures in a row is `initial` x `multiplier`^(n - 1), at most `maximum`, then spread evenly over
/// +-`jitter` of itself so that clients that failed together do not come back together.
///
/// <https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md>
public struct Backoff: Hashable, Sendable {
  public var initial: Duration
  public var multiplier: Double
  /// Before the jitter.
  public var maximum: Duration
  /// 0 to 1.
  public var jitter: Double

  /// - Precondition: durations above 0, a multiplier of 1 or more, a jitter of 0 to 1.
  public init(
    initial: Duration, multiplier: Double = 1.6, maximum: Duration = .seconds(120), jitter: Double = 0.2
  ) {
    precondition(
      initial > .zero && maximum >= initial && multiplier >= 1 && (0...1).contains(jitter),
      "a backoff begins above 0, does not shrink, and its jitter is a part of it")
    self.initial = initial
    self.multiplier = multiplier
    self.maximum = maximum
    self.jitter = jitter
  }

  /// - Parameters:
  ///   - failures: in a row so far, 1 or more.
  ///   - random: 0 up to 1, drawn evenly.
  func delay(afterFailures failures: Int, random: Double) -> Duration {
    var delay = initial
    var step = 1
    while step < failures, delay < maximum {
      delay = min(delay * multiplier, maximum)
      step += 1
    }
    return delay * (1 + jitter * (2 * random - 1))
  }
}
