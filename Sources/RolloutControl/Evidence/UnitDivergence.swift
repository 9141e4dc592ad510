/// How the candidate's answers differ from stable's over some sampled rows of one unit.
public struct UnitDivergence: Hashable, Sendable {
  /// The episode, or the connection whose queries carry none.
  public var unit: UInt64
  public var rows: Int
  /// The sum over rows of KL(stable to candidate), in nats.
  public var kl: Double
  /// Rows whose greedy actions agree.
  public var agreement: Double
  /// The sum over rows of the absolute difference of the values.
  public var value: Double
  /// Rows that the candidate answered with NaN or infinity.
  public var errors: Double

  public init(
    unit: UInt64, rows: Int = 0, kl: Double = 0, agreement: Double = 0, value: Double = 0, errors: Double = 0
  ) {
    self.unit = unit
    self.rows = rows
    self.kl = kl
    self.agreement = agreement
    self.value = value
    self.errors = errors
  }

  /// Adds the sums over more rows of the same unit.
  public static func += (sums: inout UnitDivergence, more: UnitDivergence) {
    sums.rows += more.rows
    sums.kl += more.kl
    sums.agreement += more.agreement
    sums.value += more.value
    sums.errors += more.errors
  }
}
