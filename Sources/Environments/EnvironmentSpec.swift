/// What an environment takes as an action.
public enum ActionSpace: Hashable, Sendable {
  /// One of `0..<n`, as `Int32`.
  case discrete(Int)
  /// A vector of floats, each within its own bounds.
  case box(low: [Float], high: [Float])

  /// Numbers an action has: 1 of a discrete space, the dimensions of a box.
  public var width: Int {
    switch self {
    case .discrete: 1
    case .box(let low, _): low.count
    }
  }
}

/// What is fixed about an environment: its spaces, its time limit, and when it counts as solved.
public struct EnvironmentSpec: Hashable, Sendable {
  /// Gymnasium's name, such as `CartPole-v1`.
  public let id: String
  /// Bounds of each number of an observation; infinite where there is none.
  public let observationLow: [Float]
  public let observationHigh: [Float]
  public let actionSpace: ActionSpace
  /// Steps after which an episode is truncated.
  public let stepLimit: Int
  /// The mean return at which Gymnasium calls the environment solved; none where Gymnasium names none.
  public let rewardThreshold: Double?

  public var observationWidth: Int { observationLow.count }

  public init(
    id: String, observationLow: [Float], observationHigh: [Float], actionSpace: ActionSpace, stepLimit: Int,
    rewardThreshold: Double?
  ) {
    precondition(observationLow.count == observationHigh.count && !observationLow.isEmpty)
    self.id = id
    self.observationLow = observationLow
    self.observationHigh = observationHigh
    self.actionSpace = actionSpace
    self.stepLimit = stepLimit
    self.rewardThreshold = rewardThreshold
  }
}
