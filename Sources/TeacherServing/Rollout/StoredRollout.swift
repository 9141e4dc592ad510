/// A rollout as the store has it.
public struct StoredRollout: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    case running
    /// Waiting for an operator, with its share as it was.
    case paused
    /// Promoted, and watched.
    case watching
    case completed
    case aborted
    case rolledBack = "rolled back"

    /// It is not over.
    public var isActive: Bool { self == .running || self == .paused || self == .watching }
  }

  /// 32 hexadecimal digits.
  public var id: String
  public var model: String
  public var candidate: UInt64
  /// The version that `stable` pointed to when it began.
  public var baseline: UInt64
  /// The plan's text.
  public var plan: String
  public var state: State
  /// From 0.
  public var step: Int
  /// The candidate's share of what begins; 0 once it is over.
  public var weightPercent: Double
  /// When the step began, or was resumed; of a watched one, when it was promoted. Since 1970-01-01 UTC, as all times.
  public var stepStartedMicroseconds: Int64
  /// Grows with every change.
  public var revision: Int64
  /// What was saved last in this step.
  public var evidence: String?
  /// Why it stands where it stands.
  public var reason: String
  /// Who started it.
  public var who: String
  public var createdMicroseconds: Int64
  public var endedMicroseconds: Int64?

  public init(
    id: String, model: String, candidate: UInt64, baseline: UInt64, plan: String, state: State, step: Int,
    weightPercent: Double, stepStartedMicroseconds: Int64, revision: Int64, evidence: String? = nil, reason: String,
    who: String, createdMicroseconds: Int64, endedMicroseconds: Int64? = nil
  ) {
    self.id = id
    self.model = model
    self.candidate = candidate
    self.baseline = baseline
    self.plan = plan
    self.state = state
    self.step = step
    self.weightPercent = weightPercent
    self.stepStartedMicroseconds = stepStartedMicroseconds
    self.revision = revision
    self.evidence = evidence
    self.reason = reason
    self.who = who
    self.createdMicroseconds = createdMicroseconds
    self.endedMicroseconds = endedMicroseconds
  }
}

/// What the store knows of a model that decides who answers, beside its aliases.
public struct RolloutStanding: Hashable, Sendable {
  /// The model's newest rollout. Only that one may be active.
  public var newest: StoredRollout?
  /// Versions that were rolled back: they honour no lease.
  public var withdrawn: Set<UInt64>
  /// When the last alias moved away from a version, or its rollout ended. Versions that something points to are not here.
  public var leftMicroseconds: [UInt64: Int64]
  /// Versions that `stable` pointed to before, the latest first, each once, without the one that it points to now and
  /// without those that were withdrawn.
  public var previousStable: [UInt64]

  public init(
    newest: StoredRollout? = nil, withdrawn: Set<UInt64> = [], leftMicroseconds: [UInt64: Int64] = [:],
    previousStable: [UInt64] = []
  ) {
    self.newest = newest
    self.withdrawn = withdrawn
    self.leftMicroseconds = leftMicroseconds
    self.previousStable = previousStable
  }

  /// The one rollout that is not over.
  public var active: StoredRollout? { newest.flatMap { $0.state.isActive ? $0 : nil } }
}
