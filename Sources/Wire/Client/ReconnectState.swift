import NIOCore

/// When a lost connection is made again.
///
/// A value without I/O: its transitions say how long to wait before the next attempt. The first attempt after a loss is
/// made at once; each that fails makes the next one later, counted from when it began. A connection that is lost again
/// and again soon after it was made is one that fails.
struct ReconnectState {
  enum Phase: Equatable {
    case waiting
    case connecting(since: NIODeadline)
    case connected(since: NIODeadline)
    case closed
  }

  private(set) var phase = Phase.waiting
  /// What became of the last attempt; nil where no attempt failed since a connection was there.
  private(set) var failure: WireStatus?
  private let backoff: Backoff
  private var failures = 0
  /// Connections in a row that did not live as long as the first backoff.
  private var shortLives = 0

  init(_ backoff: Backoff) { self.backoff = backoff }

  /// The wait is over.
  /// - Returns: whether to connect.
  mutating func begin(_ now: NIODeadline) -> Bool {
    guard phase == .waiting else { return false }
    phase = .connecting(since: now)
    return true
  }

  /// The server has greeted.
  /// - Returns: whether the connection is wanted still.
  mutating func connected(_ now: NIODeadline) -> Bool {
    guard case .connecting = phase else { return false }
    phase = .connected(since: now)
    failure = nil
    failures = 0
    return true
  }

  /// The attempt failed.
  /// - Returns: when to begin the next one; nil where none is wanted.
  mutating func failed(_ status: WireStatus, _ now: NIODeadline, random: Double) -> TimeAmount? {
    guard case .connecting(let since) = phase else { return nil }
    phase = .waiting
    failure = status
    failures += 1
    return wait(since, now, random)
  }

  /// The connection takes no more calls.
  /// - Returns: when to begin the next attempt; nil where none is wanted.
  mutating func lost(_ now: NIODeadline, random: Double) -> TimeAmount? {
    guard case .connected(let since) = phase else { return nil }
    phase = .waiting
    shortLives = now - since < TimeAmount(backoff.initial) ? shortLives + 1 : 0
    failures = max(0, shortLives - 1)
    return wait(since, now, random)
  }

  mutating func close() { phase = .closed }

  private func wait(_ since: NIODeadline, _ now: NIODeadline, _ random: Double) -> TimeAmount {
    guard failures > 0 else { return .zero }
    let delay = TimeAmount(backoff.delay(afterFailures: failures, random: random))
    return max(.zero, since + delay - now)
  }
}
