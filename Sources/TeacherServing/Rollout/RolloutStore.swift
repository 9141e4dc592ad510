public import Wire

/// Where rollouts live. Each function that changes something is one transaction, durable when it returns, and leaves
/// everything as it was when it throws.
///
/// They throw `WireStatus`: NOT_FOUND for what is not there, FAILED_PRECONDITION where the rollout's state does not allow
/// the change, where it changed meanwhile or another service controls it, and for a request identifier that was used for
/// something else. One that was used for the same changes nothing and answers what it answered.
public protocol RolloutStore: Sendable {
  /// How every model stands, by its name.
  func standing() async throws -> [String: RolloutStanding]

  /// A plan's text has been validated; `weightPercent` is its first step's.
  func start(
    model: String, candidate: UInt64, plan: String, weightPercent: Double, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout

  func change(_ id: String, _ change: RolloutChange, _ request: RolloutChangeRequest) async throws -> StoredRollout

  /// Moves `stable` back to an earlier version, ends an active rollout with it, and withdraws the version that is left.
  ///
  /// - Parameter version: nil: what answered before: during a rollout its baseline, else what `stable` pointed to before.
  /// - Returns: the rollout that it ended; nil: none was active.
  func rollBack(model: String, to version: UInt64?, _ request: RolloutChangeRequest) async throws -> StoredRollout?

  /// Keeps what was observed in a step; no change that others need to see.
  func save(evidence: String, of id: String, revision: Int64, fence: Int64) async throws

  /// Newest first.
  func rollouts(of model: String) async throws -> [StoredRollout]

  /// Oldest first.
  func events(of model: String) async throws -> [V1.RolloutEvent]

  /// Makes the caller the one that controls the store's rollouts, or keeps it so.
  ///
  /// - Returns: the fencing number, which grows with every new owner; nil while another's time has not passed.
  func own(as owner: String, for duration: Duration) async throws -> Int64?

  /// Lets the next one in at once; changes nothing where that is not the caller.
  func disown(as owner: String) async throws
}

public enum RolloutChange: Hashable, Sendable {
  case advance(step: Int, weightPercent: Double)
  case pause
  case resume
  /// `stable` moves to the candidate, which is watched from now on.
  case promote
  case abort
  /// The candidate is withdrawn; where it was promoted, `stable` moves back.
  case rollBack
  case complete
}

/// Who asks for a change of a rollout, and under which conditions.
public struct RolloutChangeRequest: Hashable, Sendable {
  public var who: String
  public var why: String
  /// Empty: none.
  public var requestID: String
  /// Of the rollout, on which it was decided; nil: any.
  public var revision: Int64?
  /// Of who controls rollouts; nil for operators.
  public var fence: Int64?
  /// What was observed in the step that the rollout is in after the change; nil: what was saved last, or of a step that
  /// begins with the change, nothing.
  public var evidence: String?

  public init(
    who: String, why: String, requestID: String = "", revision: Int64? = nil, fence: Int64? = nil,
    evidence: String? = nil
  ) {
    self.who = who
    self.why = why
    self.requestID = requestID
    self.revision = revision
    self.fence = fence
    self.evidence = evidence
  }
}
