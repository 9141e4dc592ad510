/// Whose episode it is.
public enum Arm: UInt8, Hashable, Codable, Sendable {
  /// The version that `stable` points to.
  case stable = 0
  /// The version that the rollout brings.
  case candidate = 1
}
