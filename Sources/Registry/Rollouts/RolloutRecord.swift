/// Where a rollout stands. The first three are active: a model has at most one such rollout.
public enum RolloutState: String, Codable, Sendable, CaseIterable {
  /// New episodes go to the candidate by the step's weight.
  case running
  /// The weight stays what it is, and no step follows by itself.
  case paused
  /// The candidate was promoted to `stable`, and is watched.
  case watching
  case completed
  case aborted
  case rolledBack = "rolled back"

  public var isActive: Bool {
    switch self {
    case .running, .paused, .watching: true
    case .completed, .aborted, .rolledBack: false
    }
  }
}

/// A gradual change of a model's `stable` from one version to another, as it stood when it was read.
public struct RolloutRecord: Hashable, Codable, Sendable {
  /// 32 hexadecimal digits, random.
  public let id: String
  public let model: String
  /// The version that is to become stable.
  public let candidate: UInt64
  /// The version that was stable when the rollout began.
  public let baseline: UInt64
  /// Text, which the registry keeps and does not read.
  public let plan: String
  public internal(set) var state: RolloutState
  /// From 0.
  public internal(set) var step: Int
  /// Of new episodes, to the candidate, now: in percent. 100 while it is watched as `stable`, 0 once the rollout ended.
  public internal(set) var weightPercent: Double
  /// When the step began, the rollout was resumed last, or (watching) the candidate was promoted.
  public internal(set) var stepStartedMicroseconds: Int64
  /// Grows with every change, not with saved evidence.
  public internal(set) var revision: Int64
  /// JSON, of this step; nil where it began without and none was saved since.
  public internal(set) var evidence: String?
  /// Of the last change.
  public internal(set) var reason: String
  /// Who started it.
  public let who: String
  public let createdMicroseconds: Int64
  public internal(set) var endedMicroseconds: Int64?
}

/// A line of a rollout's history. Lines are only ever added.
public struct RolloutEvent: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case started, advanced, paused, resumed, promoted, aborted, completed
    case rolledBack = "rolled back"
  }

  /// Ascending in a registry.
  public let id: Int64
  /// The rollout's id.
  public let rollout: String
  public let kind: Kind
  /// As they are after the event.
  public let step: Int
  public let weightPercent: Double
  public let who: String
  public let whenMicroseconds: Int64
  public let reason: String
}
