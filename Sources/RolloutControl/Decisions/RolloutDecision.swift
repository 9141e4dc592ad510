/// What is to happen to a rollout now. Reasons are for people.
public enum RolloutDecision: Hashable, Sendable {
  case wait
  /// To the step of this number, from 0.
  case advance(step: Int)
  /// The candidate becomes `stable`, and is watched.
  case promote
  case rollBack(reason: String)
  case pause(reason: String)
  /// The watch is over.
  case complete
}
