public import Wire

/// Where rollouts live. Each function that changes something is one transaction, durable when it returns, and leaves
/// everything as it was when it throws.
///
/// They throw `WireStatus` for what the caller did: FAILED_PRECONDITION where the rollout is not in a state that allows
/// it, ABORTED where it changed meanwhile or another service controls it, ALREADY_EXISTS for a request identifier that was
/// used for something else. A request identifier that was seen before changes nothing and answers what it answered.
public protocol RolloutStore: Sendable {
  /// How every model stands, by its name.
  func standing() async throws -> [String: RolloutStanding]

  /// A plan's text has been validated; `weightPercent` is its first step's.
  func start(
    model: String, candidate: UInt64, plan: String, weightPercent: Double, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout

  func change(_ id: String, _ change: RolloutChange, _ request: RolloutChangeRequest) async throws -> StoredRollout

  /// Moves `stable` back to an earlier version, ends an active rollout with it, and withdraws the version that is left.
  func rollBack(model: String, to version: UInt64, _ request: RolloutChangeRequest) async throws

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
}

public enum RolloutChange: Hashable, Sendable {
  /// The next step begins with what it is given as evidence.
  case advance(step: Int, weightPercent: Double, evidence: String?)
  case pause
  case resume
  /// `stable` moves to the candidate, which is watched from now on.
  case promote(evidence: String?)
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

  public init(who: String, why: String, requestID: String = "", revision: Int64? = nil, fence: Int64? = nil) {
    self.who = who
    self.why = why
    self.requestID = requestID
    self.revision = revision
    self.fence = fence
  }
}
