/// A coefficient that stays or falls over a training.
public enum Schedule: String, Codable, Sendable {
  case constant
  /// From the start value to zero, linearly in the steps done.
  case linear

  /// The factor after `done` (0 to 1) of the training.
  public func factor(done: Double) -> Float {
    switch self {
    case .constant: 1
    case .linear: Float(max(0, 1 - done))
    }
  }
}
