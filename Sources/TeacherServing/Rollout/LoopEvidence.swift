import RolloutControl

/// What one event loop has seen of a model's rollout since it was last asked.
struct LoopEvidence: Sendable {
  /// A unit's first query that the rollout's share decided.
  struct Sighting: Hashable, Sendable {
    var unit: UInt64
    var arm: Arm
    /// The unit is no episode but a connection, which nobody reports.
    var isConnection = false
    /// Of the event loop's clock.
    var nanoseconds: UInt64
  }

  /// The rollout's at which all of it was seen.
  var generation: UInt64
  /// Each unit once.
  var seen: [Sighting] = []
  /// Each unit once, also of queries under a lease, whose episodes began earlier.
  var divergences: [UnitDivergence] = []
  /// Of a few shadow batches.
  var latencies: [LatencyPair] = []
  /// Queries, and sums over sampled rows, whose units found no place: the evidence does not have them.
  var dropped = 0
  /// Sampled rows that came faster than they were computed.
  var droppedRows = 0
}

/// What either version's forward pass over the same rows took.
struct LatencyPair: Hashable, Sendable {
  /// In nanoseconds.
  var candidate: Double
  var stable: Double
}
