/// The signals that ask the service to end: the first lets open calls finish, the second cuts them off.
///
/// timeout(1) signals its child and then its process group, and a terminal's interrupt reaches both a program and the one
/// that passes it on: the same signal again at once is the same request.
struct EndRequests {
  static let sameRequest = Duration.milliseconds(100)

  private var first: (signal: Int32, at: ContinuousClock.Instant)?

  /// - Parameter signal: its number.
  /// - Returns: whether it is a second request.
  mutating func take(_ signal: Int32, at now: ContinuousClock.Instant) -> Bool {
    guard let first else {
      first = (signal, now)
      return false
    }
    return signal != first.signal || now - first.at >= Self.sameRequest
  }
}
