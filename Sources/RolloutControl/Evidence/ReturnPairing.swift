/// Makes one stream of differences out of the returns of two arms, which come one by one in the order of the episodes'
/// starts. Episodes are gathered until both arms have one; then the difference of their means is an observation, and
/// the next ones begin anew. At a small share that pairs each episode of the candidate's with the mean of the stable
/// ones since the last.
///
/// Where a pair ends depends on which arms come, not on returns, so each difference has the mean that is asked for.
struct ReturnPairing: Hashable, Codable, Sendable {
  private struct Gathered: Hashable, Codable, Sendable {
    var count = 0
    var low = 0.0
    var high = 0.0
  }

  private var candidate = Gathered()
  private var stable = Gathered()

  /// - Parameters:
  ///   - low: the least that the return may have been.
  ///   - high: the largest; the same where it is known.
  /// - Returns: the least and the largest that candidate minus stable may be, where that is a pair.
  mutating func add(_ arm: Arm, low: Double, high: Double) -> (lowest: Double, highest: Double)? {
    switch arm {
    case .candidate: Self.gather(low, high, &candidate)
    case .stable: Self.gather(low, high, &stable)
    }
    guard candidate.count > 0 && stable.count > 0 else { return nil }
    let (candidates, stables) = (Double(candidate.count), Double(stable.count))
    let pair = (
      lowest: candidate.low / candidates - stable.high / stables,
      highest: candidate.high / candidates - stable.low / stables
    )
    self = ReturnPairing()
    return pair
  }

  private static func gather(_ low: Double, _ high: Double, _ gathered: inout Gathered) {
    gathered.count += 1
    gathered.low += low
    gathered.high += high
  }
}
