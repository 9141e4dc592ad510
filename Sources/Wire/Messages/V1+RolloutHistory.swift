// Parts of what is said of rollouts, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// What a gate has measured in a rollout's step.
  public struct GateReading: Hashable, Sendable {
    /// As the plan has it: `kl<0.05`.
    public var gate: String
    /// passed, failed or undecided.
    public var state: String
    /// What was measured, in the threshold's units; of latency, the share of pairs of batches above it. nil: nothing yet.
    public var estimate: Double?
    /// Bounds that hold at every look, together with those of the rollout's other gates and steps.
    public var lower: Double?
    /// As ``lower``.
    public var upper: Double?
    /// Episodes, connections or pairs of batches.
    public var units: UInt64
    /// Why there is no verdict and none can come.
    public var note: String

    public init(
      gate: String = "", state: String = "", estimate: Double? = nil, lower: Double? = nil, upper: Double? = nil,
      units: UInt64 = 0, note: String = ""
    ) {
      self.gate = gate
      self.state = state
      self.estimate = estimate
      self.lower = lower
      self.upper = upper
      self.units = units
      self.note = note
    }
  }

  /// One line of a rollout's history.
  public struct RolloutEvent: Hashable, Sendable {
    /// The rollout that it happened to.
    public var rollout: String
    /// started, advanced, paused, resumed, promoted, rolled back, aborted or completed.
    public var kind: String
    /// From 0.
    public var step: Int
    /// Of new episodes, what the candidate gets from then on.
    public var weightPercent: Double
    /// Who asked; of what the service decided, the service.
    public var who: String
    /// Since 1970-01-01 UTC.
    public var whenMicroseconds: Int64
    /// Why.
    public var reason: String

    public init(
      rollout: String = "", kind: String = "", step: Int = 0, weightPercent: Double = 0, who: String = "",
      whenMicroseconds: Int64 = 0, reason: String = ""
    ) {
      self.rollout = rollout
      self.kind = kind
      self.step = step
      self.weightPercent = weightPercent
      self.who = who
      self.whenMicroseconds = whenMicroseconds
      self.reason = reason
    }
  }

  /// A rollout in a model's history.
  public struct RolloutRecord: Hashable, Sendable {
    /// 32 hexadecimal digits.
    public var rollout: String
    /// As ``RolloutReply/state``.
    public var state: String
    /// The version that it brought.
    public var candidate: UInt64
    /// The version that `stable` pointed to when it began.
    public var baseline: UInt64
    /// Where it stands or ended; from 0.
    public var step: Int
    /// Percent of new episodes, of every step.
    public var steps: [Double]
    /// Of new episodes, what the candidate gets now.
    public var weightPercent: Double
    /// The plan's text.
    public var plan: String
    /// Why it stands where it stands.
    public var reason: String
    /// Who started it.
    public var who: String
    /// Since 1970-01-01 UTC.
    public var createdMicroseconds: Int64
    /// 0: it is not over.
    public var endedMicroseconds: Int64

    public init(
      rollout: String = "", state: String = "", candidate: UInt64 = 0, baseline: UInt64 = 0, step: Int = 0,
      steps: [Double] = [], weightPercent: Double = 0, plan: String = "", reason: String = "", who: String = "",
      createdMicroseconds: Int64 = 0, endedMicroseconds: Int64 = 0
    ) {
      self.rollout = rollout
      self.state = state
      self.candidate = candidate
      self.baseline = baseline
      self.step = step
      self.steps = steps
      self.weightPercent = weightPercent
      self.plan = plan
      self.reason = reason
      self.who = who
      self.createdMicroseconds = createdMicroseconds
      self.endedMicroseconds = endedMicroseconds
    }
  }
}
