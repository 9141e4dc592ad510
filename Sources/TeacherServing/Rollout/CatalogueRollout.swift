import RolloutControl

/// A rollout as the event loops see it.
struct CatalogueRollout: Sendable {
  var id: String
  var hash: ShareHash
  /// The version that `stable` pointed to when the rollout began.
  var baseline: UInt64
  var candidate: UInt64
  /// The candidate's share of what begins now.
  var weightPercent: Double
  /// The share of queries whose rows both versions compute.
  var shadowPercent: Double
  /// Changes with the rollout and with its steps: what was collected under another one is dropped.
  var generation: UInt64
  /// Somebody takes the evidence: it is collected.
  var collects: Bool
}
