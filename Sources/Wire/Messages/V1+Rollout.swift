// Messages about rollouts, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// An episode's return under the version that played it.
  public struct ReportRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The version that played the episode.
    public var version: UInt64
    /// The episode.
    public var episode: UInt64
    /// The undiscounted sum of its rewards.
    public var episodeReturn: Double
    /// How long it was.
    public var steps: UInt64

    public init(
      model: String = "", version: UInt64 = 0, episode: UInt64 = 0, episodeReturn: Double = 0, steps: UInt64 = 0
    ) {
      self.model = model
      self.version = version
      self.episode = episode
      self.episodeReturn = episodeReturn
      self.steps = steps
    }
  }

  /// The report was taken.
  public struct ReportReply: Hashable, Sendable {
    public init() {}
  }

  /// Asks for events: what stands now, and then each change.
  public struct WatchRequest: Hashable, Sendable {
    /// Empty: every model.
    public var model: String

    public init(
      model: String = ""
    ) {
      self.model = model
    }
  }

  /// Something that happened to a watched model.
  public struct WatchEvent: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
      /// An event of a newer schema, or none.
      case unrecognized
      /// Published, or its state changed.
      case version(Version)
      case alias(AliasChange)
      /// It started, moved, or its gates have other readings.
      case rollout(RolloutReply)
    }

    /// The model's name.
    public var model: String
    /// What happened to it.
    public var event: Event

    public init(
      model: String = "", _ event: Event
    ) {
      self.model = model
      self.event = event
    }
  }

  /// Starts, steers or asks about a rollout.
  public struct RolloutRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// What to do.
    public var action: RolloutAction
    /// ``RolloutAction/start``: the plan's text.
    public var plan: String
    /// The same identifier again does nothing and answers the same.
    public var requestID: String
    /// Kept in the history.
    public var reason: String
    /// ``RolloutAction/start``: the candidate, where the plan names none. ``RolloutAction/rollback``: where `stable` returns
    /// to; 0: to what it was before.
    public var version: UInt64

    public init(
      model: String = "", action: RolloutAction = .status, plan: String = "", requestID: String = "",
      reason: String = "", version: UInt64 = 0
    ) {
      self.model = model
      self.action = action
      self.plan = plan
      self.requestID = requestID
      self.reason = reason
      self.version = version
    }
  }

  /// Where a rollout stands.
  public struct RolloutReply: Hashable, Sendable {
    /// 32 hexadecimal digits; empty: the model has had none.
    public var rollout: String
    /// running, paused, watching, completed, aborted or rolled back.
    public var state: String
    /// The version that it brings.
    public var candidate: UInt64
    /// Why it stands where it stands.
    public var reason: String
    /// The model's name.
    public var model: String
    /// The version that `stable` pointed to when it began.
    public var baseline: UInt64
    /// From 0.
    public var step: Int
    /// Percent of new episodes, of every step.
    public var steps: [Double]
    /// Of new episodes, what the candidate gets now.
    public var weightPercent: Double
    /// The plan's text.
    public var plan: String
    /// What its gates have measured in this step.
    public var gates: [GateReading]
    /// Of this step, counted so far.
    public var candidateEpisodes: UInt64
    /// Of this step, counted so far.
    public var stableEpisodes: UInt64
    /// Since 1970-01-01 UTC, as all times.
    public var stepStartedMicroseconds: Int64
    /// When it was started.
    public var createdMicroseconds: Int64
    /// 0: it is not over.
    public var endedMicroseconds: Int64
    /// Who started it.
    public var who: String
    /// Grows with every change of its state.
    public var revision: Int64
    /// ``RolloutAction/history``: of all rollouts of the model, oldest first.
    public var events: [RolloutEvent]
    /// ``RolloutAction/history``: newest first.
    public var rollouts: [RolloutRecord]

    public init(
      rollout: String = "", state: String = "", candidate: UInt64 = 0, reason: String = "", model: String = "",
      baseline: UInt64 = 0, step: Int = 0, steps: [Double] = [], weightPercent: Double = 0, plan: String = "",
      gates: [GateReading] = [], candidateEpisodes: UInt64 = 0, stableEpisodes: UInt64 = 0,
      stepStartedMicroseconds: Int64 = 0, createdMicroseconds: Int64 = 0, endedMicroseconds: Int64 = 0,
      who: String = "", revision: Int64 = 0, events: [RolloutEvent] = [], rollouts: [RolloutRecord] = []
    ) {
      self.rollout = rollout
      self.state = state
      self.candidate = candidate
      self.reason = reason
      self.model = model
      self.baseline = baseline
      self.step = step
      self.steps = steps
      self.weightPercent = weightPercent
      self.plan = plan
      self.gates = gates
      self.candidateEpisodes = candidateEpisodes
      self.stableEpisodes = stableEpisodes
      self.stepStartedMicroseconds = stepStartedMicroseconds
      self.createdMicroseconds = createdMicroseconds
      self.endedMicroseconds = endedMicroseconds
      self.who = who
      self.revision = revision
      self.events = events
      self.rollouts = rollouts
    }
  }
}
