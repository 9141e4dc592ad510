/// The last units that were closed, and how, so that a second report of one is not taken for an unknown one's.
struct ClosedUnits: Sendable {
  private static let limit = 4096

  private var outcomes: [UInt64: ReportOutcome] = [:]
  private var ring: [UInt64] = []
  private var next = 0

  subscript(unit: UInt64) -> ReportOutcome? { outcomes[unit] }

  /// - Parameter outcome: what a report of it is answered from now on.
  mutating func insert(_ unit: UInt64, _ outcome: ReportOutcome) {
    guard outcomes.updateValue(outcome, forKey: unit) == nil else { return }
    if ring.count < Self.limit {
      ring.append(unit)
    } else {
      outcomes[ring[next]] = nil
      ring[next] = unit
      next = (next + 1) % Self.limit
    }
  }
}
