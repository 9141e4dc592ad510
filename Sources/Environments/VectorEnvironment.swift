/// Actions for all environments of a `VectorEnvironment`: row i is environment i's.
public enum ActionBatch {
  /// One action a row, each in `0..<n`.
  case discrete(UnsafePointer<Int32>)
  /// `ActionSpace.width` floats a row.
  case box(UnsafePointer<Float>)
}

/// Where a step's results go: memory of the caller, one row for each environment whatever range is stepped.
public struct StepBuffers {
  /// count x observationWidth. After an end: the first observation of the episode that follows.
  public let observations: UnsafeMutablePointer<Float>
  /// count.
  public let rewards: UnsafeMutablePointer<Double>
  /// count, 0 or 1: the episode reached an end state, after which there is nothing to bootstrap from.
  public let terminated: UnsafeMutablePointer<UInt8>
  /// count, 0 or 1: the time limit was reached. Both can be 1 in one step.
  public let truncated: UnsafeMutablePointer<UInt8>
  /// count x observationWidth. Written only in rows whose episode ended in this step: its last observation.
  public let finalObservations: UnsafeMutablePointer<Float>

  public init(
    observations: UnsafeMutablePointer<Float>, rewards: UnsafeMutablePointer<Double>,
    terminated: UnsafeMutablePointer<UInt8>, truncated: UnsafeMutablePointer<UInt8>,
    finalObservations: UnsafeMutablePointer<Float>
  ) {
    self.observations = observations
    self.rewards = rewards
    self.terminated = terminated
    self.truncated = truncated
    self.finalObservations = finalObservations
  }
}

/// Several copies of one environment, stepped together into the caller's memory.
///
/// Every buffer has a row for each environment, and row i is environment i's: stepping a range touches the rows of
/// that range alone. So half of the environments can step while the other half waits for its actions.
/// An environment whose episode ends resets itself in the same step, continuing its random stream.
///
/// One thread at a time.
public protocol VectorEnvironment: AnyObject {
  var spec: EnvironmentSpec { get }
  var count: Int { get }

  /// Starts an episode in every environment; environment i is seeded `seed + i`.
  /// observations: count x observationWidth.
  func reset(seed: UInt64, observations: UnsafeMutablePointer<Float>)

  /// Starts an episode in one environment, seeded on its own.
  /// observation: observationWidth floats, not a row of a larger buffer.
  func reset(environment: Int, seed: UInt64, observation: UnsafeMutablePointer<Float>)

  /// One step of each environment in `range`. Actions outside the space, or of the other kind of space, are a
  /// programming error and trap.
  func step(_ range: Range<Int>, actions: ActionBatch, into buffers: StepBuffers)

  /// The state that the dynamics work on, in Gymnasium's order.
  func state(of environment: Int) -> [Double]

  /// The state in which the environment's last episode ended; nil before a first end since its reset.
  func finalState(of environment: Int) -> [Double]?

  /// Puts one environment into a given state, in the middle of its episode. Traps where the width does not fit.
  func setState(_ state: [Double], of environment: Int)
}

extension VectorEnvironment {
  /// One step of every environment.
  public func step(actions: ActionBatch, into buffers: StepBuffers) {
    step(0..<count, actions: actions, into: buffers)
  }
}
