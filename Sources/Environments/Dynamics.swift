/// One environment's mathematics, without seeds, time limits and batches: those are `IndependentEnvironments`' part.
///
/// To add an environment, write a type of this protocol and name it in `EnvironmentCatalog`.
protocol Dynamics {
  associatedtype Action: BatchAction
  static var spec: EnvironmentSpec { get }

  /// The first state of an episode.
  init(from generator: inout PCG64)

  /// The state in Gymnasium's order.
  init(state: [Double])
  var state: [Double] { get }

  /// Writes `spec.observationWidth` floats.
  func observe(into observation: UnsafeMutablePointer<Float>)

  mutating func step(_ action: Action) -> (reward: Double, terminated: Bool)
}

/// One row of an `ActionBatch`.
protocol BatchAction {
  /// Traps where the batch is of another kind of space, or the action is outside `space`.
  static func row(_ row: Int, of batch: ActionBatch, space: ActionSpace) -> Self
}

/// An action of a discrete space.
struct DiscreteAction: BatchAction {
  let index: Int

  static func row(_ row: Int, of batch: ActionBatch, space: ActionSpace) -> DiscreteAction {
    guard case .discrete(let actions) = batch, case .discrete(let count) = space else {
      preconditionFailure("the environment takes discrete actions")
    }
    let action = Int(actions[row])
    precondition(action >= 0 && action < count, "an action outside of the space")
    return DiscreteAction(index: action)
  }
}

/// An action of a box: a view of the caller's row. Values outside the bounds are the dynamics' to clip.
struct BoxAction: BatchAction {
  let values: UnsafePointer<Float>

  static func row(_ row: Int, of batch: ActionBatch, space: ActionSpace) -> BoxAction {
    guard case .box(let actions) = batch, case .box = space else {
      preconditionFailure("the environment takes box actions")
    }
    return BoxAction(values: actions + row * space.width)
  }
}
