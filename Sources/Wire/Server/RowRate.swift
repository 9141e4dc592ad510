import Synchronization

/// At most so many rows a second, with a second's worth at once.
///
/// The generic cell rate algorithm (ITU-T I.371, annex A) on one number: when the rows taken so far would be through at
/// the rate. Any number of threads may take rows.
public final class RowRate: Sendable {
  public let rowsPerSecond: Int
  private let nanosecondsPerRow: Double
  /// When what was taken is through, in nanoseconds of the clock of `now`.
  private let through = Atomic<UInt64>(0)

  private static let burstNanoseconds: UInt64 = 1_000_000_000

  public init(rowsPerSecond: Int) {
    precondition(rowsPerSecond > 0, "a rate lets something through")
    self.rowsPerSecond = rowsPerSecond
    nanosecondsPerRow = 1e9 / Double(rowsPerSecond)
  }

  /// Takes rows where the rate allows. A call of more rows than a second's worth passes too, and is waited for
  /// afterwards.
  ///
  /// - Returns: 0 where they were taken, else the nanoseconds after which a call would be.
  public func take(rows: Int, now: UInt64) -> UInt64 {
    let cost = UInt64(Double(rows) * nanosecondsPerRow)
    var before = through.load(ordering: .relaxed)
    while true {
      if before > now &+ Self.burstNanoseconds { return before - now - Self.burstNanoseconds }
      let after = max(before, now) &+ cost
      let (exchanged, original) = through.compareExchange(expected: before, desired: after, ordering: .relaxed)
      if exchanged { return 0 }
      before = original
    }
  }

  /// The rows that were taken last were not computed, and count as never taken.
  public func giveBack(rows: Int) {
    through.wrappingSubtract(UInt64(Double(rows) * nanosecondsPerRow), ordering: .relaxed)
  }
}
