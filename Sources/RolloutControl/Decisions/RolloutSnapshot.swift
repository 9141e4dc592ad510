/// All that a rollout's next decision depends on.
public struct RolloutSnapshot: Hashable, Sendable {
  public enum Phase: String, Hashable, Codable, Sendable {
    /// Steps are taken.
    case running
    /// Waiting for an operator. Evidence still counts, and may end the rollout.
    case paused
    /// Promoted, and watched.
    case watching
  }

  public var plan: RolloutPlan
  public var phase: Phase
  /// From 0; without meaning while watching.
  public var step: Int
  /// Since the step began, or was resumed; while watching, since the promotion.
  public var secondsInStep: Double
  /// The candidate's, that started in this step and are over.
  public var candidateEpisodes: Int
  /// What the step's evidence says, or while watching that of the watch.
  public var readings: [GateReading]
  /// Why the candidate can answer no more (it is no longer loaded, say); nil while it can.
  public var candidateFault: String?

  public init(
    plan: RolloutPlan, phase: Phase, step: Int, secondsInStep: Double, candidateEpisodes: Int,
    readings: [GateReading], candidateFault: String? = nil
  ) {
    self.plan = plan
    self.phase = phase
    self.step = step
    self.secondsInStep = secondsInStep
    self.candidateEpisodes = candidateEpisodes
    self.readings = readings
    self.candidateFault = candidateFault
  }
}
