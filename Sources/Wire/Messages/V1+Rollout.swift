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

  /// Asks for a model's events.
  public struct WatchRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String

    public init(model: String = "") {
      self.model = model
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

    public init(
      model: String = "", action: RolloutAction = .status, plan: String = "", requestID: String = "",
      reason: String = ""
    ) {
      self.model = model
      self.action = action
      self.plan = plan
      self.requestID = requestID
      self.reason = reason
    }
  }

  /// Where a rollout stands.
  public struct RolloutReply: Hashable, Sendable {
    /// Its identifier.
    public var rollout: String
    /// The step that it is in.
    public var state: String
    /// The version that it brings.
    public var candidate: UInt64
    /// The candidate's share of the queries.
    public var weightPercent: Int
    /// Why it stands there.
    public var reason: String

    public init(
      rollout: String = "", state: String = "", candidate: UInt64 = 0, weightPercent: Int = 0, reason: String = ""
    ) {
      self.rollout = rollout
      self.state = state
      self.candidate = candidate
      self.weightPercent = weightPercent
      self.reason = reason
    }
  }
}
