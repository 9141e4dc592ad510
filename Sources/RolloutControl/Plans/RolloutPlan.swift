/// How a version takes over from `stable`: the shares of traffic that it gets one after the other, how long, and what
/// it has to keep meanwhile. Times are in seconds.
public struct RolloutPlan: Hashable, Sendable {
  /// The version that the rollout brings; 0 where the plan leaves it to who starts the rollout.
  public var candidate: UInt64
  /// Percent of new units that the candidate answers, step by step; strictly increasing, above 0 and up to 100. After
  /// the last one it is promoted to all of them.
  public var steps: [Double]
  /// How long a step lasts at least.
  public var every: Double
  /// How long beyond ``every`` a step waits for evidence before the rollout pauses.
  public var patience: Double
  /// Units of the candidate's that have to be over in a step.
  public var minimumEpisodes: Int
  /// All have to pass at every step; one that fails ends the rollout. One a metric at most.
  public var gates: [Gate]
  /// Percent of rows that the other version computes too, unseen.
  public var shadowPercent: Double
  /// The chance, over all gates and steps and the watch together, that a gate wrongly fails a candidate that keeps it;
  /// and likewise that one passes a candidate that does not.
  public var alpha: Double
  /// What a gate on returns needs.
  public var returnRange: ReturnRange?
  /// After how long an episode that was not reported is given up.
  public var episodeTimeout: Double
  /// How long the promoted version is watched.
  public var watch: Double

  public init(
    candidate: UInt64 = 0, steps: [Double] = Self.defaultSteps, every: Double = 600, patience: Double? = nil,
    minimumEpisodes: Int = 100, gates: [Gate] = Self.defaultGates, shadowPercent: Double? = nil, alpha: Double = 0.05,
    returnRange: ReturnRange? = nil, episodeTimeout: Double = 300, watch: Double? = nil
  ) {
    self.candidate = candidate
    self.steps = steps
    self.every = every
    self.patience = patience ?? 2 * every
    self.minimumEpisodes = minimumEpisodes
    self.gates = gates
    self.shadowPercent = shadowPercent ?? (gates.contains(where: \.metric.needsShadow) ? 10 : 0)
    self.alpha = alpha
    self.returnRange = returnRange
    self.episodeTimeout = episodeTimeout
    self.watch = watch ?? every
  }

  public static let defaultSteps: [Double] = [1, 5, 25, 50, 100]
  public static let defaultGates = [Gate(.kl, 0.05), Gate(.agreement, 0.95), Gate(.errors, 0.05)]

  /// The number that the evidence of the watch has in place of a step's.
  public var watchStep: Int { steps.count }

  /// The share of ``alpha`` that one gate has in one step: an even split (Bonferroni) over the gates, and over the
  /// steps and the watch.
  public var gateAlpha: Double { alpha / Double(max(1, gates.count) * (steps.count + 1)) }

  /// Percent of new units that the candidate gets in a step; all of them in the watch.
  public func weightPercent(step: Int) -> Double { step < steps.count ? steps[step] : 100 }
}

extension RolloutPlan: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case candidate, steps, every, patience
    case minimumEpisodes = "minimum_episodes"
    case gates
    case shadowPercent = "shadow_percent"
    case alpha
    case returnRange = "return_range"
    case episodeTimeout = "episode_timeout"
    case watch
  }
}
